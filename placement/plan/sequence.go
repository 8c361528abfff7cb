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
	q := sequencer{s: s, left: slices.Clone(goal), bounces: 2 * len(goal), best: -1, least: s.watt}
	start := make([]Move, 0, len(goal))
	for _, g := range goal {
		start = append(start, Move{g.Unit, s.place[g.Unit], s.place[g.Unit]})
	}
	before, anchored := s.watt, s.anchored
	q.run()
	s.Release()
	for _, b := range start {
		s.Put(b.Unit, b.To)
	}
	s.watt = before
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
	noted   int     // stages that have ended
	best    int     // stage after which the state takes least, -1 for none
	least   float64 // watts of that state
	cost    float64 // joules until there
}

func (q *sequencer) run() {
	s := q.s
	// Large units first: they find room with more difficulty.
	slices.SortStableFunc(q.left, func(a, b Move) int { return cmp.Compare(s.view.size(int32(b.Unit)), s.view.size(int32(a.Unit))) })
	var modes []Move // that go into the next stage
	for len(q.left) > 0 && len(q.stages) < MaxStages {
		s.Anchor()
		q.note()
		// Modes are a node's own business, and make room for what comes: a stage begins with
		// them, and is none without anything else.
		stage, switched := q.advance(modes, true)
		stage, arrived := q.advance(stage, false)
		if modes = nil; arrived == 0 && switched > 0 {
			modes = stage
			continue
		}
		if arrived == 0 {
			before := len(stage)
			if stage = append(stage, q.makeRoom()...); len(stage) == before {
				break
			}
		}
		if len(stage) > 0 {
			q.stages = append(q.stages, stage)
		}
	}
	if len(modes) > 0 {
		q.stages = append(q.stages, modes)
	}
	s.Release()
	q.note()
}

// advance does what is left and can be done now, either changes of mode or moves from node
// to node, and appends it to a stage. It returns how many units have arrived.
func (q *sequencer) advance(stage []Move, modes bool) (all []Move, arrived int) {
	q.left = slices.DeleteFunc(q.left, func(g Move) bool {
		if q.s.place[g.Unit].Node == g.To.Node != modes {
			return false
		}
		m, moved := tryMove(q.s, g.Unit, g.To, &q.done)
		if !moved {
			return false
		}
		arrived++
		if m.From != m.To {
			stage = append(stage, m)
		}
		return true
	})
	return stage, arrived
}

// note ends a stage: what it wanted is done. If the state takes less than ever, it is the
// last one that counts so far.
func (q *sequencer) note() {
	if len(q.stages) == q.noted {
		return
	}
	q.noted = len(q.stages)
	if q.s.watt < q.least-1e-9 {
		q.best, q.least, q.cost = len(q.stages)-1, q.s.watt, q.done.Cost
	}
}

// tryMove moves a unit if its target admits it now.
func tryMove(s *State, u int, to Place, plan *Plan) (Move, bool) {
	m := Move{u, s.place[u], to}
	if m.From == to {
		return m, true
	}
	s.Remove(u)
	if _, refused := s.Cost(u, to); !refused.OK() {
		s.Put(u, m.From)
		return m, false
	}
	if m.From.Node != to.Node {
		plan.Cost += s.view.MoveJoules(m)
		if s.load[to.Node].Units == 0 {
			plan.Cost += s.view.Nodes[to.Node].WakeJoules
		}
	}
	s.Put(u, to)
	return m, true
}

// makeRoom lets units leave the target of one that waits, for places that are not theirs,
// until it will have room there: the first one for which that can be done.
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
			if m, moved := bounce(s, u, &q.done); moved {
				q.bounces--
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
	return nil
}

// willFit reports whether a unit has room at its goal when all that leaves now has left.
func (q *sequencer) willFit(m Move) bool {
	s := q.s
	from := s.place[m.Unit]
	s.anchored = false
	s.Remove(m.Unit)
	_, refused := s.Cost(m.Unit, m.To)
	s.Put(m.Unit, from)
	s.anchored = true
	return refused.OK()
}

// bounce moves a unit to where it takes least of all places that it can have now.
func bounce(s *State, u int, plan *Plan) (Move, bool) {
	from := s.place[u]
	best, least := Nowhere, 0.0
	s.Remove(u)
	for _, j := range s.view.Zone(s.view.Units[u].Zone) {
		if j == from.Node {
			continue
		}
		for mode := range s.view.Units[u].Modes {
			p := Place{j, int8(mode)}
			watts, refused := s.Cost(u, p)
			if refused.OK() && (best.Node < 0 || watts < least) {
				best, least = p, watts
			}
		}
	}
	s.Put(u, from)
	if best.Node < 0 {
		return Move{}, false
	}
	return tryMove(s, u, best, plan)
}
