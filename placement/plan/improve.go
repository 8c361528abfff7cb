// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"math"
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

// Coalition is how many nodes exchange units at most in a plan of an agent: with four of them
// which nodes are awake is decided too early, with more than a dozen deals are refused too often.
const Coalition = 12

// leastCoalition is the same for a search too short for more: what one costs grows with the
// square of the number of nodes.
const leastCoalition = 4

// coalitionSweep is about how many places are priced per node and node of a coalition in a search
// that is worth while: a hundred times each of about three units in two modes.
const coalitionSweep = 600

// Node returns the best plan that one node can lead: to move one of its units, to move all
// of them so that it can sleep, or those off its accelerator that use it, or to exchange units
// with some other nodes, [Coalition] at most and one that sleeps among them. Budget is the number
// of places priced for the exchange. It returns false if nothing passes the shield. The state, in
// which units are where they are now, is left as it is.
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
	m.coalition(s, self, budget)
	m.ruiner.Among(s, m.nodes, budget, seed)
	consider()
	return best, found
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
func (m *Improver) coalition(s *State, self int32, budget int) {
	v := s.view
	zone := v.Zone(v.Nodes[self].Zone)
	m.nodes = append(m.nodes[:0], self)
	most := min(max(int(math.Sqrt(float64(budget)/coalitionSweep)), leastCoalition), Coalition)
	others := 1 + m.random.IntN(most-1)
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
