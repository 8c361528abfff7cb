// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// newOwner is an engine that has learnt of a new owner of one key's group: it
// refuses what the old one commits after a number of batches.
type newOwner struct {
	key   sfaas.Key
	after int
}

func (*newOwner) Encodes() bool { return false }

func (e *newOwner) Commit(b *sfaas.Batch) {
	if b.Function == "count" && b.Key == e.key {
		if e.after--; e.after < 0 {
			b.Done(sfaas.ErrStaleEpoch)
			return
		}
	}
	b.Done(nil)
}

// TestStaleOwner refuses a commit for a newer epoch: no output of it leaves,
// nothing runs for the group any more, delayed messages included, and other
// groups go on.
func TestStaleOwner(t *testing.T) {
	lost, other := sfaas.Cell(1), sfaas.Cell(2)
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	toSelf := sfaas.Ref[number]("count")
	ran := map[sfaas.Key]int{}
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error {
		ran[c.Key()]++
		*n.Mut(c) += in.X
		if in.X == 1 { // after the group is lost
			x, _ := sfaas.After(c, toSelf, c.Key(), 20*time.Millisecond)
			x.X = 1000
		}
		out.X, _ = n.Get(c)
		return nil
	}, sfaas.Config{}, n, toSelf)
	g := sfaas.NewGraph("stale")
	in := sfaas.Source[number](g, "in")
	exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	out := sfaas.Sink(sfaas.Apply(in.With(exact), count).With(exact), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	last := map[sfaas.Key]uint64{}
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithEngine(&newOwner{lost, 2}),
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
		drain(t, rt)
	}
	time.Sleep(40 * time.Millisecond)
	drain(t, rt)
	if last[lost] != 1 || ran[lost] != 3 {
		t.Errorf("lost group: last output %d, %d invocations; want 1, 3", last[lost], ran[lost])
	}
	if last[other] != 15+1000 || ran[other] != 7 {
		t.Errorf("other group: last output %d, %d invocations; want 1015, 7", last[other], ran[other])
	}
	if s := rt.Stats()[0]; s.Stale != 4 {
		t.Errorf("stale %d, want 4", s.Stale)
	}
}

// TestRepeats delivers messages a second time, as a transport may: what has
// succeeded does not run again, what has been given up makes no second letter,
// and a message under an older epoch than the last one is refused.
func TestRepeats(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		*n.Mut(c)++
		out.X, _ = n.Get(c)
		if in.X == 13 {
			return errors.New("unlucky")
		}
		return nil
	}, sfaas.Config{}, n)
	letters := 0
	grave := sfaas.Define("grave", func(*sfaas.Ctx, *number, *number) error { letters++; return sfaas.ErrNoOutput }, sfaas.Config{})
	g := sfaas.NewGraph("repeats")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Retries: -1}), f), "out")
	sfaas.DeadLetter(in, f, grave)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	var done []*sfaas.Batch
	cores, err := newCores(app, func(b *sfaas.Batch, _ error) { done = append(done, b) },
		sfaas.WithWorkers(1), sfaas.WithLogger(quietLog))
	if err != nil {
		t.Fatal(err)
	}
	defer cores.Close()
	host, k := &coreHost{cores: cores}, cores.List[0]
	run := func(ev core.Event) {
		ev.Now = 1
		for eff := k.Step(&ev, nil); ; eff = k.Run(1, nil) {
			for _, e := range eff {
				if e.Kind == core.EffectCommit {
					sfaas.Memory().Commit(e.Batch)
				}
			}
			for len(done) > 0 {
				b := done[0]
				done = done[1:]
				k.Step(&core.Event{Kind: core.EventCommitted, Now: 1, Batch: b}, nil)
			}
			if !k.Ready() {
				return
			}
		}
	}
	for i, x := range []uint64{1, 13, 2} {
		if err := in.PushValue(host, sfaas.Cell(1), sfaas.Slot(i), &number{x}); err != nil {
			t.Fatal(err)
		}
		m := host.event.Msg
		k.Step(&host.event, nil)
		m.Hold() // for the second delivery
		run(core.Event{Kind: core.EventRun})
		again := core.Event{Kind: core.EventMessage, Edge: app.Edges()[0].ID, Msg: m, Key: sfaas.Cell(1), From: core.Endpoint{Node: 1}}
		run(again)
	}
	s := cores.Stats()[0]
	if s.Repeated != 3 || s.Invocations != 3 || letters != 1 {
		t.Errorf("repeated %d, ran %d, letters %d; want 3, 3, 1", s.Repeated, s.Invocations, letters)
	}
}
