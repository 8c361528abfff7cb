// SPDX-License-Identifier: Apache-2.0

package plan

// Cost returns how many watts more the state takes with a unit, which has no place now, at
// a place; or the first line that it fails there or at the far end of one of its links.
// Watts count all that the unit brings about: a node that wakes up, an accelerator that is
// switched on, hops at both ends, bits that leave a site. It does not allocate.
func (s *State) Cost(u int, p Place) (watts float64, refused Refusal) {
	v := s.view
	j := p.Node
	if s.gone[j] || v.Units[u].Zone != v.Nodes[j].Zone {
		return 0, Refusal{Line: LineZone, Node: j}
	}
	if !v.allows(int32(u), j, p.Mode) {
		return 0, Refusal{Line: LineKind, Node: j}
	}
	for _, o := range v.apart[u] {
		if s.place[o].Node == j {
			return 0, Refusal{Line: LineApart, Node: j}
		}
	}
	one := v.own(int32(u), j, p.Mode)
	wire := v.ingressWatts(int32(u), j)
	s.far = s.far[:0]
	if len(v.links[u]) > 0 {
		s.addHops(int32(u), j, &one)
		wire += s.farEnds(int32(u), j)
	}
	if refused := s.ownLine(u, p); !refused.OK() {
		return 0, refused
	}
	next := s.load[j]
	next.add(&one)
	if line, got, want := v.over(j, &next); line != "" {
		return 0, Refusal{line, j, got, want}
	}
	watts = wire + v.watts(j, &next) - v.watts(j, &s.load[j])
	if refused := s.peerLines(u, j); !refused.OK() {
		return 0, refused
	}
	for i := range s.far {
		f := &s.far[i]
		far := s.load[f.node]
		far.CPU += f.cpu
		far.SlotMicros += f.slot
		far.Slack = min(far.Slack, f.slack)
		far.AcceleratorSlack = min(far.AcceleratorSlack, f.accel)
		if line, got, want := v.over(f.node, &far); line != "" {
			return 0, Refusal{line, f.node, got, want}
		}
		watts += v.watts(f.node, &far) - v.watts(f.node, &s.load[f.node])
	}
	return watts, Refusal{}
}

// ownLine returns whether a unit without slots, which queues behind nothing, meets its own
// deadline. Units with slots are checked with all others of their node.
func (s *State) ownLine(u int, p Place) Refusal {
	v := s.view
	if v.Units[u].Slotted {
		return Refusal{}
	}
	if left := s.left(u, p); left < -tolerance {
		deadline := v.Units[u].Deadline
		return Refusal{LineDeadline, p.Node, deadline - left, deadline}
	}
	return Refusal{}
}

// left returns the microseconds that a unit at a place has left of its deadline, the hops
// of its inputs taken off.
func (s *State) left(u int, p Place) float64 {
	v := s.view
	left := v.slack(int32(u), p.Node, p.Mode)
	for i := range v.links[u] {
		e := &v.links[u][i]
		if k := s.place[e.peer].Node; e.input && k >= 0 && k != p.Node {
			micros, _ := v.between(p.Node, k)
			left -= e.latency + micros
		}
	}
	return left
}

// peerLines returns whether the units without slots that a unit at node j sends to still
// meet their deadlines.
func (s *State) peerLines(u int, j int32) Refusal {
	v := s.view
	for i := range v.links[u] {
		e := &v.links[u][i]
		p := s.place[e.peer]
		if e.input || p.Node < 0 || p.Node == j || s.ghost[e.peer] || v.Units[e.peer].Slotted {
			continue
		}
		micros, _ := v.between(j, p.Node)
		if left := s.left(int(e.peer), p) - e.latency - micros; left < -tolerance {
			deadline := v.Units[e.peer].Deadline
			return Refusal{LineDeadline, p.Node, deadline - left, deadline}
		}
	}
	return Refusal{}
}

// farEnds collects in s.far what a unit at node j would add to other nodes through its
// links, and returns the watts of wires between sites.
func (s *State) farEnds(u, j int32) (wire float64) {
	v := s.view
	for i := range v.links[u] {
		e := &v.links[u][i]
		k := s.place[e.peer].Node
		if k < 0 || k == j {
			continue
		}
		micros, apart := v.between(j, k)
		if apart {
			wire += e.watts
		}
		f := s.farEnd(k)
		f.cpu += e.hop * e.rate * 1e-6 / v.Nodes[k].Speed
		if !v.Units[e.peer].Slotted {
			continue
		}
		f.slot += e.hop / v.Nodes[k].Speed
		if e.input || s.ghost[e.peer] {
			continue
		}
		// The peer's input comes from outside from now on, and later.
		peer := s.own[e.peer]
		s.addHops(e.peer, k, &peer)
		f.slack = min(f.slack, peer.Slack-e.latency-micros)
		f.accel = min(f.accel, peer.AcceleratorSlack-e.latency-micros)
	}
	return wire
}

// farEnd returns the entry of a node in s.far.
func (s *State) farEnd(k int32) *far {
	for i := range s.far {
		if s.far[i].node == k {
			return &s.far[i]
		}
	}
	none := NoLoad()
	s.far = append(s.far, far{node: k, slack: none.Slack, accel: none.AcceleratorSlack})
	return &s.far[len(s.far)-1]
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
