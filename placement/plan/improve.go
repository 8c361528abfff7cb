// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// An Improver finds plans: what an agent asks for its own node, and what the planner of
// a zone asks for all of them. Every plan that it returns has passed its shield. It is
// for one goroutine at a time, and for states of views of one set of nodes and units.
type Improver struct {
	Shield Shield
	Choice Choice // orders the targets of units that leave a node
	// Bars are places that Zone leaves out: whoever proposes knows that they were refused a
	// moment ago, whatever the view says.
	Bars []Bar

	ruiner *Ruiner
	random *rand.Rand
	pcg    rand.PCG
	nodes  []int32
	moves  []Move
	now    []Place // of units, before anything is changed
	from   []Place // where a search would have begun that begins with nothing
	stuck  bool    // the last search has found nothing
	best   goal    // that Zone has found
	aim    goal    // of its last plans
	way    []Plan  // what is left of them
}

// Bar says that a unit must not come to a node.
type Bar struct {
	Unit int   // number of the unit
	Node int32 // number of the node
}

// NewImprover returns an improver for states of the view, with a policy that orders
// targets; nil is best fit by energy.
func NewImprover(v *View, policy Policy) *Improver {
	m := &Improver{Choice: Choice{Policy: policy}, ruiner: NewRuiner(v)}
	m.random = rand.New(&m.pcg)
	return m
}

// Coalition is how many nodes exchange units at most in a plan of an agent.
const Coalition = 4

// Node returns the best plan that one node can lead: to move one of its units, to move all
// of them so that it can sleep, or those off its accelerator that use it, or to exchange units
// with up to three other nodes, one that sleeps among them. Budget is the number of places priced for the exchange. It returns
// false if nothing passes the shield. The state, in which units are where they are now, is
// left as it is.
func (m *Improver) Node(s *State, self int32, budget int, seed uint64) (best Plan, found bool) {
	if len(s.at[self]) == 0 {
		return best, false
	}
	m.pcg.Seed(seed, uint64(self))
	m.now = append(m.now[:0], s.place...)
	consider := func() {
		for _, p := range m.plans(s) {
			if !found || p.Saves > best.Saves {
				best, found = p, true
			}
		}
	}
	m.drain(s, self)
	consider()
	m.drainAccelerator(s, self)
	consider()
	m.single(s, self)
	consider()
	m.coalition(s, self)
	m.ruiner.Among(s, m.nodes, budget, seed)
	consider()
	return best, found
}

// Zone returns plans from ruin and recreate over a whole zone, those that save most first,
// within about a budget of places that are priced. No two plans share a node, so they can
// be done at the same time. The state is left as it is.
//
// It looks for the best state of the zone of all, and goes on with the best one of the last
// call as long as the work of the units is what it was then: so a long search is done in
// many short calls, while plans lead there step by step. If there is a better one and no way
// towards it, which is a matter of room on the way, it looks for nearer states, and in the end
// among a few nodes at a time.
func (m *Improver) Zone(s *State, zone, budget int, seed uint64) []Plan {
	m.now = append(m.now[:0], s.place...)
	s.barred = m.Bars
	defer func() { s.barred = nil }()
	// What the shield will demand of a move is what a move costs here.
	stay := max(m.Shield.Least, 1e-3)
	before := s.watt
	m.best.recall(s, m.now, zone)
	m.search(s, zone, budget-budget/4, seed, stay)
	m.best.keep(s, zone)
	better := s.watt < before
	plans := m.plans(s)
	if len(plans) == 0 && better {
		m.ruiner.from(s, m.now, zone, s.view.Zone(zone), budget/8, seed+1, 8*stay)
		plans = m.plans(s)
	}
	if len(plans) == 0 && better {
		plans = m.small(s, zone, budget/8, seed)
		m.now = append(m.now[:0], s.place...)
	}
	// Of a better state than ever less may be within reach than of the last one.
	m.aim.recall(s, m.now, zone)
	if last := m.plans(s); saves(last) > saves(plans) {
		plans = last
	}
	slices.SortStableFunc(plans, func(a, b Plan) int { return cmp.Compare(b.Saves, a.Saves) })
	m.aim.keep(s, zone)
	m.aim.follow(plans)
	m.way = append(m.way[:0], plans...)
	return plans
}

