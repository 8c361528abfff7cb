// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
)

// A State is a view with a place for each unit. It keeps the load of every node and the
// watts of all, and tells at what price a unit can be where.
//
// What a node does beyond the units of the state is its base load ([State.SetBase]): an
// agent that knows the rows of others, and the units of none but itself, has a state with
// its own units and the rows as base loads. A unit of somewhere else to which one's own
// units talk is [State.Pin]ned: hops go there, and its load is in the base already.
//
// A State is for one goroutine at a time. Its methods do not allocate once every node has
// had as many units as it will have.
type State struct {
	view    *View
	place   []Place
	ghost   []bool    // by unit: pinned
	promise []bool    // by unit: it may yet not come
	own     []Load    // by unit: its own load where it is, without hops of links
	at      [][]int32 // by node: its units
	base    []Load
	load    []Load
	gone    []bool
	watt    float64 // of all nodes and wires
	wire    float64 // of the wires alone

	anchored bool      // units count at their homes too, see Anchor
	home     []Place   // by unit: where it was at Anchor
	homeLoad []Load    // by unit: what it took there
	homes    [][]int32 // by node: units whose home it is
	held     []Load    // by node: what units of it take that are elsewhere now
	moved    []int32   // scratch of Anchor: nodes

	barred []Bar // see Improver.Bars
	choice choice
}

// NewState returns the state in which no unit has a place and every node is empty.
func NewState(v *View) *State {
	s := &State{
		view: v, place: make([]Place, len(v.Units)), ghost: make([]bool, len(v.Units)), promise: make([]bool, len(v.Units)), own: make([]Load, len(v.Units)),
		at: make([][]int32, len(v.Nodes)), base: make([]Load, len(v.Nodes)), load: make([]Load, len(v.Nodes)),
		gone: make([]bool, len(v.Nodes)),
		home: make([]Place, len(v.Units)), homeLoad: make([]Load, len(v.Units)),
		homes: make([][]int32, len(v.Nodes)), held: make([]Load, len(v.Nodes)),
	}
	s.Reset(v)
	return s
}

// Reset makes the state that of NewState of another view with as many nodes and units.
func (s *State) Reset(v *View) {
	s.view, s.watt, s.wire, s.anchored = v, 0, 0, false
	for u := range s.place {
		s.place[u], s.ghost[u], s.promise[u] = Nowhere, false, false
	}
	for j := range s.load {
		s.at[j], s.gone[j] = s.at[j][:0], false
		s.base[j], s.load[j] = NoLoad(), NoLoad()
	}
}

// Copy makes the state equal to another one of the same view.
func (s *State) Copy(o *State) {
	s.view, s.watt, s.wire = o.view, o.watt, o.wire
	copy(s.place, o.place)
	copy(s.ghost, o.ghost)
	copy(s.promise, o.promise)
	copy(s.own, o.own)
	copy(s.base, o.base)
	copy(s.load, o.load)
	copy(s.gone, o.gone)
	for j := range s.at {
		s.at[j] = append(s.at[j][:0], o.at[j]...)
	}
	if s.anchored = o.anchored; !s.anchored {
		return
	}
	copy(s.home, o.home)
	copy(s.homeLoad, o.homeLoad)
	copy(s.held, o.held)
	for j := range s.homes {
		s.homes[j] = append(s.homes[j][:0], o.homes[j]...)
	}
}

// View returns the view of the state.
func (s *State) View() *View { return s.view }

// Place returns where a unit is.
func (s *State) Place(u int) Place { return s.place[u] }

// Load returns the load of a node.
func (s *State) Load(j int) Load { return s.load[j] }

// At returns the units of a node that the state knows; the caller must not change them,
// and they hold until the next change of the state.
func (s *State) At(j int) []int32 { return s.at[j] }

// Energy returns the watts of the state above the floor at which all nodes sleep.
func (s *State) Energy() float64 { return s.watt }

// Unplaced returns how many units have no place.
func (s *State) Unplaced() int {
	n := 0
	for _, p := range s.place {
		if p.Node < 0 {
			n++
		}
	}
	return n
}

// SetBase sets what a node does beyond the units that the state knows.
func (s *State) SetBase(j int, base Load) {
	s.base[j] = base
	s.refresh(int32(j))
}

// SetGone says that a node takes no unit: it has left, or is suspected.
func (s *State) SetGone(j int, gone bool) { s.gone[j] = gone }

// Pin says where a unit is whose load the base of its node holds already.
func (s *State) Pin(u int, node int32) {
	s.Remove(u)
	s.place[u], s.ghost[u] = Place{Node: node}, true
	s.touch(u, node, 1)
}

