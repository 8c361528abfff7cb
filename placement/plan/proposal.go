// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
)

// Move is one unit that goes from one place to another. In which mode it will work there is
// foreseen: that is for the node to say, and so are changes of mode at one node.
type Move struct {
	Unit     int   // number of the unit
	From, To Place // where it is and shall be
}

// Plan is a way from one state to a better one: stages of moves, each of which can be done
// as a whole without overloading a node on the way, the next one when the last one is done.
// On the way it may take more watts than before; in the end it saves. A plan of one stage
// is what an agent can do as one set of leases.
type Plan struct {
	Stages [][]Move
	Saves  float64 // watts that the last state takes less than the first
	Cost   float64 // joules that all moves take
}

// Moves returns how many moves from node to node the plan has in all.
func (p *Plan) Moves() int {
	n := 0
	for _, stage := range p.Stages {
		for _, m := range stage {
			if m.From.Node != m.To.Node {
				n++
			}
		}
	}
	return n
}

// MoveJoules returns what one move takes: what every move does, and the work of the slots
// that the new owner does beside the old one.
func (v *View) MoveJoules(m Move) float64 {
	n, t := &v.Nodes[m.To.Node], &v.Units[m.Unit]
	work := t.Modes[m.To.Mode].WorkMicros * v.scale[m.Unit] * 1e-6 / n.Speed // core seconds per activation
	fed := v.Move.FedSlots
	if !t.Slotted {
		fed = 1
	}
	return v.Move.Joules + fed*work*(n.MaxW-n.IdleW)/n.Cores
}

// difference returns the changes that bring a state from some places to those that it has
// now, in groups that have nothing to do with each other: no node is in two of them, nor
// are units that talk to each other. Units that had no place, or have none, are left out.
func difference(s *State, from []Place) [][]Move {
	nodes := make(joined)
	var moves []Move
	for u, p := range s.place {
		home := from[u]
		if p.Node < 0 || home.Node < 0 || p == home {
			continue
		}
		moves = append(moves, Move{u, home, p})
		nodes.join(home.Node, p.Node)
		for i := range s.view.links[u] {
			peer := s.view.links[u][i].peer
			if k := s.place[peer]; k.Node >= 0 && k != from[peer] {
				nodes.join(k.Node, p.Node)
			}
		}
	}
	slices.SortStableFunc(moves, func(a, b Move) int { return cmp.Compare(nodes.find(a.To.Node), nodes.find(b.To.Node)) })
	var groups [][]Move
	for i, m := range moves {
		if i == 0 || nodes.find(m.To.Node) != nodes.find(moves[i-1].To.Node) {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], m)
	}
	return groups
}

// joined is a set of groups of nodes: by node another one of its group, or itself.
type joined map[int32]int32

func (g joined) find(j int32) int32 {
	o, ok := g[j]
	if !ok {
		g[j] = j
		return j
	}
	if o != j {
		o = g.find(o)
		g[j] = o
	}
	return o
}

func (g joined) join(j, k int32) { g[g.find(j)] = g.find(k) }
