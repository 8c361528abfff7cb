// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestRetry pushes for a unit that has no owner within reach, until it has one: a push
// that is refused is tried for as long as the host wants, and goes its way once.
func TestRetry(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("retry")
	in := sfaas.Source[number](g, "in")
	got := make(chan uint64, 8)
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	rt := start(t, build(t, g), sfaas.WithNode(1), sfaas.WithDefaultOwner(2), sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { got <- x.X }))
	key := sfaas.NewKey(sfaas.KindCell, 1)
	asked := 0
	host := sfaas.Retry(rt, func(err error) bool {
		var moved *sfaas.MovedError
		if !errors.As(err, &moved) || moved.Owner != 2 {
			t.Errorf("asked about %v, want a *MovedError to node 2", err)
		}
		if asked++; asked == 3 {
			if err := rt.Own(moved.Unit); err != nil {
				t.Error(err)
			}
		}
		return asked < 10
	})
	if err := in.PushValue(host, key, 1, &number{7}); err != nil {
		t.Fatal(err)
	}
	if x := <-got; x != 7 || asked != 3 {
		t.Errorf("%d has come after %d refusals, want 7 after 3", x, asked)
	}
	tired := sfaas.Retry(rt, func(error) bool { return false })
	if err := in.PushValue(tired, sfaas.NewKey(sfaas.KindCell, 2), 1, &number{8}); !errors.As(err, new(*sfaas.MovedError)) {
		t.Errorf("a host that does not try again: %v", err)
	}
	nine := number{9}
	if n := testing.AllocsPerRun(200, func() {
		if err := in.PushValue(host, key, 2, &nine); err != nil {
			t.Error(err)
		}
		<-got
	}); n > 0 {
		t.Errorf("%v allocations a push", n)
	}
}
