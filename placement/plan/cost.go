// SPDX-License-Identifier: Apache-2.0

package plan

import "math"

// Cost returns how many watts more the state takes with a unit, which has no place now, at
// a place; or the first line that it fails there, or that the other end of one of its links
// fails. Watts count all that the unit brings about: a node that wakes up, an accelerator
// that is switched on, hops, and bits that leave a site. It does not allocate.
func (s *State) Cost(u int, p Place) (watts float64, refused Refusal) {
	v := s.view
	j := p.Node
	if refused := s.bars(u, p); !refused.OK() {
		return 0, refused
	}
	next, wire := s.with(u, p)
	if refused := s.fits(u, j, next); !refused.OK() {
		return 0, refused
	}
	if len(v.links[u]) > 0 {
		if refused := s.linkLines(u, p); !refused.OK() {
			return 0, refused
		}
	} else if refused := s.ownLine(u, p); !refused.OK() {
		return 0, refused
	}
	return wire + v.watts(j, &next) - v.watts(j, &s.load[j]), Refusal{}
}

// least returns the place at which a unit, which has no place now, takes least of all in its zone that
// it may have and that admit it, Nowhere if there is none.
func (s *State) least(u int, may func(Place) bool) Place {
	best, least := Nowhere, math.Inf(1)
	for _, j := range s.view.Zone(s.view.Units[u].Zone) {
		for mode := range s.view.Units[u].Modes {
			p := Place{j, int8(mode)}
			if !may(p) {
				continue
			}
			if watts, refused := s.Cost(u, p); refused.OK() && watts < least {
				best, least = p, watts
			}
		}
	}
	return best
}

// with returns the load of a node with one unit more, and the watts of the unit's wires.
func (s *State) with(u int, p Place) (next Load, wire float64) {
	v, j := s.view, p.Node
	one := v.own(int32(u), j, p.Mode)
	wire = v.ingressWatts(int32(u), j)
	if len(v.links[u]) == 0 {
		next = s.load[j]
		next.add(&one)
		return next, wire
	}
	// Units of the node that talk to this one have a hop less when it comes.
	wire += s.linkWatts(u, j)
	s.addHops(int32(u), j, &one)
	before := s.place[u]
	s.place[u] = p
	next = s.load[j]
	for i := range v.links[u] {
		if s.place[v.links[u][i].peer].Node == j {
			next = s.sum(j)
			break
		}
	}
	s.place[u] = before
	next.add(&one)
	return next, wire
}

// fits returns which line a node would fail with a load, and with what it holds for units
// that move away, other than u.
func (s *State) fits(u int, j int32, load Load) Refusal {
	if s.anchored && len(s.homes[j]) > 0 {
		held := &s.held[j]
		if s.home[u].Node == j {
			others := s.heldAt(j, int32(u))
			held = &others
		}
		load.add(held)
	}
	line, got, want := s.view.over(j, &load)
	if line == "" {
		return Refusal{}
	}
	return Refusal{line, j, got, want}
}

// linkLines returns which line fails at the ends of a unit's links if it is at a place: its
// own deadline, those of the units that it sends to, and the nodes of its peers, which may
// have been relieved of hops only because it was there.
func (s *State) linkLines(u int, p Place) Refusal {
	v := s.view
	before := s.place[u]
	s.place[u] = p
	refused := s.ownLine(u, p)
	for i := 0; refused.OK() && i < len(v.links[u]); i++ {
		e := &v.links[u][i]
		peer := s.place[e.peer]
		if peer.Node < 0 || peer.Node == p.Node || s.ghost[e.peer] {
			continue
		}
		if refused = s.fits(u, peer.Node, s.load[peer.Node]); refused.OK() && !e.input {
			refused = s.ownLine(int(e.peer), peer)
		}
	}
	s.place[u] = before
	return refused
}

// ownLine returns whether a unit without slots, which queues behind nothing, meets its own
// deadline. Units with slots are checked with all others of their node.
func (s *State) ownLine(u int, p Place) Refusal {
	v := s.view
	if v.Units[u].Slotted {
		return Refusal{}
	}
	left := v.slack(int32(u), p.Node, p.Mode)
	for i := range v.links[u] {
		if e := &v.links[u][i]; e.input && !s.together(e.peer, p.Node) {
			left -= e.latency
		}
	}
	if left < -tolerance {
		deadline := v.Units[u].Deadline
		return Refusal{LineDeadline, p.Node, deadline - left, deadline}
	}
	return Refusal{}
}

// Violations appends every line that the state as it is fails, and returns dst: what an
// independent checker would find, by the arithmetic of this package.
func (s *State) Violations(dst []Refusal) []Refusal {
	v := s.view
	for j := range s.load {
		if line, got, want := v.over(int32(j), &s.load[j]); line != "" {
			dst = append(dst, Refusal{line, int32(j), got, want})
		}
	}
	for u, p := range s.place {
		if p.Node < 0 || s.ghost[u] {
			continue
		}
		if !v.allows(int32(u), p.Node, p.Mode) {
			dst = append(dst, Refusal{Line: LineKind, Node: p.Node})
		}
		for _, o := range v.apart[u] {
			if int(o) > u && s.place[o].Node == p.Node {
				dst = append(dst, Refusal{Line: LineApart, Node: p.Node})
			}
		}
		if r := s.ownLine(u, p); !r.OK() {
			dst = append(dst, r)
		}
	}
	return dst
}
