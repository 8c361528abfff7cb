// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestSnapshotKeepsMoments takes a snapshot between two events and restores it: a
// delayed message leaves, and content ends, when it would have without. It is B2.
func TestSnapshotKeepsMoments(t *testing.T) {
	const life = 100 * time.Millisecond
	var fired []sfaas.Time
	kept := map[sfaas.Time]bool{}
	alarm := sfaas.Ref[number]("alarm")
	v := sfaas.NewValue[uint64]("v", sfaas.Replicated, sfaas.TTL(life))
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		if in.X == 0 {
			alarm.After(c, c.Key(), life)
			v.Set(c, 1)
		} else {
			_, kept[c.Now()] = v.Get(c)
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, alarm, v)
	a := sfaas.Define("alarm", func(c *sfaas.Ctx, _, _ *number) error { fired = append(fired, c.Now()); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	sfaas.Apply(sfaas.Source[number](g, "unused"), a)
	w := build(t, sim.Config{}, g)
	push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), 0, 0)
	w.RunFor(90 * time.Millisecond)
	data, err := w.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Crash(data); err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) sfaas.Time { return sfaas.Time(0).Add(d) }
	for i, d := range []time.Duration{95 * time.Millisecond, 110 * time.Millisecond} {
		w.At(at(d), func() { push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i+1), 1) })
	}
	w.Run()
	if len(fired) != 1 || fired[0].Sub(at(life)) > time.Millisecond {
		t.Errorf("a message delayed by %v came at %v", life, fired)
	}
	for now, there := range kept {
		if there != (now < at(life)) {
			t.Errorf("content that lives for %v: at %v there: %v", life, now, there)
		}
	}
}

// TestMomentInACell keeps a moment in a cell and restores it into a world whose
// clock begins anew: the time since then is what was before the snapshot and what is
// after the restore, unless Build refuses moments in cells. It is B4.
func TestMomentInACell(t *testing.T) {
	var gap time.Duration
	last := sfaas.NewValue[sfaas.Time]("last", sfaas.Replicated)
	f := sfaas.Define("gap", func(c *sfaas.Ctx, _, _ *number) error {
		if at, ok := last.Get(c); ok {
			gap = c.Now().Sub(at)
		}
		last.Set(c, c.Now())
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, last)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	app, err := g.Build()
	if err != nil {
		return // refused: nothing loses its meaning
	}
	old := simulate(t, sim.Config{}, app)
	old.RunFor(10 * time.Second)
	push(t, in, old, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	old.RunFor(time.Second)
	data, err := old.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	w := simulate(t, sim.Config{}, app)
	if err := w.Crash(data); err != nil {
		t.Fatal(err)
	}
	w.RunFor(2 * time.Second)
	push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), 2, 1)
	w.Run()
	if d := gap - 3*time.Second; d.Abs() > time.Millisecond {
		t.Errorf("since the last message: %v, want 1s before the snapshot and 2s after the restore", gap)
	}
}
