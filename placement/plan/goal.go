// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"math"
	"slices"
)

// goal is a state of a zone that an [Improver] wants to come to, which may be many stages away
// from where units are.
type goal struct {
	zone  int
	place []Place
	scale []float64 // of the work of the units for which it was found

	left   []int32   // scratch of recall: units that cannot be at their goals
	failed []Refusal // and lines
}

// keep makes a state the goal.
func (g *goal) keep(s *State, zone int) {
	g.zone = zone
	g.place = append(g.place[:0], s.place...)
	g.scale = append(g.scale[:0], s.view.scale...)
}

// is reports whether a state is the goal.
func (g *goal) is(s *State) bool { return slices.Equal(g.place, s.place) }

// follow makes the goal the one to which plans lead from it.
func (g *goal) follow(plans []Plan) {
	for i := range plans {
		for _, stage := range plans[i].Stages {
			for _, m := range stage {
				g.place[m.Unit] = m.To
			}
		}
	}
}

// recall brings a state, in which units are where they are now, to the goal, units that
// came since then staying where they are. Units that cannot be at their goals, as they have been
// refused there or the node is gone, get the place at which they take least beside all others:
// one refusal is no reason to head for another state. If the goal is of another time, no
// longer allowed, or no better than what is now, the state is left as it is. What is now may
// fail lines, for a moment, as modes follow moves a little later: then any goal is better.
func (g *goal) recall(s *State, now []Place, zone int) {
	if len(g.place) != len(now) || g.zone != zone || !slices.Equal(g.scale, s.view.scale) {
		return
	}
	before, worst := s.watt, s.watt
	if g.failed = s.Violations(g.failed[:0]); len(g.failed) > 0 {
		worst = math.Inf(1)
	}
	g.left = g.left[:0]
	for u, p := range g.place {
		switch {
		case p.Node == now[u].Node: // in which mode is for the node to say
		case g.reaches(s, u):
			s.Put(u, p)
		case p.Node >= 0 && g.movable(s, u):
			g.left = append(g.left, int32(u))
			s.Remove(u)
		}
	}
	for u, p := range now {
		if j := s.place[u].Node; j != p.Node {
			s.settleAll(j)
			s.settleAll(p.Node)
		}
	}
	for _, u := range g.left {
		if !g.admit(s, int(u)) {
			s.Put(int(u), now[u])
		}
	}
	if g.failed = s.Violations(g.failed[:0]); s.watt < worst && len(g.failed) == 0 {
		if len(g.left) > 0 {
			g.keep(s, zone)
		}
		return
	}
	s.putBack(now, before)
}

// settleAll chooses the modes of all units of a node as the node will.
func (s *State) settleAll(j int32) {
	if j >= 0 {
		s.Settle(j, s.at[j])
	}
}

// admit gives a unit the place at which it takes least, with other modes of those that are
// there if there is no room without, and reports whether there is one.
func (g *goal) admit(s *State, u int) bool {
	best, least := int32(-1), math.Inf(1)
	for _, j := range s.view.Zone(g.zone) {
		before := s.watt
		changed, ok := s.Admit(u, j)
		if !ok {
			continue
		}
		if watts := s.watt; watts < least {
			best, least = j, watts
		}
		s.Remove(u)
		s.takeBack(changed)
		s.watt = before
	}
	if best >= 0 {
		s.Admit(u, best)
	}
	return best >= 0
}

// reaches reports whether a unit can be at its goal, as far as nodes are there.
func (g *goal) reaches(s *State, u int) bool {
	p := g.place[u]
	return p.Node >= 0 && !s.gone[p.Node] && !slices.Contains(s.barred, Bar{u, p.Node}) && g.movable(s, u)
}

// movable reports whether a unit can be moved at all.
func (g *goal) movable(s *State, u int) bool {
	at := s.place[u].Node
	return at >= 0 && !s.gone[at] && !s.ghost[u] && s.view.Units[u].Zone == g.zone
}
