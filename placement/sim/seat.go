// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/sfaas"
)

// seat is the planner of a zone: a function that sits at some node, sees what the agent of
// that node sees, and can be killed at any time. What it remembers is soft: the plans that
// it has begun, and for how long it has found nothing.
type seat struct {
	w        *world
	improver *plan.Improver
	at       int32 // node, -1 for nowhere
	life     int   // how often it has been killed
	begun    []pursuit
	refused  []refusal
	fails    int           // thoughts in a row that have found nothing
	next     time.Duration // until its next turn
	known    []float64     // loads when it thought last, and
	placed   int           // how many units had a place
	changed  sfaas.Time    // when one of them was last seen to change
	calls    uint64
}

// pursuit is a plan that has been begun.
type pursuit struct {
	plan.Plan
	turns int // since its present stage was proposed
}

// refusal is a move that a target has refused, and for how long it is not tried again.
type refusal struct {
	plan.Bar
	until sfaas.Time
}

// refusedTime is that time.
const refusedTime = 5 * time.Second

// mostTurns is for how many turns of the planner a stage may take.
const mostTurns = 10

// Bounds of how often a planner thinks.
const (
	planSoon  = 20 * time.Millisecond // a stage takes about as long
	planLater = 30 * time.Second
	patience  = 5 // thoughts in a row, each larger than the one before, after which it slows down
)

// sit brings the planner to a node; others hear of it a little later, as of any route.
func (p *seat) sit(at int32) {
	if p.w.nodes[at].dead {
		p.w.after(time.Second, func() { p.sit(int32(p.w.random.IntN(len(p.w.nodes)))) })
		return
	}
	p.at, p.fails = at, 0
	p.begun = p.begun[:0]
	life := p.life
	for _, n := range p.w.nodes {
		p.w.after(p.w.someDelay(), func() {
			if p.life == life {
				n.planner = agent.NodeID(at) + 1
			}
		})
	}
}

// die kills the planner. A second later it begins anew, somewhere else, and knows nothing.
func (p *seat) die() {
	p.at = -1
	p.life++
	for _, n := range p.w.nodes {
		p.w.after(100*time.Millisecond+p.w.someDelay(), func() {
			if p.at < 0 {
				n.planner = 0
			}
		})
	}
	p.w.after(time.Second, func() { p.sit(int32(p.w.random.IntN(len(p.w.nodes)))) })
}

// keepDying kills the planner again and again.
func (p *seat) keepDying() {
	p.die()
	p.w.after(p.w.cfg.KillPlanner, p.keepDying)
}

// plan is one turn: it goes on with what it has begun, or looks for something new.
func (p *seat) plan() {
	w := p.w
	defer func() { w.after(p.next, p.plan) }()
	p.next = planSoon
	if p.at < 0 || w.nodes[p.at].dead {
		return
	}
	n := w.nodes[p.at]
	v := n.agent.View()
	s := w.think.read(&v)
	p.look(s)
	if p.goOn(n, s) {
		return
	}
	// The more often it has found nothing the longer it looks, and the less often.
	budget := w.cfg.PlanBudget << min(p.fails, 3)
	thought := time.Duration(budget) * pricing
	plans := p.think(s, budget)
	p.next = thought + planSoon
	if len(plans) == 0 {
		p.fails++
		p.next += min(planSoon<<min(max(0, p.fails-patience), 20), planLater)
		return
	}
	p.fails = 0
	// It has thought for a while, and knows what there was before.
	life := p.life
	w.after(thought, func() {
		if p.life != life || p.at < 0 {
			return
		}
		for i := range plans {
			p.begun = append(p.begun, pursuit{Plan: plans[i]})
			p.propose(n, &plans[i])
		}
	})
}

// look notes whether anything is otherwise than it was at the last turn.
func (p *seat) look(s *plan.State) {
	scale := p.w.think.scale
	placed := len(scale) - s.Unplaced()
	if slices.Equal(p.known, scale) && p.placed == placed {
		return
	}
	p.known, p.placed = append(p.known[:0], scale...), placed
	p.changed, p.fails = p.w.now, 0
	p.refused = p.refused[:0]
}

