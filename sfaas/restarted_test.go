// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"iter"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestAnotherLife lets a runtime without records begin another life under its number: what
// its sources and its functions send then is no repeat of what they sent before.
func TestAnotherLife(t *testing.T) {
	for name, promise := range map[string]sfaas.EdgeConfig{"at most once": {}, "at least once": {Guarantee: sfaas.AtLeastOnce}, "exactly once": exactly} {
		t.Run(name, func(t *testing.T) {
			var counted, passed atomic.Uint64
			add := func(name string, to *atomic.Uint64) sfaas.Fn[number, sfaas.None] {
				return sfaas.Define(name, func(_ *sfaas.Ctx, _ *sfaas.None, in *number) error { to.Add(in.X); return nil }, sfaas.FunctionConfig{})
			}
			pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
			g := sfaas.NewGraph("lives")
			in, through := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "through")
			sfaas.Apply(in.With(promise), add("count", &counted))
			sfaas.Apply(sfaas.Apply(through.With(promise), pass).With(promise).Cut("line"), add("passed", &passed))
			app, key := build(t, g), sfaas.NewKey(sfaas.KindCell, 1)
			node := func(n sfaas.NodeID, life uint32) *sfaas.Runtime {
				return start(t, app, sfaas.WithNode(n), sfaas.WithIncarnation(life), sfaas.WithDefaultOwner(1), sfaas.WithDefaultOwner(2, "pass"))
			}
			a := node(1, 2000)
			for i, life := range []uint32{1000, 1001} {
				b := node(2, life)
				wired(t, a, b)
				for n := range uint64(5) {
					push(t, in, b, key, sfaas.Slot(n), 1)
					push(t, through, b, key, sfaas.Slot(n), 1)
				}
				drain(t, b)
				drain(t, a)
				if want := 5 * uint64(i+1); counted.Load() != want || passed.Load() != want {
					t.Errorf("life %d: %d came from its source and %d from its function, want %d", life, counted.Load(), passed.Load(), want)
				}
				b.Close()
			}
			for _, life := range []uint32{500, 1001} {
				b := node(2, life)
				_, _, err := a.Connect(wire{&wires{}, a, b}, b.Hello())
				if bad := (*sfaas.LifeError)(nil); !errors.As(err, &bad) || *bad != (sfaas.LifeError{Node: 2, Life: life, Last: 1001}) {
					t.Errorf("life %d after life 1001: %v", life, err)
				}
			}
		})
	}
}

// TestNextLife lets a runtime begin another life over the records of one whose number is as
// high as its own would be, or higher, as one does that was killed within the tick of the
// clock in which it began: it has a number of its own, and nothing that it commits is taken
// for what the life before has committed.
func TestNextLife(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		*n.Mut(c) += in.X
		out.X, _ = n.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, n)
	g := sfaas.NewGraph("next")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), f).With(exactly), "out")
	app, d, key := build(t, g), sim.NewDisk(0), sfaas.NewKey(sfaas.KindCell, 1)
	var sum atomic.Uint64
	sums := sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { sum.Store(x.X) })
	for life := range uint32(3) {
		opts := []sfaas.Option{sums}
		if life == 0 {
			opts = append(opts, sfaas.WithIncarnation(4_000_000_000))
		}
		rt := recovered(t, app, d, opts...)
		if got := rt.Incarnation(); got != 4_000_000_000+life {
			t.Fatalf("life %d has the number %d", life, got)
		}
		from := sfaas.Slot(0)
		if p, known := in.Position(rt, key); known {
			from = p.Slot + 1
		}
		if from != sfaas.Slot(5*life) {
			t.Fatalf("life %d goes on at slot %d, want %d", life, from, 5*life)
		}
		for i := range sfaas.Slot(5) {
			push(t, in, rt, key, from+i, 1)
		}
		drain(t, rt)
		rt.Close()
		if want := 5 * uint64(life+1); sum.Load() != want {
			t.Fatalf("life %d: the sum is %d, want %d", life, sum.Load(), want)
		}
	}
	for _, number := range []uint32{4_000_000_002, 1000} {
		if _, err := sfaas.NewRuntime(app, sfaas.WithEngine(d), sfaas.WithIncarnation(number)); !errors.Is(err, sfaas.ErrStaleEpoch) {
			t.Errorf("number %d after 4000000002: %v", number, err)
		}
	}
	if _, err := sfaas.NewRuntime(app, sfaas.WithEngine(unitsFirst{d})); !errors.Is(err, sfaas.ErrRecords) {
		t.Errorf("an engine that does not tell of lives first: %v", err)
	}
	recovered(t, app, d, sfaas.WithIncarnation(math.MaxUint32)).Close()
	if _, err := sfaas.NewRuntime(app, sfaas.WithEngine(d)); !errors.Is(err, sfaas.ErrStaleEpoch) {
		t.Errorf("a life after the last one that there can be: %v", err)
	}
}

