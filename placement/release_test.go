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

// keeps returns of how many units a node keeps something for itself.
func (n *Node) keeps() (most int) {
	n.look(func(a *agent.Agent) { most = len(a.View().Units) })
	n.mu.Lock()
	defer n.mu.Unlock()
	return max(most, len(n.names))
}

// TestUnitsThatComeAndGo places units and takes them out of service again, more and more. When the
// time of a lease is over nodes have forgotten all of them but the one that stays, and gates had
// before; and one of them comes into service again.
func TestUnitsThatComeAndGo(t *testing.T) {
	z := newZone(t, 2)
	sums := newSums(t)
	deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, SLA: SLA{Standbys: 1}})
	ctx := z.context()
	if err := deps[0].Unit(cell1).Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := deps[1].Receive(ctx, cell1); err != nil {
		t.Fatal(err)
	}
	const units = 200
	cell := func(d *Deployment, i uint64) *Unit { return d.Unit(sfaas.NewKey(sfaas.KindCell, 100+i)) }
	for i := range uint64(units) {
		u, other := cell(deps[i%2], i), cell(deps[i/2%2], i)
		if err := errors.Join(u.Ensure(ctx), sums.in.PushValue(u, u.Key(), 1, &number{1}), other.Release(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	if n := z.nodes[0].keeps(); n < units/2 {
		t.Fatalf("after a moment node 1 keeps something of %d units: what comes late is not refused", n)
	}
	z.eventually(func() string {
		for i, n := range z.nodes {
			for range 10 * int(time.Second/n.cfg.Round) { // as fast as it can
				n.post(agent.Event{Kind: agent.Tick})
			}
			d := deps[i]
			d.gate.mu.RLock()
			turns := len(d.gate.turns)
			d.gate.mu.RUnlock()
			if keeps := n.keeps(); keeps != 1 || turns > 2 {
				return fmt.Sprintf("node %d keeps something of %d units, and its gate of %d", n.id, keeps, turns)
			}
		}
		return ""
	})
	forgotten := cell(deps[0], 9).units[0]
	row, err := z.nodes[0].row(deps[0], forgotten)
	if err != nil {
		t.Fatal(err)
	}
	z.nodes[0].carryOut(&agent.Effect{Kind: agent.Own, Unit: row.Unit, Name: z.nodes[0].unitName(deps[0], forgotten), Epoch: 1})
	z.nodes[0].look(func(a *agent.Agent) {
		i := slices.IndexFunc(a.View().Units, func(r agent.UnitRow) bool { return r.Unit == row.Unit })
		if want := deps[0].route(forgotten).Epoch; want == 0 || i < 0 || a.View().Units[i].Epoch != want {
			t.Errorf("after it could not own a unit that it has forgotten, the agent knows %+v, want epoch %#x", a.View().Units, want)
		}
	})
	u := cell(deps[1], 7)
	if err := errors.Join(u.Ensure(ctx), sums.in.PushValue(u, u.Key(), 2, &number{1})); err != nil {
		t.Fatalf("in service again: %v", err)
	}
}