// think looks for plans. For a while after a change it is eager; later on a plan has to
// save so much that it is no matter of taste.
func (p *seat) think(s *plan.State, budget int) []plan.Plan {
	w := p.w
	p.calls++
	stopped := p.improver.Shield.Stopped
	p.improver.Shield.Least = w.cfg.Hysteresis
	p.refused = slices.DeleteFunc(p.refused, func(r refusal) bool { return w.now >= r.until })
	p.improver.Bars = p.improver.Bars[:0]
	for _, r := range p.refused {
		p.improver.Bars = append(p.improver.Bars, r.Bar)
	}
	plans := p.improver.Zone(s, w.view.Nodes[0].Zone, budget, w.cfg.Seed<<32+p.calls)
	w.count.ShieldRejects += p.improver.Shield.Stopped - stopped
	left := w.cfg.Eager - w.now.Sub(p.changed) - time.Duration(budget)*pricing
	return slices.DeleteFunc(plans, func(b plan.Plan) bool {
		return time.Duration(len(b.Stages))*stageTime > left && b.Saves < w.cfg.Reluctance*s.Energy()
	})
}

// stageTime is about what a stage takes until the planner sees that it is done.
const stageTime = 40 * time.Millisecond

// pricing is what it takes to price one place.
const pricing = 200 * time.Nanosecond

// propose lets the agent of the planner's node lead the first stage of a plan. All of its
// moves have room together, so each can be done whatever becomes of the others: only units
// that talk to each other and go to one node do so as one.
func (p *seat) propose(n *node, b *plan.Plan) {
	stage := b.Stages[0]
	done := make([]bool, len(stage))
	for i := range stage {
		if done[i] {
			continue
		}
		var together []plan.Move
		for k := i; k < len(stage); k++ {
			if k == i || stage[k].To.Node == stage[i].To.Node && p.w.view.Linked(stage[k].Unit, stage[i].Unit) {
				together, done[k] = append(together, stage[k]), true
			}
		}
		if moves := appendMoves(nil, together); len(moves) > 0 {
			p.w.step(n, &agent.Event{Kind: agent.Proposed, Moves: moves})
		}
	}
}

// goOn proposes the next stage of each plan whose stage before is done by what is known. A
// plan of which anything is otherwise than it should be is dropped, and so is one that
// takes too long: somebody has refused. It reports whether any is left.
func (p *seat) goOn(n *node, s *plan.State) bool {
	kept := p.begun[:0]
	for _, b := range p.begun {
		b.turns++
		done := arrived(s, b.Stages[0])
		// The agent here leads the moves: when it leads nothing any more they have ended.
		if strayed(s, b.Stages[0]) || !done && (b.turns > mostTurns || b.turns > 1 && n.agent.Leads() == 0) {
			p.bar(s, b.Stages[0])
			continue
		}
		if !done {
			kept = append(kept, b)
			continue
		}
		b.Stages, b.turns = b.Stages[1:], 0
		if len(b.Stages) > 0 && p.improver.Shield.Judge(s, &b.Plan) == plan.Pass {
			p.propose(n, &b.Plan)
			kept = append(kept, b)
		}
	}
	p.begun = kept
	return len(kept) > 0
}

// bar notes the moves of a stage that have not been done.
func (p *seat) bar(s *plan.State, stage []plan.Move) {
	for _, m := range stage {
		if s.Place(m.Unit).Node != m.To.Node {
			p.refused = append(p.refused, refusal{plan.Bar{Unit: m.Unit, Node: m.To.Node}, p.w.now.Add(refusedTime)})
		}
	}
}

// arrived reports whether all units of a stage are where it wants them.
func arrived(s *plan.State, stage []plan.Move) bool {
	for _, m := range stage {
		if s.Place(m.Unit).Node != m.To.Node {
			return false
		}
	}
	return true
}

// strayed reports whether a unit of a stage is neither where it was nor where it shall be.
func strayed(s *plan.State, stage []plan.Move) bool {
	for _, m := range stage {
		if at := s.Place(m.Unit).Node; at != m.From.Node && at != m.To.Node {
			return true
		}
	}
	return false
}
