// SPDX-License-Identifier: Apache-2.0

package plan

// Demand is what a unit takes of its node, in the terms in which a node lends and admits.
// What a [Load] has in one figure, the slack, is taken apart here. Times are microseconds.
type Demand struct {
	CPU     float64 // processor seconds per second
	Memory  float64 // bytes, in millions
	Slotted bool    // it begins with each slot, together with all others

	Ingress  float64 // from the input's departure until it is here, by the last of its links
	Work     float64 // processor time per slot, by quantile; 0 for a unit without slots
	Chain    float64 // of its longest chain, which begins when all slotted work is done
	Egress   float64 // from the end of its work to who waits for it
	Deadline float64 // from the input's departure to the output's arrival

	Kind              string  // of its accelerator, CPU for none
	Accelerator       float64 // share of it that is busy
	AcceleratorMemory float64 // bytes, in millions
	AcceleratorMicros float64 // of the accelerator per activation
}

// Demand returns what a unit takes where it is, with the hops of its links there. It does
// not allocate. The unit must have a place.
func (s *State) Demand(u int) Demand {
	v, p := s.view, s.place[u]
	t, n := &v.Units[u], &v.Nodes[p.Node]
	m := &t.Modes[p.Mode]
	l := s.own[u]
	s.addHops(int32(u), p.Node, &l)
	d := Demand{
		CPU: l.CPU, Memory: l.Memory, Slotted: t.Slotted, Work: l.SlotMicros, Chain: m.ChainMicros / n.Speed,
		Egress: t.EgressMicros, Deadline: t.Deadline, Kind: m.Kind,
	}
	if t.IngressKB > 0 {
		d.Ingress = v.ingressMicros(int32(u), p.Node)
	}
	for i := range v.links[u] {
		if e := &v.links[u][i]; e.input && !s.together(e.peer, p.Node) {
			d.Ingress += e.latency
		}
	}
	if m.Kind != CPU {
		d.Accelerator, d.AcceleratorMemory = l.Accelerator, l.AcceleratorMemory
		d.AcceleratorMicros = m.AcceleratorMicros * v.scale[u]
	}
	return d
}

// Price returns how many watts more the state takes with a unit, which has no place now, at
// a place, whether there is room for it or not: that is for the node to say. It refuses what
// no room would help.
func (s *State) Price(u int, p Place) (watts float64, refused Refusal) {
	if refused := s.bars(u, p); !refused.OK() {
		return 0, refused
	}
	next, wire := s.with(u, p)
	return wire + s.view.watts(p.Node, &next) - s.view.watts(p.Node, &s.load[p.Node]), Refusal{}
}

// bars returns why a unit cannot be at a place whatever room there is: the node is gone or
// of another zone, has refused it a moment ago, lacks the accelerator, or has a unit that must
// be apart.
func (s *State) bars(u int, p Place) Refusal {
	v, j := s.view, p.Node
	if s.gone[j] || v.Units[u].Zone != v.Nodes[j].Zone {
		return Refusal{Line: LineZone, Node: j}
	}
	if !v.allows(int32(u), j, p.Mode) {
		return Refusal{Line: LineKind, Node: j}
	}
	for _, b := range s.barred {
		if b.Unit == u && b.Node == j {
			return Refusal{Line: LineZone, Node: j}
		}
	}
	for _, o := range v.apart[u] {
		if s.place[o].Node == j || s.anchored && s.home[o].Node == j {
			return Refusal{Line: LineApart, Node: j}
		}
	}
	return Refusal{}
}