// search looks for a better state. It begins with the one that is there; if that has led to
// nothing the last time, with none: all units of the zone are placed anew, and one of the nodes
// that are awake, with those like it that sleep, is left out. Another choice of nodes may be far
// from this one, and worse all the way there.
func (m *Improver) search(s *State, zone, budget int, seed uint64, stay float64) {
	before, nodes := s.watt, s.view.Zone(zone)
	if m.stuck = m.stuck && m.best.is(s); !m.stuck {
		m.ruiner.from(s, m.now, zone, nodes, budget, seed, stay)
		m.stuck = s.watt > before-1e-9
		return
	}
	m.from = append(m.from[:0], s.place...)
	m.nodes = append(m.nodes[:0], nodes...)
	m.pcg.Seed(seed, 3)
	if out := nodes[m.random.IntN(len(nodes))]; len(s.at[out]) > 0 {
		m.nodes = slices.DeleteFunc(m.nodes, func(j int32) bool {
			return j == out || len(s.at[j]) == 0 && alike(&s.view.Nodes[j], &s.view.Nodes[out])
		})
	}
	if !s.clear(zone) {
		return
	}
	m.ruiner.from(s, m.now, zone, m.nodes, budget, seed, stay)
	if s.watt > before-1e-9 || s.Unplaced() > 0 || len(s.Violations(nil)) > 0 {
		s.putBack(m.from, before)
	}
}

// alike reports whether two nodes have the same, wherever they are.
func alike(a, b *Node) bool {
	kind := func(n *Node) (k Accelerator) {
		if n.Accelerator != nil {
			k = *n.Accelerator
		}
		return k
	}
	return a.Cores == b.Cores && a.Speed == b.Speed && a.IdleW == b.IdleW && a.MaxW == b.MaxW && kind(a) == kind(b)
}

// clear takes all units of a zone from their places. It does nothing, and returns false, if some
// have none already or cannot be moved.
func (s *State) clear(zone int) bool {
	for u, p := range s.place {
		if s.view.Units[u].Zone == zone && !s.ghost[u] && (p.Node < 0 || s.gone[p.Node]) {
			return false
		}
	}
	for u := range s.place {
		if s.view.Units[u].Zone == zone && !s.ghost[u] {
			s.Remove(u)
		}
	}
	return true
}

// saves returns what plans save together.
func saves(plans []Plan) (watts float64) {
	for i := range plans {
		watts += plans[i].Saves
	}
	return watts
}

// Towards returns plans from where units are now to where the plans of the last call of Zone
// lead, without a search. As long as their stages are done as they say it is what is left of
// them; when one has not been done, or not wholly, it is another way from there. It returns none
// if all is reached, or the work of the units has changed.
func (m *Improver) Towards(s *State, zone int) []Plan {
	s.barred = m.Bars
	defer func() { s.barred = nil }()
	if m.goOn(s); len(m.way) > 0 {
		return m.way
	}
	m.now = append(m.now[:0], s.place...)
	m.aim.recall(s, m.now, zone)
	m.way = append(m.way[:0], m.plans(s)...)
	return m.way
}

// goOn strikes the first stage out of each of the last plans. If one has not been done, or what
// is left passes the shield no more, none of them counts any longer.
func (m *Improver) goOn(s *State) {
	left := m.way[:0]
	for _, p := range m.way {
		done := !slices.ContainsFunc(p.Stages[0], func(mv Move) bool { return s.place[mv.Unit].Node != mv.To.Node })
		p.Stages = p.Stages[1:]
		if !done || len(p.Stages) > 0 && m.Shield.Judge(s, &p) != Pass {
			m.way = m.way[:0]
			return
		}
		if len(p.Stages) > 0 {
			left = append(left, p)
		}
	}
	m.way = left
}

