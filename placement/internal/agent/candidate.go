// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

// Many agents look for places at the same time, by views that are equally old: they all
// know the same nodes as the best ones, and none of them what the others are about to take.
// If each asked the best node first, that one would admit a few and refuse all others, the
// next best one likewise, and so on down the line. So an agent draws which of the few best
// nodes it asks; and the more nodes have refused, the more are the few, since that says how
// many others are about.

// candidates is the nodes that may be asked for an item.
type candidates struct {
	nodes   []NodeID   // best first; those in which the planner sees no room come last
	planned int        // how many of them the planner has named
	asked   sfaas.Time // when it did
}

// fewBest is the share of the nodes with room from which the first one is drawn, as a
// divisor.
const fewBest = 32

// draw lets each of the first few nodes be one of the best, by how many have refused.
func (c *candidates) draw(a *Agent, few, refused int) {
	window := (c.planned + fewBest - 1) / fewBest << min(refused, 16)
	for i := range min(few, c.planned) {
		k := i + a.random(max(min(window, c.planned-i), 1))
		c.nodes[i], c.nodes[k] = c.nodes[k], c.nodes[i]
	}
}

// keep leaves out the nodes that may not be asked.
func (c *candidates) keep(may func(n NodeID) bool) {
	kept, planned := c.nodes[:0], 0
	for k, n := range c.nodes {
		if !may(n) {
			continue
		}
		kept = append(kept, n)
		if k < c.planned {
			planned = len(kept)
		}
	}
	c.nodes, c.planned = kept, planned
}

// candidates returns the nodes that may be asked for an item, best first but for chance.
// Those that the planner leaves out, as it sees no room there, come last: the view may be
// old, and only they know which line does not fit. The result is valid until the next call.
func (a *Agent) candidates(it *Item, tried []NodeID) []NodeID {
	c := candidates{nodes: a.order[:0]}
	a.ask(&c, it, tried)
	c.draw(a, 1, len(tried))
	a.order = c.nodes
	return c.nodes
}

// ask lets the planner name the nodes for an item.
func (a *Agent) ask(c *candidates, it *Item, tried []NodeID) {
	c.nodes, c.asked = c.nodes[:0], a.now
	if a.cfg.Planner != nil {
		v := a.View()
		c.nodes = a.cfg.Planner.Order(c.nodes, &v, it)
	}
	c.planned = len(c.nodes)
	for i := range a.nodes {
		c.nodes = append(c.nodes, a.nodes[i].Node)
	}
	a.seen = append(a.seen[:0], make([]bool, len(a.nodes))...)
	for _, n := range tried {
		if i, ok := a.at(n); ok {
			a.seen[i] = true
		}
	}
	c.keep(func(n NodeID) bool {
		i, ok := a.at(n)
		if !ok || a.seen[i] {
			return false
		}
		a.seen[i] = true
		return a.mayTake(i, it)
	})
}

// mayTake reports whether a member, by its place among nodes, may be asked for an item.
func (a *Agent) mayTake(i int, it *Item) bool {
	n := &a.nodes[i]
	return n.State == NodeOpen && !a.peers[i].suspect && !(n.Node == a.cfg.Node && a.drain.on) &&
		n.Deployed&DeploymentBit(it.Row.Deployment) != 0
}

// nodesFor returns the nodes that may be asked for the unit of a wish and its standbys, the
// first of them drawn from the best. Within a round little becomes known: until the next
// one those count that the planner has named before, without those that have refused.
func (a *Agent) nodesFor(w *wish, row *UnitRow) []NodeID {
	c, few := &w.nodes, 1+int(row.Want)
	if len(w.tried) > 0 && a.now.Sub(c.asked) < a.cfg.Round {
		c.keep(func(n NodeID) bool { return !slices.Contains(w.tried, n) && a.open(n) })
	} else {
		c.planned = 0
	}
	if c.planned < few {
		it := Item{Row: *row, Role: RoleOwner}
		a.ask(c, &it, w.tried)
	}
	c.draw(a, few, len(w.tried))
	return c.nodes
}
