// SPDX-License-Identifier: Apache-2.0

package plan

// drainAccelerator takes all units of a node off its accelerator, so that it can be switched
// off, or none: each goes where it takes least, be that another node or the processors of the
// same one. Those of the same node are its own business ([State.Settle]); here they count
// with what makes room for them.
//
// Of two accelerators the one that is used less is drained, and by its own node: so no two
// nodes drain theirs to each other at the same time.
func (m *Improver) drainAccelerator(s *State, self int32) {
	if s.load[self].AcceleratorUnits == 0 {
		return
	}
	m.moves = m.moves[:0]
	used := s.load[self].Accelerator
	for u := s.acceleratorUser(self); u >= 0; u = s.acceleratorUser(self) {
		from := s.place[u]
		s.Remove(u)
		to := s.leastWithout(u, self, used)
		if to == Nowhere {
			s.Put(u, from)
			for i := len(m.moves) - 1; i >= 0; i-- {
				s.Put(m.moves[i].Unit, m.moves[i].From)
			}
			return
		}
		s.Put(u, to)
		m.moves = append(m.moves, Move{u, from, to})
	}
}

// acceleratorUser returns a unit of a node that uses its accelerator, or -1.
func (s *State) acceleratorUser(j int32) int {
	for _, u := range s.at[j] {
		if s.view.Units[u].Modes[s.place[u].Mode].Kind != CPU {
			return int(u)
		}
	}
	return -1
}

// leastWithout returns the place at which a unit takes least without the accelerator of a node,
// or of any other one that is used less than so much.
func (s *State) leastWithout(u int, self int32, used float64) Place {
	return s.least(u, func(p Place) bool {
		other := s.load[p.Node].Accelerator
		return s.view.Units[u].Modes[p.Mode].Kind == CPU || p.Node != self && (other > used || other == used && p.Node < self)
	})
}
