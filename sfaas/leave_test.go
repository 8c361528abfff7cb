// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestLeaveUnderLoad moves all units out of a runtime while messages come, and closes
// it: outputs go on at the other one, none is lost or repeated, and each key keeps its
// order.
func TestLeaveUnderLoad(t *testing.T) {
	const keys = 20
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		n := count.Mut(c)
		if *n++; *n != in.X {
			t.Errorf("%v takes %d as message %d", c.Key(), in.X, *n)
		}
		*out = *in
		return nil
	}, sfaas.FunctionConfig{}, count)
	g := sfaas.NewGraph("leave")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), f), "out")
	app := build(t, g)
	var mu sync.Mutex
	last := map[sfaas.Key]uint64{}
	a, b := pair(t, app, sfaas.WithWorkers(2), sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
		mu.Lock()
		defer mu.Unlock()
		if last[h.Key]++; last[h.Key] != x.X {
			t.Errorf("%v: output %d is that of message %d", h.Key, last[h.Key], x.X)
		}
	}))
	left := make(chan error, 1)
	n, leaving := uint64(0), false
	all := func() bool { // keys are known at the runtime that leaves
		mu.Lock()
		defer mu.Unlock()
		return len(last) == keys
	}
	for closed := false; !closed || n%100 != 0; {
		n++
		for k := range uint64(keys) {
			push(t, in, b, sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(n), n)
		}
		time.Sleep(50 * time.Microsecond)
		if n >= 100 && !leaving && all() {
			leaving = true
			go func() {
				ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
				defer stop()
				err := a.Leave(ctx, func(sfaas.Unit) sfaas.NodeID { return b.Node() }, sfaas.MoveConfig{})
				if err == nil {
					err = a.Close()
				}
				left <- err
			}()
		}
		select {
		case err := <-left:
			if err != nil {
				t.Fatal(err)
			}
			closed = true
		default:
		}
	}
	drain(t, b)
	mu.Lock()
	defer mu.Unlock()
	for k := range uint64(keys) {
		if got := last[sfaas.NewKey(sfaas.KindCell, k)]; got != n {
			t.Errorf("%v: %d of %d outputs", sfaas.NewKey(sfaas.KindCell, k), got, n)
		}
	}
	t.Logf("keys=%d messages=%d", keys, keys*n)
}
