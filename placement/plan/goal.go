// SPDX-License-Identifier: Apache-2.0

package plan

import "slices"

// goal is a state of a zone that an [Improver] wants to come to, which may be many stages away
// from where units are.
type goal struct {
	zone  int
	place []Place
	scale []float64 // of the work of the units for which it was found
}

// keep makes a state the goal.
func (g *goal) keep(s *State, zone int) {
	g.zone = zone
	g.place = append(g.place[:0], s.place...)
	g.scale = append(g.scale[:0], s.view.scale...)
}

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
// came since then staying where they are. If the goal is of another time, no longer
// allowed, or no better than what is now, the state is left as it is.
func (g *goal) recall(s *State, now []Place, zone int) {
	if len(g.place) != len(now) || g.zone != zone || !slices.Equal(g.scale, s.view.scale) || len(s.Violations(nil)) > 0 {
		return
	}
	before := s.watt
	for u, p := range g.place {
		if p != now[u] && g.reaches(s, u) {
			s.Put(u, p)
		}
	}
	if s.watt < before && len(s.Violations(nil)) == 0 {
		return
	}
	for u, p := range now {
		if s.place[u] != p {
			s.Put(u, p)
		}
	}
	s.watt = before
}

// reaches reports whether a unit can be at its goal, as far as nodes are there.
func (g *goal) reaches(s *State, u int) bool {
	p := g.place[u]
	if slices.Contains(s.barred, Bar{u, p.Node}) {
		return false
	}
	return p.Node >= 0 && !s.gone[p.Node] && !s.ghost[u] && s.view.Units[u].Zone == g.zone && s.place[u].Node >= 0
}
