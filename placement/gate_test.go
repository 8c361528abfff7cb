// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestGate lets a unit have owners one after the other, by moves and by claims, and looks
// at whose outputs pass: in the order in which they come, news of routes included.
func TestGate(t *testing.T) {
	type step struct {
		epoch uint32
		slot  sfaas.Slot
		news  bool // a route, and no output
		want  bool
	}
	a, moved, again := epochOf(1, 2, 0), epochOf(1, 2, 1), epochOf(1, 2, 2)
	claimed, rival := epochOf(2, 3, 0), epochOf(2, 4, 0)
	for name, steps := range map[string][]step{
		"first owner":                                    {{a, 0, true, false}, {a, 7, false, true}, {a, 6, false, true}},
		"no news of it":                                  {{a, 7, false, true}},
		"a move: the old one below the fence":            {{a, 7, false, true}, {moved, 9, false, true}, {a, 8, false, true}, {a, 9, false, false}, {a, 10, false, false}},
		"a move: its news alone changes nothing":         {{a, 7, false, true}, {moved, 0, true, false}, {a, 8, false, true}, {moved, 9, false, true}},
		"two moves":                                      {{a, 7, false, true}, {moved, 9, false, true}, {again, 12, false, true}, {moved, 11, false, true}, {moved, 12, false, false}},
		"a claim, by its news":                           {{a, 7, false, true}, {claimed, 0, true, false}, {a, 8, false, false}, {claimed, 9, false, true}},
		"a claim, by its first output":                   {{a, 7, false, true}, {claimed, 9, false, true}, {a, 8, false, false}},
		"a claim: earlier slots of the old one, too":     {{claimed, 9, false, true}, {a, 3, false, false}, {moved, 4, false, false}},
		"two claims of one era: the higher node":         {{claimed, 9, false, true}, {rival, 9, false, true}, {claimed, 10, false, false}},
		"a move of who has claimed, and old news behind": {{claimed, 9, false, true}, {claimed + 1, 12, false, true}, {claimed, 11, false, true}, {a, 0, true, false}, {a, 13, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var g gate
			nothing := func(u sfaas.Unit) sfaas.Route { return sfaas.Route{Unit: u} }
			x := g.meet(sfaas.Unit{Part: "f", Root: cell1}, nothing)
			for i, s := range steps {
				if s.news {
					x.learn(s.epoch)
				} else if got := x.passes(s.epoch, s.slot); got != s.want {
					t.Errorf("step %d: slot %d under %#x passes: %v, want %v", i, s.slot, s.epoch, got, s.want)
				}
			}
			if g.of(sfaas.Unit{Part: "f", Root: cell1}) != x || g.meet(sfaas.Unit{Part: "g", Root: cell1}, nothing) == x {
				t.Error("units are mixed up")
			}
		})
	}
	if n := claimedBy(claimed); n != 3 {
		t.Errorf("claimed by %d, want 3", n)
	}
	if n := claimedBy(moved); n != 0 {
		t.Errorf("a move is a claim of %d", n)
	}
}

// TestGateOfUnitsOutOfService lets units come and go: the gate keeps nothing of those that have
// gone, and refuses what comes of them late. One that comes again is let through, whether its
// output is there first or its route.
func TestGateOfUnitsOutOfService(t *testing.T) {
	var g gate
	routes := map[sfaas.Unit]sfaas.Route{}
	route := func(u sfaas.Unit) sfaas.Route { return routes[u] }
	hear := func(u sfaas.Unit, owner sfaas.NodeID, epoch uint32) {
		routes[u] = sfaas.Route{Unit: u, Owner: owner, Epoch: epoch}
		g.hear(routes[u])
	}
	passes := func(u sfaas.Unit, epoch uint32) bool {
		x := g.of(u)
		if x == nil {
			x = g.meet(u, route)
		}
		return x.passes(epoch, 1)
	}
	first, gone, again, later := epochOf(1, 2, 0), epochOf(2, 0, 1), epochOf(3, 2, 0), epochOf(4, 3, 0)
	for i := range uint64(100_000) {
		u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, i)}
		if !passes(u, first) { // before its route
			t.Fatalf("unit %d: its first owner is refused", i)
		}
		hear(u, 2, first)
		had := g.of(u)
		hear(u, 0, gone)
		if passes(u, first) || had.passes(first, 1) {
			t.Fatalf("unit %d: what comes late passes", i)
		}
		if i%2 == 0 {
			hear(u, 2, again)
		}
		if !passes(u, again) || passes(u, first) {
			t.Fatalf("unit %d: in service again, and refused, or what comes late passes", i)
		}
		hear(u, 3, later)
		if g.of(u) == nil || passes(u, again) || !passes(u, later) {
			t.Fatalf("unit %d: claimed by another node", i)
		}
		hear(u, 0, epochOf(5, 0, 1))
		if len(g.turns) > 0 {
			t.Fatalf("unit %d: the gate keeps something of %d units out of service", i, len(g.turns))
		}
	}
}