// Promise says that a unit is about to come to the place that it is given, and may yet stay
// away: it takes its room there, and the units that it talks to have their hops all the same.
// Until it has come they send to where it was, too.
func (s *State) Promise(u int, promised bool) {
	s.promise[u] = promised
	if j := s.place[u].Node; j >= 0 {
		s.refresh(j)
	}
}

// Put gives a unit a place, admitted or not; [State.Cost] says what it would be.
func (s *State) Put(u int, p Place) {
	s.Remove(u)
	s.place[u] = p
	if p.Node < 0 {
		return
	}
	s.own[u] = s.view.own(int32(u), p.Node, p.Mode)
	s.at[p.Node] = append(s.at[p.Node], int32(u))
	s.touch(u, p.Node, 1)
	s.hold(u)
}

// PutAll is Put for all units of a state that is as after Reset, one place per unit, and for
// many of them much faster.
func (s *State) PutAll(places []Place) {
	for u, p := range places {
		s.place[u] = p
		if p.Node < 0 {
			continue
		}
		s.own[u] = s.view.own(int32(u), p.Node, p.Mode)
		s.at[p.Node] = append(s.at[p.Node], int32(u))
	}
	for u, p := range places {
		if p.Node >= 0 {
			s.wire += s.view.ingressWatts(int32(u), p.Node) + s.linkWatts(u, p.Node)/2 // each link has two ends
		}
	}
	s.watt += s.wire
	for j := range s.at {
		if len(s.at[j]) > 0 {
			s.refresh(int32(j))
		}
	}
}

// Remove takes a unit from its place.
func (s *State) Remove(u int) {
	p := s.place[u]
	s.place[u] = Nowhere
	if p.Node < 0 {
		return
	}
	if s.ghost[u] {
		s.ghost[u] = false
	} else if i := slices.Index(s.at[p.Node], int32(u)); i >= 0 {
		s.at[p.Node] = slices.Delete(s.at[p.Node], i, i+1)
	}
	s.touch(u, p.Node, -1)
	s.hold(u)
}

// touch counts anew the node that a unit comes to or leaves. Loads of others do not
// change: their links to the unit were hops before and are now, see addHops. The watts of
// wires between sites are added or taken.
func (s *State) touch(u int, j int32, sign float64) {
	v := s.view
	wire := 0.0
	if !s.ghost[u] {
		wire = v.ingressWatts(int32(u), j)
	}
	wire += s.linkWatts(u, j)
	s.wire += sign * wire
	s.watt += sign * wire
	s.refresh(j)
}

// linkWatts returns what the wires of a unit's links take if it is at a node.
func (s *State) linkWatts(u int, j int32) (watts float64) {
	v := s.view
	for i := range v.links[u] {
		e := &v.links[u][i]
		k := s.place[e.peer].Node
		if k >= 0 && k != j && v.apartSites(j, k) {
			watts += e.watts
		}
	}
	return watts
}

// ingressWatts returns what the input of a unit takes on the way to a node.
func (v *View) ingressWatts(u, j int32) float64 {
	t, n := &v.Units[u], &v.Nodes[j]
	if t.IngressKB == 0 || t.X == n.X && t.Y == n.Y {
		return 0
	}
	return v.wireWatts(t.IngressKB, t.PerSecond)
}

// refresh adds up the load of a node again. Sums that were only added to and taken from
// would drift.
func (s *State) refresh(j int32) {
	l := s.sum(j)
	s.watt += s.view.watts(j, &l) - s.view.watts(j, &s.load[j])
	s.load[j] = l
}

// sum returns the load of a node: its base, and its units with their hops.
func (s *State) sum(j int32) Load {
	l := s.base[j]
	for _, u := range s.at[j] {
		one := s.own[u]
		s.addHops(int32(u), j, &one)
		l.add(&one)
	}
	return l
}

// addHops adds to the load of a unit at a node what its links take there. Every link is a
// hop unless the other unit is on the same node: that of a unit without a place too, since
// it will be somewhere. So a node knows by itself what it has to bear, whatever others do.
func (s *State) addHops(u, j int32, l *Load) {
	v := s.view
	if len(v.links[u]) == 0 {
		return
	}
	speed, slotted := v.Nodes[j].Speed, v.Units[u].Slotted
	for i := range v.links[u] {
		e := &v.links[u][i]
		if s.together(e.peer, j) {
			continue
		}
		l.CPU += e.hop * e.rate * 1e-6 / speed
		if slotted {
			l.SlotMicros += e.hop / speed
		}
		if e.input {
			l.Slack -= e.latency
			l.AcceleratorSlack -= e.latency
		}
	}
}

// together reports whether a link of a unit at node j is no hop at its end: the other unit is
// there, and not only promised.
func (s *State) together(peer, j int32) bool {
	return s.place[peer].Node == j && !s.promise[peer] && !(s.anchored && s.home[peer].Node != j)
}
