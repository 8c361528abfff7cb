// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// newOwner is an engine that has learnt of a new owner of one key's group: it
// refuses what the old one commits after a number of batches.
type newOwner struct {
	keepsNothing
	key   sfaas.Key
	after int
}

// Commit implements sfaas.Engine.
func (e *newOwner) Commit(r *sfaas.Record, done func(error)) {
	if r.Unit == (sfaas.Unit{Part: "count", Root: e.key}) {
		if e.after--; e.after < 0 {
			done(sfaas.ErrStaleEpoch)
			return
		}
	}
	done(nil)
}

// TestStaleOwner refuses a commit for a newer epoch: no output of it leaves,
// nothing runs for the group any more, delayed messages included, and other
// groups go on.
func TestStaleOwner(t *testing.T) {
	lost, other := sfaas.NewKey(sfaas.KindCell, 1), sfaas.NewKey(sfaas.KindCell, 2)
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	toSelf := sfaas.Ref[number]("count")
	ran := map[sfaas.Key]int{}
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error {
		ran[c.Key()]++
		*n.Mut(c) += in.X
		if in.X == 1 { // after the group is lost
			x, _ := toSelf.After(c, c.Key(), 20*time.Millisecond)
			x.X = 1000
		}
		out.X, _ = n.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, n, toSelf)
	g := sfaas.NewGraph("stale")
	in := sfaas.Source[number](g, "in")
	exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	out := sfaas.Sink(sfaas.Apply(in.With(exact), count).With(exact).Cut("out"), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	last := map[sfaas.Key]uint64{}
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithEngine(&newOwner{key: lost, after: 2}),
		sfaas.WithOutput(out, func(h sfaas.Header, x *number) { last[h.Key] = x.X }))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	for x := range uint64(6) {
		for _, key := range []sfaas.Key{lost, other} {
			if err := in.PushValue(rt, key, sfaas.Slot(x), &number{x}); err != nil {
				t.Fatal(err)
			}
		}
	}
	time.Sleep(60 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := rt.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("drained with messages for an owner that is not known: %v", err)
	}
	if last[lost] != 1 || ran[lost] != 3 {
		t.Errorf("lost unit: last output %d, %d invocations; want 1, 3", last[lost], ran[lost])
	}
	if last[other] != 15+1000 || ran[other] != 7 {
		t.Errorf("other unit: last output %d, %d invocations; want 1015, 7", last[other], ran[other])
	}
}
