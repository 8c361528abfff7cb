// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// unitRow returns the row of a unit that the runtime owns, once it meets a condition:
// rows are as of the last slot.
func unitRow(t testing.TB, rt *sfaas.Runtime, u sfaas.Unit, ok func(*sfaas.UnitStats) bool) sfaas.UnitStats {
	t.Helper()
	var rows []sfaas.UnitStats
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		rows = rt.Units(rows)
		for i := range rows {
			if r := &rows[i]; r.Unit == u && r.Owned && ok(r) {
				return *r
			}
		}
		if time.Now().After(end) {
			t.Fatalf("no such row of %v in %+v", u, rows)
		}
	}
}

// TestUnits counts what two cells use apart: invocations, state, bytes by edge,
// content, keys, timers, slots and their work.
func TestUnits(t *testing.T) {
	type block struct{ X [4]uint64 }
	cell := sfaas.NewMap[uint64, [16]byte]("table", sfaas.Replicated)
	soft := sfaas.NewValue[uint64]("soft", sfaas.Volatile)
	list := sfaas.NewList[uint32]("list", sfaas.Volatile)
	g := sfaas.NewGraph("units")
	in := sfaas.Source[number](g, "in")
	a := sfaas.Apply(in, sfaas.Define("a", func(c *sfaas.Ctx, out *block, in *number) error {
		*soft.Mut(c)++
		list.Append(c, 1)
		cell.Set(c, in.X, [16]byte{})
		time.Sleep(100 * time.Microsecond)
		out.X[0] = in.X
		return nil
	}, sfaas.FunctionConfig{}, cell, soft, list))
	late := sfaas.Ref[number]("later")
	b := sfaas.Apply(a.Cut("mid"), sfaas.Define("b", func(c *sfaas.Ctx, out *number, in *block) error {
		late.After(c, c.Key(), time.Hour)
		return nil
	}, sfaas.FunctionConfig{}, late))
	sfaas.Sink(b, "out")
	g.Add(sfaas.Define("later", func(*sfaas.Ctx, *sfaas.None, *number) error { return nil }, sfaas.FunctionConfig{}))
	app := build(t, g)
	rt := start(t, app, sfaas.WithWorkers(2))
	for slot := range sfaas.Slot(20) {
		for ue := range uint64(3) {
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, ue), slot, uint64(slot)%5)
		}
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 2).Child(sfaas.KindUE, 1), slot, 1)
		drain(t, rt)
	}
	for _, c := range []struct {
		root sfaas.Key
		keys int
	}{{sfaas.NewKey(sfaas.KindCell, 1), 3}, {sfaas.NewKey(sfaas.KindCell, 2), 1}} {
		n := uint64(c.keys) * 20
		r := unitRow(t, rt, sfaas.Unit{Part: "a", Root: c.root}, func(r *sfaas.UnitStats) bool { return r.Invocations == n })
		entries := 5
		if c.keys == 1 {
			entries = 1
		}
		if want := c.keys * (entries*(8+16) + 8 + 20*4); r.Resident != want {
			t.Errorf("%v: %d bytes of content, want %d", c.root, r.Resident, want)
		}
		if want := n * (8 + 4 + 16); r.StateWritten != want || r.StateRead != n*8 {
			t.Errorf("%v: %d bytes of state written and %d read, want %d and %d", c.root, r.StateWritten, r.StateRead, want, n*8)
		}
		if len(r.Edges) != 1 || r.Edges[0].Sent != n*32 || r.Transferred != n*32 || r.Remote != 0 {
			t.Errorf("%v: %v bytes by edge, %d in all", c.root, r.Edges, r.Transferred)
		}
		if e := app.Edges()[r.Edges[0].Edge-1]; e.From != "a" || e.To != "b" {
			t.Errorf("%v: bytes on %+v", c.root, e)
		}
		if r.Keys != c.keys || r.Timers != 0 || r.Queued != 0 || r.Slots != 20 || r.Epoch != 0 || r.Node != rt.Node() {
			t.Errorf("%v: %+v", c.root, r)
		}
		if w := r.Work.Count(); w < 20-8 || w > 20 {
			t.Errorf("%v: work of %d slots of 20", c.root, w)
		}
		if least := time.Duration(c.keys) * 100 * time.Microsecond; r.Work.Quantile(0.01) < least || r.Busy < 20*least {
			t.Errorf("%v: a slot took %v, and all of them %v; each handler sleeps for 100 µs", c.root, r.Work.Quantile(0.01), r.Busy)
		}
		r = unitRow(t, rt, sfaas.Unit{Part: "b", Root: c.root}, func(r *sfaas.UnitStats) bool { return r.Unheard == n })
		if r.Invocations != n || r.Timers != int(n) || r.Resident != 0 {
			t.Errorf("%v: %+v", c.root, r)
		}
	}
}

