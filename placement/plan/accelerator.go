// SPDX-License-Identifier: Apache-2.0

package plan

// drainAccelerator takes all units of a node off its accelerator, so that it can be switched
// off, or none: each goes where it takes least, be that another node or the processors of the
// same one. Those of the same node are its own business ([State.Settle]); here they count
// with what makes room for them.
func (m *Improver) drainAccelerator(s *State, self int32) {
	if s.load[self].AcceleratorUnits == 0 {
		return
	}
	m.moves = m.moves[:0]
	for {
		u := s.acceleratorUser(self)
		if u < 0 {
			return
		}
		from := s.place[u]
		s.Remove(u)
		best, refused := m.Choice.Best(s, u, func(j int32) bool { return j == self })
		for mode := range s.view.Units[u].Modes {
			p := Place{self, int8(mode)}
			if s.view.Units[u].Modes[mode].Kind != CPU {
				continue
			}
			if watts, r := s.Cost(u, p); r.OK() && (!refused.OK() || watts < best.Watts) {
				best, refused = Candidate{u, p, watts}, r
			}
		}
		if !refused.OK() {
			s.Put(u, from)
			for i := len(m.moves) - 1; i >= 0; i-- {
				s.Put(m.moves[i].Unit, m.moves[i].From)
			}
			return
		}
		s.Put(u, best.Place)
		m.moves = append(m.moves, Move{u, from, best.Place})
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
