// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

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
// nothing the last time, with none: all units of the zone are placed anew, and every second time
// one of the nodes that are awake, with those like it that sleep, is left out. Another choice of
// nodes may be far from this one, and worse all the way there.
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
	if out := nodes[m.random.IntN(len(nodes))]; len(s.at[out]) > 0 && seed%2 == 0 {
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

// goOn strikes the first stage out of each of the last plans. If one of them does not go on,
// none counts any longer.
func (m *Improver) goOn(s *State) {
	left := m.way[:0]
	for i := range m.way {
		p, ok := m.rest(s, &m.way[i])
		if !ok {
			m.way = m.way[:0]
			return
		}
		if len(p.Stages) > 0 {
			left = append(left, p)
		}
	}
	m.way = left
}

// rest returns what is left of a plan when its first stage is done. It returns false if that has
// not been done, or not wholly, or if what is left passes the shield no more.
func (m *Improver) rest(s *State, p *Plan) (Plan, bool) {
	if slices.ContainsFunc(p.Stages[0], func(mv Move) bool { return s.place[mv.Unit].Node != mv.To.Node }) {
		return Plan{}, false
	}
	left := Plan{Stages: p.Stages[1:]}
	return left, len(left.Stages) == 0 || m.Shield.Judge(s, &left) == Pass
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