// TestUnitsMoves moves a unit to and fro while messages flow and rows are read at
// any time: what each owner has counted adds up to what was done, and nothing is
// there twice.
func TestUnitsMoves(t *testing.T) {
	ctx := context.Background()
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	g := sfaas.NewGraph("moves")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), sfaas.Define("f", func(c *sfaas.Ctx, out, _ *number) error {
		*count.Mut(c)++
		return nil
	}, sfaas.FunctionConfig{}, count)).With(exactly), "out")
	app := build(t, g)
	a, b := pair(t, app, sfaas.WithWorkers(2), sfaas.WithOutput(out, func(sfaas.Header, *number) {}))
	u := sfaas.Unit{Part: app.Parts()[0].Name, Root: sfaas.NewKey(sfaas.KindCell, 1)}
	const messages, moves = 4000, 40
	var all, rows []sfaas.UnitStats
	collect := func() {
		for _, rt := range []*sfaas.Runtime{a, b} {
			rows = rt.Units(rows)
			all = sfaas.MergeUnits(all, rows)
		}
	}
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 0), 0, 1)
	drain(t, a)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 1; i < messages; i++ {
			push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, uint64(i%7)), sfaas.Slot(i), 1)
		}
	})
	from, to := a, b
	for range moves {
		if _, err := from.MoveUnit(ctx, u, to.Node(), sfaas.MoveConfig{}); err != nil {
			t.Fatal(err)
		}
		from, to = to, from
		collect()
	}
	wg.Wait()
	drain(t, a)
	drain(t, b)
	var sum sfaas.UnitStats
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		collect()
		sum = sfaas.UnitStats{}
		owners := 0
		for i := range all {
			if all[i].Unit == u {
				sum.Add(&all[i])
				if all[i].Owned {
					owners++
				}
			}
		}
		if (sum.Invocations >= 2*messages && owners == 1) || time.Now().After(end) {
			break
		}
	}
	if sum.Invocations != 2*messages { // the function and its sink
		t.Errorf("%d invocations in all, want %d", sum.Invocations, 2*messages)
	}
	seen, owned := map[string]bool{}, 0
	for i := range all {
		r := &all[i]
		if r.Unit != u {
			continue
		}
		name := fmt.Sprint(r.Epoch, r.Node, r.Life)
		if seen[name] {
			t.Errorf("row %s is there twice", name)
		}
		seen[name] = true
		if r.Epoch%2 == 1 && r.Node != b.Node() {
			t.Errorf("epoch %d is counted by node %d", r.Epoch, r.Node)
		}
		if r.Owned {
			owned++
		} else if r.Resident+r.Keys+r.Timers+r.Queued != 0 {
			t.Errorf("what has left is still there: %+v", r)
		}
	}
	if len(seen) != moves+1 || owned != 1 {
		t.Errorf("%d rows, %d owned; want %d for each owner in turn, and 1", len(seen), owned, moves+1)
	}
	var byFunction uint64
	for _, rt := range []*sfaas.Runtime{a, b} {
		for _, s := range rt.Stats() {
			byFunction += s.Invocations
		}
	}
	if byFunction != sum.Invocations {
		t.Errorf("%d invocations by function, %d by unit", byFunction, sum.Invocations)
	}
}

// TestUnitsLate counts what is late, and what is skipped behind it.
func TestUnitsLate(t *testing.T) {
	runs, hold := make(chan struct{}), make(chan struct{})
	g := sfaas.NewGraph("queued")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, sfaas.Define("slow", func(_ *sfaas.Ctx, _, in *number) error {
		if in.X > 0 {
			close(runs)
			<-hold
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}))
	rt := start(t, build(t, g), sfaas.WithMode(sfaas.RealTime), sfaas.WithBudget(10*time.Millisecond))
	u := sfaas.Unit{Part: "slow", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 0), 1, 0)
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 1), 1, 1)
	<-runs
	for i := range uint64(5) {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 2+i), 2, 0)
	}
	time.Sleep(20 * time.Millisecond) // all of them are late
	close(hold)
	drain(t, rt)
	r := unitRow(t, rt, u, func(r *sfaas.UnitStats) bool { return r.Skipped == 5 })
	if r.Late != 1 || r.Queued != 0 {
		t.Errorf("%+v", r)
	}
}

// TestUnitsReset begins a new life of every row.
func TestUnitsReset(t *testing.T) {
	app, in, _ := chain(t, 2, 1)
	rt := start(t, app)
	u := sfaas.Unit{Part: app.Parts()[0].Name, Root: sfaas.NewKey(sfaas.KindCell, 1)}
	for i := range 5 {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
	}
	drain(t, rt)
	before := unitRow(t, rt, u, func(r *sfaas.UnitStats) bool { return r.Invocations == 10 })
	rt.ResetStats()
	after := unitRow(t, rt, u, func(*sfaas.UnitStats) bool { return true })
	if after.Life <= before.Life || after.Meter != (sfaas.Meter{}) || after.Slots != 0 || after.Work.Count() != 0 {
		t.Errorf("%+v after %+v", after, before)
	}
	all := sfaas.MergeUnits(sfaas.MergeUnits(nil, []sfaas.UnitStats{before}), []sfaas.UnitStats{after})
	if len(all) != 2 {
		t.Errorf("%d rows of two lives", len(all))
	}
}

// hundredUnits starts a runtime with a hundred units that have been used.
func hundredUnits(tb testing.TB) *sfaas.Runtime {
	app, in, _ := chain(tb, 15, 3)
	rt := start(tb, app, sfaas.WithIdleKeys(time.Hour))
	for slot := range sfaas.Slot(50) {
		for u := range uint64(100) {
			push(tb, in, rt, sfaas.NewKey(sfaas.KindCell, u), slot, 1)
		}
	}
	drain(tb, rt)
	pause()
	if n := len(rt.Units(nil)); n != 100 {
		tb.Fatalf("%d units", n)
	}
	return rt
}

// TestUnitsNoAllocs reads rows into memory that is there.
func TestUnitsNoAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	rt := hundredUnits(t)
	rows := rt.Units(nil)
	if n := testing.AllocsPerRun(100, func() { rows = rt.Units(rows) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// BenchmarkUnits reads the rows of a hundred units with fifteen functions each.
func BenchmarkUnits(b *testing.B) {
	rt := hundredUnits(b)
	rows := rt.Units(nil)
	b.ReportAllocs()
	begin := cpuTime()
	for b.Loop() {
		rows = rt.Units(rows)
	}
	b.ReportMetric(float64(cpuTime()-begin)/float64(b.N), "cpu-ns/op")
}
