// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// counting builds a function that counts in a cell and passes the count on.
func counting(t *testing.T, class sfaas.Class) (app *sfaas.App, in sfaas.Input[number], out sfaas.Output[number]) {
	t.Helper()
	count := sfaas.NewValue[uint64]("count", class)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, _ *number) error {
		n := count.Mut(c)
		*n++
		out.X = *n
		return nil
	}, sfaas.FunctionConfig{}, count)
	g := sfaas.NewGraph("counting")
	in = sfaas.Source[number](g, "in")
	out = sfaas.Sink(sfaas.Apply(in, f), "out")
	return build(t, g), in, out
}

// within waits until f holds.
func within(t *testing.T, d time.Duration, what string, f func() bool) {
	t.Helper()
	for begin := time.Now(); !f(); time.Sleep(100 * time.Microsecond) {
		if time.Since(begin) > d {
			t.Fatalf("not within %v: %s", d, what)
		}
	}
}

// TestOwn makes the runtime that is not the default the first owner of a unit: what is
// pushed at either is processed there, and both know the route.
func TestOwn(t *testing.T) {
	app, in, out := counting(t, sfaas.Volatile)
	var at [3]atomic.Uint64
	node := func(n sfaas.NodeID) sfaas.Option {
		return sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { at[n].Store(x.X) })
	}
	a := start(t, app, sfaas.WithNode(1), node(1))
	b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1), node(2))
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	heard := make(chan sfaas.Route, 8)
	stop := a.WatchRoutes(func(r sfaas.Route) { heard <- r })
	defer stop()
	if err := b.Own(u); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-heard:
		if want := (sfaas.Route{Unit: u, Owner: 2, Epoch: 1}); r != want {
			t.Errorf("heard of %v, want %v", r, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the other runtime has not heard of the route")
	}
	within(t, 5*time.Second, "a knows the route", func() bool { r, err := a.Route(u); return err == nil && r.Owner == 2 })
	push(t, in, a, u.Root, 1, 0)
	push(t, in, b, u.Root, 2, 0)
	within(t, 5*time.Second, "b has counted both", func() bool { return at[2].Load() == 2 })
	if n := at[1].Load(); n != 0 {
		t.Errorf("the default owner counted %d", n)
	}
	var moved *sfaas.MovedError
	if err := a.Own(u); !errors.As(err, &moved) || moved.Owner != 2 {
		t.Errorf("a unit has two first owners: %v", err)
	}
}

// TestClaim lets a runtime take a soft unit over when its owner has closed: it begins
// empty, and what is pushed is processed there. An epoch that is not newer, and a kept
// unit, are refused.
func TestClaim(t *testing.T) {
	app, in, out := counting(t, sfaas.Volatile)
	var last atomic.Uint64
	sink := sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { last.Store(x.X) })
	a, b := pair(t, app, sink)
	u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	for i := range sfaas.Slot(3) {
		push(t, in, a, u.Root, i, 0)
	}
	drain(t, a)
	if last.Load() != 3 {
		t.Fatalf("counted %d before, want 3", last.Load())
	}
	if _, err := a.MoveUnit(context.Background(), u, b.Node(), sfaas.MoveConfig{}); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := a.Route(u)
	if err != nil || r.Owner != 2 {
		t.Fatalf("route %v, %v, want node 2", r, err)
	}
	if err := a.Claim(u, r.Epoch); err == nil {
		t.Error("a claim of the epoch that is in force is accepted")
	}
	if err := a.Claim(u, r.Epoch+1); err != nil {
		t.Fatal(err)
	}
	push(t, in, a, u.Root, 3, 0)
	drain(t, a)
	if last.Load() != 1 {
		t.Errorf("counted %d after the claim, want 1: the content is gone", last.Load())
	}
	if r, err := a.Route(u); err != nil || r.Owner != 1 {
		t.Errorf("route %v, %v, want node 1", r, err)
	}

	kept, _, _ := counting(t, sfaas.Replicated)
	c := start(t, kept, sfaas.WithNode(3), sfaas.WithDefaultOwner(4))
	var elsewhere *sfaas.KeptError
	if err := c.Claim(u, 5); !errors.As(err, &elsewhere) || !errors.Is(err, sfaas.ErrKept) || elsewhere.Owner != 4 {
		t.Errorf("a kept unit is claimed without its records: %v", err)
	}
}
