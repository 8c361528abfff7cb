// SPDX-License-Identifier: Apache-2.0

package plan

import "math"

// Modes are a node's own business: no other node has to agree. So who plans does not say in
// which modes units shall work, but foresees it: by what nodes do, which is here.

// Admit gives a unit, which has no place now, a place at a node as the node itself would: in
// the mode that takes least of those for which there is room as things are, and if there is
// none, with other modes of the units that are there. It returns which of them have changed,
// for as long as nothing else does, and false if there is no room either way: then the state is
// as it was.
func (s *State) Admit(u int, j int32) (changed []Move, ok bool) {
	best, least := Nowhere, math.Inf(1)
	for mode := range s.view.Units[u].Modes {
		p := Place{j, int8(mode)}
		if watts, refused := s.Cost(u, p); refused.OK() && watts < least {
			best, least = p, watts
		}
	}
	if best.Node >= 0 {
		s.Put(u, best)
		return nil, true
	}
	return s.MakeRoom(u, j)
}

// MakeRoom is Admit for where there is no room as things are: all units of the node, and the
// one that comes, get the modes in which they fit and take least together.
func (s *State) MakeRoom(u int, j int32) (changed []Move, ok bool) {
	if !s.mayBe(u, j) {
		return nil, false
	}
	c := &s.choice
	s.place[u] = Place{Node: j} // so that the messages between it and the others are no hops
	c.begin(s, j, s.at[j], u)
	s.place[u] = Nowhere
	if !c.search(math.Inf(1)) {
		return nil, false
	}
	changed = c.apply(s, u)
	p := c.placeOf(u)
	if _, refused := s.Cost(u, p); refused.OK() { // the other ends of its links have to bear it too
		s.Put(u, p)
		return changed, true
	}
	s.takeBack(changed)
	return nil, false
}

// takeBack puts units where they were before some moves.
func (s *State) takeBack(moves []Move) {
	for _, m := range moves {
		s.Put(m.Unit, m.From)
	}
}

// mayBe reports whether a unit could be at a node if there were room.
func (s *State) mayBe(u int, j int32) bool {
	for mode := range s.view.Units[u].Modes {
		if refused := s.bars(u, Place{j, int8(mode)}); refused.OK() {
			return true
		}
	}
	return false
}

// Settle lets the units of one node that are in the list work in the modes in which the node
// takes least, others staying as they are. It reports whether anything has changed.
func (s *State) Settle(j int32, units []int32) (changed bool) {
	c := &s.choice
	c.begin(s, j, units, -1)
	free, known := false, math.Inf(1)
	if line, _, _ := s.view.over(j, &s.load[j]); line == "" {
		known = s.view.watts(j, &s.load[j])
	}
	for i := range c.units {
		o := &c.units[i]
		free = free || o.n > 1
		if !o.has(s.place[o.unit].Mode) { // it is of another node
			free, known = true, math.Inf(1)
		}
	}
	return free && c.search(known-1e-9) && len(c.apply(s, -1)) > 0
}
