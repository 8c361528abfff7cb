// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// sameForAll is a planner that names the nodes by number: the same order for everybody.
type sameForAll struct{}

func (sameForAll) Order(dst []NodeID, v *View, _ *Item) []NodeID {
	for i := range v.Nodes {
		dst = append(dst, v.Nodes[i].Node)
	}
	return dst
}

func (sameForAll) Think(dst []Move, _ sfaas.Time, _ *View) []Move { return dst }

// Forty agents place a unit each at the same moment, and all know the same nodes as the best
// ones, each of which has room for two. If all went down the same line, there would be about
// ten refusals per unit.
func TestManyWishesAtOnceDoNotHerd(t *testing.T) {
	const nodes = 40
	for seed := range uint64(2) {
		w := newWorld(t, seed, nodes, 2)
		for _, n := range w.sorted() {
			n.agent.cfg.Planner = sameForAll{}
		}
		w.run(200 * time.Millisecond)
		for u := range UnitID(nodes) {
			w.wish(NodeID(u+1), 0, u+1)
		}
		w.run(2 * time.Second)
		w.settled(0, unitsTo(nodes)...)
		if w.nos > 4*nodes {
			t.Errorf("seed %d: %d refusals, want at most four per unit", seed, w.nos)
		}
		// Few are drawn from, so the nodes that are good are used: half of them would do.
		used := 0
		for _, n := range w.sorted() {
			if len(n.shelf.leases) > 0 {
				used++
			}
		}
		if used > nodes*7/8 {
			t.Errorf("seed %d: %d of %d nodes are used, want that the best ones are preferred", seed, used, nodes)
		}
	}
}

// One who is alone asks the best node, and each refusal doubles the number of nodes from
// which the next one is drawn.
func TestDrawWidensWithRefusals(t *testing.T) {
	a := &Agent{rng: 1}
	order := make([]NodeID, 100)
	for i := range order {
		order[i] = NodeID(i + 1)
	}
	for refused, most := range []NodeID{3, 6, 12, 24, 48, 80, 80} {
		var last NodeID
		for range 2000 {
			c := candidates{nodes: slices.Clone(order), planned: 80}
			c.draw(a, 1, refused)
			last = max(last, c.nodes[0])
		}
		if last != most {
			t.Errorf("%d refusals: drawn up to %d, want %d", refused, last, most)
		}
	}
	c := candidates{nodes: slices.Clone(order[:20]), planned: 20}
	if c.draw(a, 1, 0); c.nodes[0] != 1 {
		t.Errorf("of twenty nodes %d is asked first, want the best", c.nodes[0])
	}
	c = candidates{nodes: slices.Clone(order[:20])}
	if c.draw(a, 1, 5); c.nodes[0] != 1 {
		t.Errorf("of nodes that nobody has named %d is asked first, want the first", c.nodes[0])
	}
}
