// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
)

// MaxStages is how many stages a plan has at most.
const MaxStages = 24

// Sequence returns a plan that brings units to their goals, or as near as it can: it ends
// with the stage after which the state takes least. A unit whose goal is taken by one that
// cannot leave yet waits a stage; where all wait for each other, units go to some
// other node first. It returns false if no stage leads to a better state. The state is
// that of now, and is left so.
func Sequence(s *State, goal []Move) (plan Plan, ok bool) {
	q := sequencer{s: s, bounces: 2 * len(goal), best: -1, least: s.watt}
	for _, g := range goal {
		if s.place[g.Unit].Node != g.To.Node { // modes are the nodes' own business
			q.left = append(q.left, g)
		}
	}
	start, before, anchored := slices.Clone(s.place), s.watt, s.anchored
	q.run()
	s.putBack(start, before)
	if anchored {
		s.Anchor()
	}
	if q.best < 0 {
		return Plan{}, false
	}
	return Plan{Stages: q.stages[:q.best+1], Saves: before - q.least, Cost: q.cost}, true
}

// sequencer makes one plan by carrying it out on a state.
type sequencer struct {
	s       *State
	left    []Move // that have not arrived
	bounces int    // that are still allowed
	stages  [][]Move
	done    Plan    // its cost so far
	best    int     // stage after which the state takes least, -1 for none
	least   float64 // watts of that state
	cost    float64 // joules until there
}

func (q *sequencer) run() {
	s := q.s
	// Large units first: they find room with more difficulty.
	slices.SortStableFunc(q.left, func(a, b Move) int { return cmp.Compare(s.view.size(int32(b.Unit)), s.view.size(int32(a.Unit))) })
	for len(q.left) > 0 && len(q.stages) < MaxStages {
		s.Anchor()
		stage, arrived := q.advance()
		if !arrived {
			if stage = append(stage, q.makeRoom()...); len(stage) == 0 {
				break
			}
		}
		s.Release()
		s.settleAfter(stage)
		q.stages = append(q.stages, stage)
		q.note()
	}
	s.Release()
}

// putBack gives all units the places that they had before.
func (s *State) putBack(places []Place, watts float64) {
	for u, p := range places {
		if s.place[u] != p {
			s.Put(u, p)
		}
	}
	s.watt = watts // to the last bit
}

// settleAfter chooses modes as the nodes do between which units have moved.
func (s *State) settleAfter(stage []Move) {
	for _, m := range stage {
		s.settleAll(m.From.Node)
		s.settleAll(m.To.Node)
	}
}

// advance moves what is left and can be moved now. It reports whether any unit has arrived.
func (q *sequencer) advance() (stage []Move, arrived bool) {
	q.left = slices.DeleteFunc(q.left, func(g Move) bool {
		m, moved := tryMove(q.s, g.Unit, g.To.Node, &q.done)
		if !moved {
			return false
		}
		arrived = true
		if m.From.Node != m.To.Node {
			stage = append(stage, m)
		}
		return true
	})
	return stage, arrived
}

// note ends a stage: what it wanted is done. If the state takes less than ever, it is the
// last one that counts so far.
func (q *sequencer) note() {
	if q.s.watt < q.least-1e-9 {
		q.best, q.least, q.cost = len(q.stages)-1, q.s.watt, q.done.Cost
	}
}

// tryMove moves a unit to a node that admits it now.
func tryMove(s *State, u int, to int32, plan *Plan) (Move, bool) {
	m := Move{u, s.place[u], s.place[u]}
	if m.From.Node == to {
		return m, true
	}
	s.Remove(u)
	if _, ok := s.Admit(u, to); !ok {
		s.Put(u, m.From)
		return m, false
	}
	m.To = s.place[u]
	plan.Cost += s.view.MoveJoules(m)
	if s.load[to].Units == 1 {
		plan.Cost += s.view.Nodes[to].WakeJoules
	}
	return m, true
}

// makeRoom lets units leave the target of one that waits, for places that are not theirs,
// until it will have room there: the first one for which that can be done. Those go first that
// have to leave anyway. If that helps nobody, one goes that is where it should be, and comes
// back later: two units that talk to each other may have room together, and none while one of
// them is on its way.
func (q *sequencer) makeRoom() (stage []Move) {
	s := q.s
	for _, waits := range q.left {
		target := waits.To.Node
		if s.gone[target] {
			continue
		}
		for i := len(q.left) - 1; i >= 0 && q.bounces > 0; i-- {
			u := q.left[i].Unit
			if s.place[u].Node != target || q.left[i].To.Node == target {
				continue
			}
			if m, moved := q.bounce(u); moved {
				stage = append(stage, m)
			}
			if q.willFit(waits) {
				return stage
			}
		}
		if len(stage) > 0 {
			return stage
		}
	}
	for _, waits := range q.left {
		if m, ok := q.stepAside(waits); ok {
			return append(stage, m)
		}
	}
	return stage
}

// stepAside lets one unit leave the node that another one waits for, if that has room then.
func (q *sequencer) stepAside(waits Move) (Move, bool) {
	s, target := q.s, waits.To.Node
	if s.gone[target] || q.bounces == 0 {
		return Move{}, false
	}
	for _, u := range slices.Clone(s.at[target]) {
		from := s.place[u]
		s.anchored = false
		s.Remove(int(u))
		fits := q.willFit(waits)
		s.anchored = false
		s.Put(int(u), from)
		s.anchored = true
		if !fits {
			continue
		}
		if m, moved := q.bounce(int(u)); moved {
			q.left = append(q.left, Move{int(u), m.To, from})
			return m, true
		}
	}
	return Move{}, false
}

// willFit reports whether a unit has room at its goal when all that leaves now has left.
func (q *sequencer) willFit(m Move) bool {
	s := q.s
	from := s.place[m.Unit]
	s.anchored = false
	s.Remove(m.Unit)
	changed, ok := s.Admit(m.Unit, m.To.Node)
	s.Remove(m.Unit)
	s.takeBack(changed)
	s.Put(m.Unit, from)
	s.anchored = true
	return ok
}

// bounce moves a unit to where it takes least of all places that it can have now.
func (q *sequencer) bounce(u int) (Move, bool) {
	s, from := q.s, q.s.place[u]
	s.Remove(u)
	best := s.least(u, func(p Place) bool { return p.Node != from.Node })
	s.Put(u, from)
	if best.Node < 0 {
		return Move{}, false
	}
	q.bounces--
	return tryMove(s, u, best.Node, &q.done)
}