// unitsFirst is an engine whose Load does not begin with the zero unit.
type unitsFirst struct{ sfaas.Engine }

func (e unitsFirst) Load(unit func(sfaas.Unit, uint32, iter.Seq2[[]byte, []byte]) error) error {
	for _, last := range []bool{false, true} {
		err := e.Engine.Load(func(u sfaas.Unit, epoch uint32, rows iter.Seq2[[]byte, []byte]) error {
			if (u == sfaas.Unit{}) != last {
				return nil
			}
			return unit(u, epoch, rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TestLifeOfLostDisk lets a runtime begin another life at once, on an empty disk, as one does
// whose disk is lost: who has heard the first one takes in the second one.
func TestLifeOfLostDisk(t *testing.T) {
	g := sfaas.NewGraph("lost")
	sfaas.Apply(sfaas.Source[number](g, "in").With(exactly), counter("f"))
	app := build(t, g)
	a := start(t, app, sfaas.WithNode(1))
	for life := range 3 {
		b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1), sfaas.WithEngine(sim.NewDisk(0)))
		if _, _, err := a.Connect(wire{&wires{}, a, b}, b.Hello()); err != nil {
			t.Fatalf("life %d: %v", life, err)
		}
		b.Close()
	}
}

// TestNewsOfAnotherLife tells a runtime without records what an earlier life of it owned: it
// owns nothing, and does not say so.
func TestNewsOfAnotherLife(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, _ *sfaas.None, _ *number) error { *n.Mut(c)++; return nil }, sfaas.FunctionConfig{}, n)
	g := sfaas.NewGraph("news")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	app, key := build(t, g), sfaas.NewKey(sfaas.KindCell, 1)
	node := func(n sfaas.NodeID, life uint32) *sfaas.Runtime {
		return start(t, app, sfaas.WithNode(n), sfaas.WithIncarnation(life), sfaas.WithDefaultOwner(1))
	}
	a, b := node(1, 1000), node(2, 1000)
	wired(t, a, b)
	push(t, in, a, key, 0, 1)
	if _, err := moveOf(t.Context(), a, b, f, key); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = node(2, 1001)
	var told atomic.Bool
	b.WatchRoutes(func(r sfaas.Route) { told.Store(told.Load() || r.Owner == 2) })
	wired(t, a, b)
	drain(t, b)
	if r, err := b.Route(unitOf("f", key)); err != nil || r.Owner == 2 || told.Load() {
		t.Errorf("%+v, %v; told: %v", r, err, told.Load())
	}
	if r, err := a.Route(unitOf("f", key)); err != nil || r.Owner != 2 {
		t.Errorf("who has moved it knows %+v, %v", r, err)
	}
}

// TestOutlived asks a runtime for what others take it for the owner of: what its earlier life
// had, until somebody claims that, and nothing of what it owns itself.
func TestOutlived(t *testing.T) {
	app, _, _ := counting(t, sfaas.Volatile)
	node := func(n sfaas.NodeID, life uint32) *sfaas.Runtime {
		return start(t, app, sfaas.WithNode(n), sfaas.WithIncarnation(life), sfaas.WithDefaultOwner(1))
	}
	a, b := node(1, 1000), node(2, 1000)
	wired(t, a, b)
	u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	if err := b.Claim(u, 7); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "a knows the route", func() bool { r, err := a.Route(u); return err == nil && r.Owner == 2 })
	if all := b.Outlived(); len(all) != 0 {
		t.Errorf("in the life that owns it: %v, want none", all)
	}
	b.Close()
	b = node(2, 1001)
	wired(t, a, b)
	if all, want := b.Outlived(), (sfaas.Route{Unit: u, Owner: 2, Epoch: 7}); len(all) != 1 || all[0] != want {
		t.Errorf("in the next life: %v, want %v", all, want)
	}
	if err := a.Claim(u, 8); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "b knows the claim", func() bool { return len(b.Outlived()) == 0 })
}
