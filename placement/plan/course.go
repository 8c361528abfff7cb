// SPDX-License-Identifier: Apache-2.0

package plan

// A Course is where a node leads units that it cannot lead there in one stage. After each
// stage there may be another way, as others move units too, or there may be none any more.
// The zero value leads nowhere.
type Course struct {
	goal []Move
	way  Plan
	legs int // stages that it may still lead there; some are refused
}

// Lead returns what a node should lead next: what is left of its course, or the best plan
// that [Improver.Node] finds, which is its course from then on. Without that, nodes leave each
// other halfway: the first stages of a plan may well take more watts than there were before.
func (m *Improver) Lead(s *State, self int32, c *Course, budget int, seed uint64) (p Plan, found bool) {
	if c.legs > 0 {
		c.legs--
		if p, found = m.rest(s, &c.way); found && len(p.Stages) > 0 {
			c.way = p
			return p, true
		}
		if p, found = m.towards(s, c.goal); found {
			c.way = p
			return p, true
		}
	}
	c.legs = 0
	if p, found = m.Node(s, self, budget, seed); found {
		c.set(&p)
	}
	return p, found
}

// set makes the end of a plan the goal.
func (c *Course) set(p *Plan) {
	c.way, c.goal, c.legs = *p, c.goal[:0], 2*(len(p.Stages)-1)
	seen := make(map[int]bool)
	for i := len(p.Stages) - 1; i >= 0; i-- { // the last move of a unit counts
		for _, mv := range p.Stages[i] {
			if !seen[mv.Unit] {
				seen[mv.Unit] = true
				c.goal = append(c.goal, mv)
			}
		}
	}
}

// towards returns a plan that brings units to a goal from where they are now, if it still
// saves enough.
func (m *Improver) towards(s *State, goal []Move) (p Plan, found bool) {
	var left []Move
	for _, g := range goal {
		if at := s.place[g.Unit]; at.Node >= 0 && at.Node != g.To.Node {
			left = append(left, Move{g.Unit, at, g.To})
		}
	}
	if len(left) == 0 {
		return p, false
	}
	p, found = Sequence(s, left)
	return p, found && m.Shield.Judge(s, &p) == Pass
}
