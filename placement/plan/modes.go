// SPDX-License-Identifier: Apache-2.0

package plan

// Settle lets the units of one node that are in the list work in the modes in which the
// node takes least, others staying as they are: each unit in turn by itself, and all of
// them off the accelerator, so that it can be switched off. That is the node's own
// business: no other node has to agree. It reports whether anything has changed.
func (s *State) Settle(j int32, units []int32) (changed bool) {
	for range 2 {
		again := false
		for _, u := range units {
			again = s.settle(j, int(u)) || again
		}
		changed = changed || again
		if !again {
			break
		}
	}
	return s.drainAccelerator(j, units) || changed
}

// settle gives one unit the mode in which its node takes least.
func (s *State) settle(j int32, u int) bool {
	at := s.place[u]
	if at.Node != j || len(s.view.Units[u].Modes) == 1 {
		return false
	}
	s.Remove(u)
	best, least, known := at, 0.0, false
	for mode := range s.view.Units[u].Modes {
		p := Place{j, int8(mode)}
		watts, refused := s.Cost(u, p)
		if refused.OK() && (!known || watts < least-1e-9 || watts < least+1e-9 && p == at) {
			best, least, known = p, watts, true
		}
	}
	s.Put(u, best)
	return best != at
}

// drainAccelerator takes all units of the list off the accelerator of a node if there is
// room for them on the processors, and less is taken then.
func (s *State) drainAccelerator(j int32, units []int32) bool {
	before, done := s.watt, 0
	if s.load[j].AcceleratorUnits == 0 {
		return false
	}
	var back []Move
	for _, u := range units {
		at := s.place[u]
		if at.Node != j || s.view.Units[u].Modes[at.Mode].Kind == CPU {
			continue
		}
		back = append(back, Move{int(u), at, at})
		s.Remove(int(u))
		p := Place{j, 0}
		if _, refused := s.Cost(int(u), p); !refused.OK() || s.view.Units[u].Modes[0].Kind != CPU {
			break
		}
		s.Put(int(u), p)
		done++
	}
	if done == len(back) && s.watt < before-1e-9 {
		return true
	}
	for _, m := range back {
		s.Put(m.Unit, m.From)
	}
	s.watt = before
	return false
}
