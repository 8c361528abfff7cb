// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// TestNumberTaken lets a node join under the number of one that lives, by that one and by
// another seed: it hears where that one is, and nobody else hears anything. When the first one
// has left, the number is free.
func TestNumberTaken(t *testing.T) {
	z := newZone(t, 2)
	first := z.nodes[1]
	cfg := Config{Listen: "127.0.0.1:0", Token: []byte("secret"), Node: first.ID(), Resources: lends(1, 1<<30), Logger: quietLog}
	for _, seed := range z.nodes {
		cfg.Seeds = []string{seed.Address()}
		var taken *peer.TakenError
		if n, err := Join(t.Context(), cfg); !errors.As(err, &taken) || taken.Node != first.ID() || taken.Address != first.Address() {
			t.Errorf("seed %d: joined %v, %v; want that node %d is at %s", seed.ID(), n != nil, err, first.ID(), first.Address())
		}
	}
	for _, n := range z.nodes {
		if got := n.Members(); len(got) != 2 || got[1].Incarnation != first.incarnation {
			t.Errorf("node %d: members %v", n.ID(), got)
		}
	}
	if err := first.Leave(z.context()); err != nil {
		t.Fatal(err)
	}
	cfg.Seeds = []string{z.nodes[0].Address()}
	n, err := Join(t.Context(), cfg)
	if err != nil {
		t.Fatalf("the number is free: %v", err)
	}
	z.await(n, 2)
	if err := n.Leave(z.context()); err != nil {
		t.Error(err)
	}
}

// TestNumberMet lets two nodes of one number join two zones, and own one unit there, under one
// epoch. When the zones become one, the earlier life ends, and says why; the unit has one owner.
func TestNumberMet(t *testing.T) {
	leavesNothing(t)
	s := newSums(t)
	spec := Spec{Unit: sfaas.KindCell}
	var zones [2]zone
	deps := map[*Node]*Deployment{}
	deploy := func(n *Node) *Deployment {
		d, err := n.Deploy(s.app, spec)
		if err != nil {
			t.Fatal(err)
		}
		deps[n] = d
		return d
	}
	for i := range zones {
		z := &zones[i]
		z.t = t
		asks := z.join(func(c *Config) { c.Node, c.Resources = sfaas.NodeID(i+1), lends(0, 0) })
		owns := z.join(func(c *Config) { c.Node = 5 })
		z.await(asks, 2)
		z.await(owns, 2)
		cell := deploy(asks).Unit(cell1)
		deploy(owns)
		if err := cell.Ensure(z.context()); err != nil {
			t.Fatal(err)
		}
		if r := cell.Routes()[0]; r.Owner != 5 || r.Epoch != epochOf(1, 5, 0) {
			t.Fatalf("zone %d: the unit has the route %v", i, r)
		}
	}
	old, stays := zones[0].nodes[1], zones[1].nodes[1]
	whole := zone{t: t}
	both := whole.join(func(c *Config) {
		c.Node, c.Resources = 3, lends(0, 0)
		for i := range zones {
			c.Seeds = append(c.Seeds, zones[i].nodes[0].Address())
		}
	})
	deploy(both)
	var taken *peer.TakenError
	if err := old.Await(whole.context(), 100); !errors.As(err, &taken) || !errors.Is(err, ErrLeft) || taken.Address != stays.Address() {
		t.Fatalf("the earlier life: %v, want that it has ended, and who has its number", err)
	}
	if err := old.Leave(whole.context()); !errors.As(err, &taken) {
		t.Errorf("the earlier life leaves: %v", err)
	}
	delete(deps, old)
	for n := range deps {
		whole.await(n, 4)
	}
	if err := deps[zones[0].nodes[0]].Unit(cell1).Ensure(whole.context()); err != nil {
		t.Fatal(err)
	}
	whole.eventually(func() string {
		owners := 0
		for n, d := range deps {
			if r, err := d.rt.Route(sfaas.Unit{Part: "add", Root: cell1}); err != nil || r.Owner != 5 {
				return fmt.Sprintf("node %d has the route %v, %v", n.ID(), r, err)
			}
			for _, u := range d.stats(nil) {
				if u.Unit.Root == cell1 && u.Owned {
					owners++
				}
			}
		}
		if owners != 1 {
			return fmt.Sprintf("%d nodes own the unit", owners)
		}
		return ""
	})
	for n, d := range deps {
		if err := s.in.PushValue(d.Unit(cell1), cell1, sfaas.Slot(n.ID()), &number{1}); err != nil {
			t.Errorf("node %d: %v", n.ID(), err)
		}
	}
}