// Forget lets go of what earlier calls of Zone have found.
func (m *Improver) Forget() {
	m.best.place, m.aim.place, m.way = m.best.place[:0], m.aim.place[:0], m.way[:0]
}

// small returns plans of single nodes of a zone that share no node.
func (m *Improver) small(s *State, zone, budget int, seed uint64) (plans []Plan) {
	const each = 3000
	nodes := s.view.Zone(zone)
	busy := make(map[int32]bool)
	random := rand.New(rand.NewPCG(seed, 2))
	for budget > 0 && len(nodes) > 0 {
		budget -= each
		p, found := m.Node(s, nodes[random.IntN(len(nodes))], each, random.Uint64())
		if !found || p.touches(busy) {
			continue
		}
		for _, stage := range p.Stages {
			for _, mv := range stage {
				busy[mv.From.Node], busy[mv.To.Node] = true, true
			}
		}
		plans = append(plans, p)
	}
	return plans
}

// touches reports whether a plan has to do with any of some nodes.
func (p *Plan) touches(nodes map[int32]bool) bool {
	for _, stage := range p.Stages {
		for _, m := range stage {
			if nodes[m.From.Node] || nodes[m.To.Node] {
				return true
			}
		}
	}
	return false
}

// plans returns a plan for each part of what has been changed in a state since m.now that
// passes the shield, and takes the changes back.
func (m *Improver) plans(s *State) (plans []Plan) {
	groups := difference(s, m.now)
	for u, p := range m.now {
		if s.place[u] != p {
			s.Put(u, p)
		}
	}
	for _, g := range groups {
		if p, ok := Sequence(s, g); ok && p.Moves() > 0 && m.Shield.Judge(s, &p) == Pass {
			plans = append(plans, p)
		}
	}
	return plans
}

// drain moves all units of a node elsewhere, or none.
func (m *Improver) drain(s *State, self int32) {
	m.moves = m.moves[:0]
	for len(s.at[self]) > 0 {
		u := int(s.at[self][0])
		from := s.place[u]
		s.Remove(u)
		c, refused := m.Choice.Best(s, u, func(j int32) bool { return j == self })
		if !refused.OK() {
			s.Put(u, from)
			for _, back := range m.moves {
				s.Put(back.Unit, back.From)
			}
			return
		}
		s.Put(u, c.Place)
		m.moves = append(m.moves, Move{u, from, c.Place})
	}
}

// single moves the one unit whose best other place saves most.
func (m *Improver) single(s *State, self int32) {
	best, saves := Move{}, 0.0
	for i := 0; i < len(s.at[self]); i++ {
		u := int(s.at[self][0]) // each in turn: what is put back goes to the end
		from, before := s.place[u], s.watt
		s.Remove(u)
		c, refused := m.Choice.Best(s, u, func(j int32) bool { return j == self })
		if refused.OK() && before-(s.watt+c.Watts) > saves {
			best, saves = Move{u, from, c.Place}, before-(s.watt+c.Watts)
		}
		s.Put(u, from)
	}
	if saves > 0 {
		s.Put(best.Unit, best.To)
	}
}

// coalition draws the nodes with which a node exchanges units: mostly such as have units,
// and often one that sleeps.
func (m *Improver) coalition(s *State, self int32) {
	v := s.view
	zone := v.Zone(v.Nodes[self].Zone)
	m.nodes = append(m.nodes[:0], self)
	others := 1 + m.random.IntN(Coalition-1)
	asleep := m.random.IntN(2) == 0
	for range 8 * others {
		if len(m.nodes) > others {
			return
		}
		j := zone[m.random.IntN(len(zone))]
		if s.gone[j] || slices.Contains(m.nodes, j) || len(s.at[j]) == 0 && !asleep {
			continue
		}
		if len(s.at[j]) == 0 {
			asleep = false
		}
		m.nodes = append(m.nodes, j)
	}
}
