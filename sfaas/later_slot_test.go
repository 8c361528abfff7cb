// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestEmitForLaterSlot lets a scheduler emit the grant of a slot seven slots ahead,
// further than any window: it waits for its data, holds for them, and its due time
// is that of its slot. The same goes for the single output of a function.
func TestEmitForLaterSlot(t *testing.T) {
	const ahead, slots, budget = 7, 30, time.Hour
	schedule := sfaas.DefineEach("schedule", func(c *sfaas.Ctx, out sfaas.Emitter[number], in *number) error {
		later := out.At(c.Slot() + ahead)
		*later.Add(c.Key().Child(sfaas.KindUE, 1)) = number{in.X + ahead}
		*later.Add(c.Key().Child(sfaas.KindUE, 2)) = number{in.X + ahead}
		return nil
	}, sfaas.FunctionConfig{})
	later := sfaas.Define("later", func(c *sfaas.Ctx, out, in *number) error {
		c.OutputAt(c.Slot() + ahead)
		*out = *in
		return nil
	}, sfaas.FunctionConfig{})
	grant := sfaas.NewValue[uint64]("grant", sfaas.Volatile)
	use := sfaas.Define("use", func(c *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		if g, _ := grant.Get(c); g != uint64(c.Slot()) || a.X != g || b.X+ahead != g {
			t.Errorf("slot %d ran with the grant of %d, inputs %d and %d", c.Slot(), g, a.X, b.X)
		}
		*out = *a
		return nil
	}, sfaas.FunctionConfig{}, grant)
	grants := sfaas.OnControl(use, func(c *sfaas.Ctx, in *number) error {
		if due := sfaas.Time(1).Add(time.Duration(c.Slot())*time.Second + budget); c.Header().Due != due {
			t.Errorf("slot %d is due at %v, want %v", c.Slot(), c.Header().Due, due)
		}
		grant.Set(c, in.X)
		return nil
	})
	g := sfaas.NewGraph("g")
	cell, data := sfaas.Source[number](g, "cell"), sfaas.Source[number](g, "data")
	sfaas.Control(sfaas.Apply(cell, schedule), grants)
	out := sfaas.Sink(sfaas.Apply(sfaas.Join(data, sfaas.Apply(data, later)), use), "out")
	app := build(t, g)
	var mu sync.Mutex
	got := map[sfaas.Slot]int{}
	timeline := sfaas.NewTimeline(time.Second)
	timeline.Set(0, 1)
	rt := start(t, app, sfaas.WithWorkers(2), sfaas.WithTimeline(timeline), sfaas.WithBudget(budget),
		sfaas.WithOutput(out, func(h sfaas.Header, _ *number) { mu.Lock(); got[h.Slot]++; mu.Unlock() }))
	for s := range uint64(slots) {
		push(t, cell, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(s), s)
		drain(t, rt)
		for u := range uint64(2) {
			push(t, data, rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, u+1), sfaas.Slot(s), s)
		}
		drain(t, rt)
		if s == slots/2 { // what is ahead waits over a restore
			data := snapshotOf(t, rt)
			rt.Close()
			rt = restored(t, app, data, sfaas.WithTimeline(timeline), sfaas.WithBudget(budget),
				sfaas.WithOutput(out, func(h sfaas.Header, _ *number) { mu.Lock(); got[h.Slot]++; mu.Unlock() }))
		}
	}
	for s := sfaas.Slot(ahead); s < slots; s++ {
		if got[s] != 2 {
			t.Errorf("slot %d: %d outputs, want 2; %+v", s, got[s], rt.Stats())
			break
		}
	}
}

// TestEmitForEarlierSlot emits for a slot that has passed: the invocation fails with
// an error that says so.
func TestEmitForEarlierSlot(t *testing.T) {
	each := sfaas.DefineEach("each", func(c *sfaas.Ctx, out sfaas.Emitter[number], _ *number) error {
		out.At(c.Slot() - 1).Add(c.Key())
		return nil
	}, sfaas.FunctionConfig{})
	one := sfaas.Define("one", func(c *sfaas.Ctx, _, _ *number) error { c.OutputAt(c.Slot() - 1); return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, each)
	sfaas.Apply(in, one)
	var errs []error
	rt := start(t, build(t, g), sfaas.WithNotices(func(n sfaas.Notice) { errs = append(errs, n.Err) }))
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 5, 1)
	drain(t, rt)
	rt.Close()
	for _, err := range errs {
		if e := (*sfaas.SlotError)(nil); !errors.As(err, &e) || e.Got != 4 || e.Want != 5 {
			t.Errorf("got %v, want a SlotError of 4 and 5", err)
		}
	}
	if len(errs) != 2 {
		t.Errorf("%d faults, want 2", len(errs))
	}
}

// TestLaterSlotsAndFedMoves moves a function that emits ahead, in mode Fed, back and
// forth: each output is published once, whichever owner made it.
func TestLaterSlotsAndFedMoves(t *testing.T) {
	const ahead = 3
	later := sfaas.Define("later", func(c *sfaas.Ctx, out, in *number) error {
		c.OutputAt(c.Slot() + ahead)
		*out = *in
		return nil
	}, sfaas.FunctionConfig{History: 4})
	pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(sfaas.Apply(in, later), pass), "out")
	app := build(t, g)
	var mu sync.Mutex
	got := map[sfaas.Slot]int{}
	a, b := pair(t, app, sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
		mu.Lock()
		got[h.Slot]++
		mu.Unlock()
		if h.Slot != sfaas.Slot(x.X)+ahead {
			t.Errorf("number %d came with slot %d", x.X, h.Slot)
		}
	}))
	u, err := app.Unit("later", sfaas.NewKey(sfaas.KindCell, 1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	var moves atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		from, to := a, b
		for ctx.Err() == nil {
			if _, err := from.MoveUnit(ctx, u, to.Node(), sfaas.MoveConfig{Mode: sfaas.Fed}); err == nil {
				moves.Add(1)
				from, to = to, from
			}
		}
	}()
	slots := sfaas.Slot(0)
	for s := uint64(0); ctx.Err() == nil && (s < 4000 || moves.Load() < 3); s++ {
		slots = sfaas.Slot(s + 1)
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(s), s)
		time.Sleep(50 * time.Microsecond) // slots have a length: a fence lies ahead of all
	}
	stop()
	<-ended
	if moves.Load() < 3 {
		t.Errorf("%d moves", moves.Load())
	}
	drain(t, a)
	drain(t, b)
	wrong := 0
	for s := sfaas.Slot(ahead); s < slots+ahead; s++ {
		if got[s] != 1 {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d slots came not at all, or more than once; %+v", wrong, slots, counted(a, b))
	}
}
