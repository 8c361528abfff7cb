// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// recovered starts a runtime on a disk that has been used, and lets it go on from that.
func recovered(t testing.TB, app *sfaas.App, d *sim.Disk, opts ...sfaas.Option) *sfaas.Runtime {
	t.Helper()
	rt := start(t, app, append([]sfaas.Option{sfaas.WithEngine(d), sfaas.WithNode(1)}, opts...)...)
	if err := rt.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	return rt
}

// TestRecoverCounts lets a chain of two functions count, and go on after its process is
// gone: once more with other workers each time, and what was pushed and not committed
// is pushed again.
func TestRecoverCounts(t *testing.T) {
	total := map[sfaas.Key]uint64{}
	var mu sync.Mutex // of total, to which all workers write
	note := func(h sfaas.Header, x *number) {
		mu.Lock()
		defer mu.Unlock()
		total[h.Key] = x.X
	}
	table := sfaas.NewMap[uint64, uint64]("table", sfaas.Replicated)
	list := sfaas.NewList[uint64]("list", sfaas.Replicated)
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	first := sfaas.Define("first", func(c *sfaas.Ctx, out, in *number) error {
		*table.Mut(c, in.X%3) += in.X
		list.Append(c, in.X)
		if list.Len(c) > 5 {
			list.Truncate(c, 2)
		}
		out.X = in.X
		return nil
	}, sfaas.FunctionConfig{}, table, list)
	second := sfaas.Define("second", func(c *sfaas.Ctx, out, in *number) error {
		*sum.Mut(c) += in.X
		out.X, _ = sum.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, sum)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(sfaas.Apply(in.With(exactly), first).With(exactly).Cut("far"), second).With(exactly), "out")
	app := build(t, g)
	d := sim.NewDisk(0)
	want := map[sfaas.Key]uint64{}
	for life := range 5 {
		rt := recovered(t, app, d, sfaas.WithWorkers(1+life%3), sfaas.WithOutput(out, note))
		for k := range uint64(10) {
			key := sfaas.NewKey(sfaas.KindCell, k)
			p, known := in.Position(rt, key)
			if life > 0 && (!known || p.Slot != sfaas.Slot(10*life-1)) {
				t.Fatalf("life %d: %v has come to %+v %v, want slot %d", life, key, p, known, 10*life-1)
			}
			for i := range uint64(10) {
				slot := 10*uint64(life) + i
				push(t, in, rt, key, sfaas.Slot(slot), k+slot)
				want[key] += k + slot
			}
		}
		drain(t, rt)
		rt.Close()
		for key, n := range want {
			if total[key] != n {
				t.Fatalf("life %d: %v has %d, want %d", life, key, total[key], n)
			}
		}
	}
	units, rows := d.Units()
	t.Logf("%d units, %d rows", units, rows)
}

// TestRecoverWaiting ends a process while an input waits for its partner, one for its
// grant, a message for its time and a call for its answer: all go on in the next life,
// and nothing of that is pushed again.
func TestRecoverWaiting(t *testing.T) {
	seen := map[string]uint64{}
	note := func(what string, n uint64) { seen[what] += n }
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	cfg := sfaas.FunctionConfig{Window: 100}
	later, asked := sfaas.Ref[number]("later").With(exactly), sfaas.CallRef[number, number]("asked").With(exactly)
	pair := sfaas.Define("pair", func(c *sfaas.Ctx, _ *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		*total.Mut(c) += a.X*100 + b.X
		note("pair", a.X*100+b.X)
		return sfaas.ErrNoOutput
	}, cfg, total)
	gated := sfaas.Define("gated", func(c *sfaas.Ctx, _, in *number) error {
		note("gated", in.X)
		x, _ := later.After(c, c.Key(), 300*time.Millisecond)
		x.X = in.X
		call, _ := asked.Call(c, c.Key(), time.Hour)
		call.X = in.X
		return sfaas.ErrNoOutput
	}, cfg, later, asked.OnReply(func(_ *sfaas.Ctx, r sfaas.Reply[number]) error {
		if r.Err == nil {
			note("reply", r.Out.X)
		}
		return nil
	}))
	grant := sfaas.OnControl(gated, func(*sfaas.Ctx, *number) error { return nil })
	answers := sfaas.Define("asked", func(_ *sfaas.Ctx, out, in *number) error { out.X = 2 * in.X; return nil }, cfg)
	answerGrant := sfaas.OnControl(answers, func(*sfaas.Ctx, *number) error { return nil })
	g := sfaas.NewGraph("g")
	left, right := sfaas.Source[number](g, "left"), sfaas.Source[number](g, "right")
	data, grants, unused := sfaas.Source[number](g, "data"), sfaas.Source[number](g, "grants"), sfaas.Source[number](g, "unused")
	answering := sfaas.Source[number](g, "answering")
	sfaas.Apply(sfaas.Join(left.With(exactly), right.With(exactly)), pair)
	sfaas.Apply(data.With(exactly), gated)
	sfaas.Control(grants.With(exactly), grant)
	sfaas.Apply(unused.With(exactly), answers)
	sfaas.Control(answering.With(exactly), answerGrant)
	g.Add(sfaas.Define("later", func(_ *sfaas.Ctx, _, in *number) error { note("later", in.X); return sfaas.ErrNoOutput }, cfg))
	app, d, key := build(t, g), sim.NewDisk(3), sfaas.NewKey(sfaas.KindCell, 1)

	a := recovered(t, app, d)
	push(t, left, a, key, 1, 3)   // waits for right
	push(t, data, a, key, 1, 5)   // waits for its grant
	push(t, data, a, key, 2, 7)   // the same
	push(t, grants, a, key, 1, 0) // a message is delayed, a call waits for a grant of its own
	drain(t, a)
	a.Close()
	b := recovered(t, app, d, sfaas.WithWorkers(2))
	if p, ok := data.Position(b, key); !ok || p.Slot != 2 {
		t.Errorf("data has come to %+v %v", p, ok)
	}
	push(t, right, b, key, 1, 4)
	push(t, grants, b, key, 2, 0)
	push(t, answering, b, key, 1, 0)
	push(t, answering, b, key, 2, 0)
	for range 5000 {
		drain(t, b)
		time.Sleep(time.Millisecond)
		if st := ran(b, "later"); st == 2 {
			break
		}
	}
	b.Close()
	want := map[string]uint64{"pair": 304, "gated": 12, "later": 12, "reply": 24}
	for what, n := range want {
		if seen[what] != n {
			t.Errorf("%s: %d, want %d", what, seen[what], n)
		}
	}
}

