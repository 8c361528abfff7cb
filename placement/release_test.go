// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// wants returns how many units a node wants in service.
func (n *Node) wants() (wants int) {
	n.look(func(a *agent.Agent) { wants = a.Wants() })
	return wants
}

// nothing waits until no node has a lease, or wants a unit.
func (z *zone) nothing() {
	z.t.Helper()
	z.eventually(func() string {
		for _, n := range z.nodes {
			if r := n.Report(); len(r.Leases) > 0 || n.wants() > 0 {
				return fmt.Sprintf("wants %d: %v", n.wants(), r)
			}
		}
		return ""
	})
}

// TestRelease takes a unit out of service from a node that does not own it: leases are free,
// whoever has asked for it, pushes are refused, and what it has used is known. It comes into
// service again.
func TestRelease(t *testing.T) {
	z := newZone(t, 3)
	sums := newSums(t)
	deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, SLA: SLA{Standbys: 1}})
	ctx := z.context()
	var cells []*Unit
	for _, d := range deps { // all of them want it
		cells = append(cells, d.Unit(cell1))
		if err := cells[len(cells)-1].Ensure(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for slot := range sfaas.Slot(20) {
		if err := sums.in.PushValue(cells[0], cell1, slot, &number{1}); err != nil {
			t.Fatal(err)
		}
	}
	owner := cells[0].Routes()[0].Owner
	other := cells[owner%3] // of another node
	z.eventually(func() string {
		for _, r := range z.nodes[owner-1].Report().Usage {
			if r.Invocations == 20 {
				return ""
			}
		}
		return "the invocations are not counted"
	})
	for range 2 { // twice is once
		if err := other.Release(ctx); err != nil {
			t.Fatal(err)
		}
	}
	z.nothing()
	r := z.nodes[owner-1].Report()
	if len(r.Units) != 0 || !slices.ContainsFunc(r.Usage, func(u meter.Row) bool { return u.Invocations == 20 }) {
		t.Errorf("a unit out of service, or what it has used: %v", r)
	}
	var moved *sfaas.MovedError
	if err := sums.in.PushValue(cells[0], cell1, 30, &number{1}); !errors.As(err, &moved) || moved.Owner != 0 {
		t.Errorf("pushed to a unit out of service: %v", err)
	}
	if err := deps[1].Unit(sfaas.NewKey(sfaas.KindCell, 9)).Release(ctx); err != nil {
		t.Errorf("a unit that was never placed: %v", err)
	}
	if err := cells[1].Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := sums.in.PushValue(cells[1], cell1, 31, &number{1}); err != nil {
		t.Error(err)
	}
	z.eventually(func() string {
		leases := 0
		for _, n := range z.nodes {
			leases += len(n.Report().Leases)
		}
		if leases != 2 {
			return fmt.Sprintf("%d leases, want 2", leases)
		}
		return ""
	})
}

// TestOrderOfEnsureAndRelease lets nodes want a unit in service and out of it, each as soon as
// another one has been told that it has what it wants. In the end it is as the last one wants it.
func TestOrderOfEnsureAndRelease(t *testing.T) {
	z := newZone(t, 3)
	deps := z.deploy(newSums(t).app, Spec{Unit: sfaas.KindCell})
	at := func(i int) *Unit { return deps[i%3].Unit(cell1) }
	for i := range 100 {
		ctx := z.context()
		if err := errors.Join(at(i).Ensure(ctx), at(i+1).Release(ctx)); err != nil {
			t.Fatal(err)
		}
		if i%4 == 0 {
			z.nothing()
			continue
		}
		if err := at(i + 2).Ensure(ctx); err != nil {
			t.Fatal(err)
		}
		z.eventually(func() string {
			owner := at(i).Routes()[0].Owner
			for n := range deps {
				if r := at(n).Routes()[0]; r.Owner == 0 || r.Owner != owner {
					return fmt.Sprintf("round %d: node %d has the route %+v, want an owner, and the same one everywhere", i, n+1, r)
				}
			}
			return ""
		})
		if t.Failed() {
			return
		}
		if err := at(i).Release(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEnsureLeavesNothing lets Ensure fail, for want of room and for want of time: nobody wants
// the unit then. A call that stands is not ended by another one that fails.
func TestEnsureLeavesNothing(t *testing.T) {
	z := newZone(t, 2)
	sums := newSums(t)
	deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, SLA: SLA{Standbys: 1}, Needs: resource.Need{Memory: 600 << 20}})
	ctx := z.context()
	first, second := deps[0].Unit(cell1), deps[0].Unit(sfaas.NewKey(sfaas.KindCell, 2))
	if err := first.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	var un *UnplacedError
	if err := second.Ensure(ctx); !errors.As(err, &un) {
		t.Fatalf("got %v, want no room", err)
	}
	over, stop := context.WithCancel(ctx)
	stop()
	for _, u := range []*Unit{first, second} {
		if err := u.Ensure(over); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want a cancelled context", err)
		}
	}
	z.eventually(func() string {
		if n := z.nodes[0].wants(); n != 1 {
			return fmt.Sprintf("node 1 wants %d units, want 1: the one that stands", n)
		}
		return ""
	})
	if err := first.Release(ctx); err != nil {
		t.Fatal(err)
	}
	z.nothing()
}

// TestReleaseKept says of a kept unit that it stays, and where, and changes nothing.
func TestReleaseKept(t *testing.T) {
	x := newTotals(t)
	z := newZone(t, 2)
	deps, ctx := z.deploy(x.app, Spec{Unit: sfaas.KindCell}), z.context()
	cell := deps[0].Unit(cell1)
	if err := cell.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	owner := cell.Routes()[0].Owner
	z.eventually(func() string { // the other node hears who the owner is
		var kept *sfaas.KeptError
		if err := deps[1].Unit(cell1).Release(ctx); !errors.As(err, &kept) || kept.Owner != owner {
			return fmt.Sprintf("released: %v, want an error that names node %d", err, owner)
		}
		return ""
	})
	if err := x.in.PushValue(cell, cell1, 1, &number{1}); err != nil {
		t.Error(err)
	}
}
