// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"math"
	"slices"
)

// A Policy orders the places that a unit could have. It decides nothing else: places that
// are not admitted never come to it, and what it says about the others is an order alone.
type Policy interface {
	// Name is what the policy is called on command lines and in tables.
	Name() string
	// Score writes a number per candidate into scores, lower for better ones. An error, or
	// a number that is no number, hands the choice to best fit by energy.
	Score(s *State, candidates []Candidate, scores []float64) error
}

// Candidate is an admitted place of a unit.
type Candidate struct {
	Unit  int // number of the unit
	Place Place
	Watts float64 // that the state takes more with the unit there
}

// Choice finds places for single units by a policy. It has scratch of its own, so it is
// for one goroutine at a time; it does not allocate once it has seen the largest zone.
type Choice struct {
	Policy Policy
	Errors int // calls in which the policy failed and best fit chose

	candidates []Candidate
	scores     []float64
	ranks      []rankedNode
}

// Best returns the place that the policy likes best among those that admit a unit, which
// must have no place, and the watts that it takes. Nodes of which skip returns true are
// left out; a nil skip leaves out none. Without any place it returns the refusal of the
// node that came closest, which is the last line checked.
func (c *Choice) Best(s *State, unit int, skip func(node int32) bool) (Candidate, Refusal) {
	c.candidates = c.candidates[:0]
	refused := Refusal{Line: LineZone, Node: -1}
	v := s.view
	for _, j := range v.Zone(v.Units[unit].Zone) {
		if skip != nil && skip(j) {
			continue
		}
		for mode := range v.Units[unit].Modes {
			p := Place{j, int8(mode)}
			watts, r := s.Cost(unit, p)
			switch {
			case r.OK():
				c.candidates = append(c.candidates, Candidate{unit, p, watts})
			case len(c.candidates) == 0 && closer(r.Line, refused.Line):
				refused = r
			}
		}
	}
	if len(c.candidates) == 0 {
		return Candidate{Unit: unit, Place: Nowhere}, refused
	}
	return c.candidates[c.pick(s)], Refusal{}
}

// Order appends to dst the nodes that admit a unit without a place, those that the policy
// likes best first, each once. It does not allocate once dst is large enough.
func (c *Choice) Order(dst []int32, s *State, unit int) []int32 {
	if _, refused := c.Best(s, unit, nil); !refused.OK() {
		return dst
	}
	// Best has scored the candidates, or left it to watts. Those of one node follow each
	// other; its best one counts.
	c.ranks = c.ranks[:0]
	for i := range c.candidates {
		j, n := c.candidates[i].Place.Node, len(c.ranks)
		if n == 0 || c.ranks[n-1].node != j {
			c.ranks = append(c.ranks, rankedNode{j, c.scores[i]})
			continue
		}
		c.ranks[n-1].score = min(c.ranks[n-1].score, c.scores[i])
	}
	slices.SortStableFunc(c.ranks, func(a, b rankedNode) int { return cmp.Compare(a.score, b.score) })
	for _, r := range c.ranks {
		dst = append(dst, r.node)
	}
	return dst
}

// rankedNode is a node with the score of the best place that a unit has there.
type rankedNode struct {
	node  int32
	score float64
}

// closer reports whether a refusal by one line came later than one by another, in the
// order in which lines are checked.
func closer(a, b Line) bool { return rank(a) > rank(b) }

func rank(l Line) int {
	return slices.Index([]Line{
		LineZone, LineKind, LineApart, LineCPU, LineMemory, LineDeadline, LineAccelerator, LineAcceleratorMemory,
	}, l)
}

// pick returns the number of the best candidate, by the policy or, where it fails, by
// watts, which are the scores then.
func (c *Choice) pick(s *State) int {
	if cap(c.scores) < len(c.candidates) {
		c.scores = make([]float64, 2*len(c.candidates))
	}
	c.scores = c.scores[:len(c.candidates)]
	if !c.ask(s) {
		for i := range c.candidates {
			c.scores[i] = c.candidates[i].Watts
		}
	}
	best := 0
	for i := range c.scores {
		if c.scores[i] < c.scores[best] {
			best = i
		}
	}
	return best
}

// ask lets the policy score the candidates, and reports whether it has.
func (c *Choice) ask(s *State) bool {
	if c.Policy == nil {
		return false
	}
	if err := c.Policy.Score(s, c.candidates, c.scores); err != nil || slices.ContainsFunc(c.scores, unusable) {
		c.Errors++
		return false
	}
	return true
}

func unusable(score float64) bool { return math.IsNaN(score) || math.IsInf(score, 0) }

// PlaceAll gives every unit without a place the one that the policy likes best, the
// largest units first, as a planner would that sees all of them at once. It returns how
// many found none.
func (c *Choice) PlaceAll(s *State) (unplaced int) {
	var order []int32
	for u := range s.place {
		if s.place[u].Node < 0 {
			order = append(order, int32(u))
		}
	}
	v := s.view
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(v.size(b), v.size(a)) })
	for _, u := range order {
		best, refused := c.Best(s, int(u), nil)
		if !refused.OK() {
			unplaced++
			continue
		}
		s.Put(int(u), best.Place)
	}
	return unplaced
}

// size is how much of processors a unit takes, in seconds per second at speed 1.
func (v *View) size(u int32) float64 {
	t := &v.Units[u]
	return t.Modes[0].WorkMicros * v.scale[u] * t.PerSecond * 1e-6
}