// ran returns how often a function has run.
func ran(rt *sfaas.Runtime, name string) (n uint64) {
	for _, s := range rt.Stats() {
		if s.Name == name {
			n = s.Invocations
		}
	}
	return n
}

// TestRecoverComesFirst refuses what is pushed to a runtime whose engine has records
// that it has not recovered, and damage that it finds then.
func TestRecoverComesFirst(t *testing.T) {
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), counter("f"))
	app, d := build(t, g), sim.NewDisk(0)
	a := recovered(t, app, d)
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	drain(t, a)
	a.Close()
	b := start(t, app, sfaas.WithEngine(d), sfaas.WithNode(1))
	if err := in.PushValue(b, sfaas.NewKey(sfaas.KindCell, 1), 2, &number{1}); !errors.Is(err, sfaas.ErrRecords) {
		t.Errorf("a push before the recovery: %v", err)
	}
	d.Damage(errors.New("a bit has flipped"))
	if err := b.Recover(context.Background()); !errors.Is(err, sfaas.ErrRecords) {
		t.Errorf("recovery of what is damaged: %v", err)
	}
	if err := in.PushValue(b, sfaas.NewKey(sfaas.KindCell, 1), 2, &number{1}); !errors.Is(err, sfaas.ErrRecords) {
		t.Errorf("a push after a recovery that failed: %v", err)
	}
	d.Damage(nil)
	other := start(t, app, sfaas.WithEngine(d), sfaas.WithNode(2))
	var node *sfaas.OptionError
	if err := other.Recover(context.Background()); !errors.Is(err, sfaas.ErrRecords) || !errors.As(err, &node) || node.Option != "WithNode" {
		t.Errorf("recovery of what another node has kept: %v", err)
	}
	other.Close()
	if err := b.Recover(context.Background()); err != nil {
		t.Error(err)
	}
	push(t, in, b, sfaas.NewKey(sfaas.KindCell, 1), 2, 1)
	drain(t, b)
}

// TestRecordsStay refuses to move a unit of which one engine alone keeps records: the
// other one could not vouch for it.
func TestRecordsStay(t *testing.T) {
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	f := counter("f")
	sfaas.Apply(in.With(exactly), f)
	app := build(t, g)
	a := start(t, app, sfaas.WithNode(1), sfaas.WithEngine(sim.NewDisk(0)))
	b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	drain(t, a)
	if _, err := moveOf(context.Background(), a, b, f, sfaas.NewKey(sfaas.KindCell, 1)); !errors.Is(err, sfaas.ErrKept) {
		t.Errorf("a move: %v", err)
	}
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), 2, 1) // it goes on there
	drain(t, a)
	if err := b.Own(sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 2)}); err != nil {
		t.Fatal(err)
	}
	push(t, in, b, sfaas.NewKey(sfaas.KindCell, 2), 1, 1)
	drain(t, b)
	if _, err := moveOf(context.Background(), b, a, f, sfaas.NewKey(sfaas.KindCell, 2)); !errors.Is(err, sfaas.ErrKept) {
		t.Errorf("a move back: %v", err)
	}
}
