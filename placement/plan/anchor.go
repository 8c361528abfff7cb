// SPDX-License-Identifier: Apache-2.0

package plan

// Anchor says that units are where they are now, and that whatever is changed from here on
// is a proposal: until it is done a unit that moves takes its old place and its new one.
// From now on [State.Cost] admits a place only if it has room beside all that is still
// there. So everything between here and the next Anchor can be done at once, as a whole,
// without overloading any node on the way. As long as it is not done, a unit that is to come
// relieves nobody of a hop: see [State.Promise].
func (s *State) Anchor() {
	s.noteMoved()
	s.anchored = true
	for j := range s.homes {
		s.homes[j] = s.homes[j][:0]
		s.held[j] = NoLoad()
	}
	for u, p := range s.place {
		s.home[u] = Nowhere
		if p.Node < 0 || s.ghost[u] {
			continue
		}
		s.home[u], s.homeLoad[u] = p, s.own[u]
		s.addHops(int32(u), p.Node, &s.homeLoad[u])
		s.homes[p.Node] = append(s.homes[p.Node], int32(u))
	}
	s.refreshMoved()
}

// Home returns where a unit was at the last Anchor.
func (s *State) Home(u int) Place { return s.home[u] }

// Release ends what Anchor has begun: places count as they are.
func (s *State) Release() {
	s.noteMoved()
	s.anchored = false
	s.refreshMoved()
}

// noteMoved notes the nodes of units that have moved since the last Anchor and talk to
// others: those may be relieved of hops when the move is done.
func (s *State) noteMoved() {
	s.moved = s.moved[:0]
	if !s.anchored {
		return
	}
	for u, p := range s.place {
		if p.Node >= 0 && p.Node != s.home[u].Node && len(s.view.links[u]) > 0 {
			s.moved = append(s.moved, p.Node)
		}
	}
}

func (s *State) refreshMoved() {
	for _, j := range s.moved {
		s.refresh(j)
	}
}

// hold counts anew what the home of a unit holds for units that are elsewhere.
func (s *State) hold(u int) {
	if !s.anchored || s.home[u].Node < 0 {
		return
	}
	j := s.home[u].Node
	s.held[j] = s.heldAt(j, -1)
}

// heldAt returns what a node holds for units of it that are elsewhere, other than one.
func (s *State) heldAt(j, except int32) Load {
	sum := NoLoad()
	for _, u := range s.homes[j] {
		if u != except && s.place[u].Node != j {
			sum.add(&s.homeLoad[u])
		}
	}
	sum.Units, sum.AcceleratorUnits = 0, min(sum.AcceleratorUnits, 1)
	return sum
}
