// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"math"
	"slices"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/sfaas"
)

// seat is the planner of a zone: a function that sits at some node, sees what the agent of
// that node sees, and can be killed at any time. What it remembers is soft: where it is
// heading, the moves that it waits for, and for how long it has found nothing.
type seat struct {
	w        *world
	improver *plan.Improver
	at       int32       // node, -1 for nowhere
	life     int         // how often it has been killed
	stage    []plan.Move // that is under way
	turns    int         // since it was proposed
	legs     int         // stages that may follow it before the planner thinks again
	refused  []refusal
	fails    int        // thoughts in a row that have found nothing
	due      sfaas.Time // when it thinks again, unless something changes before
	known    []float64  // loads when it thought last, and
	placed   int        // how many units had a place
	changed  sfaas.Time // when one of them was last seen to change
	least    float64    // watts that have been taken since then, at least
	calls    uint64
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
	planSoon   = 20 * time.Millisecond // between two turns
	planRarely = time.Second           // between two thoughts, when a plan must save much
	planLater  = 30 * time.Second
	patience   = 5 // thoughts in a row, each larger than the one before, after which it slows down
)

// sit brings the planner to a node; others hear of it a little later, as of any route.
func (p *seat) sit(at int32) {
	if p.w.nodes[at].dead {
		p.w.after(time.Second, func() { p.sit(int32(p.w.random.IntN(len(p.w.nodes)))) })
		return
	}
	p.at, p.fails, p.legs, p.due = at, 0, 0, p.w.now
	p.stage = p.stage[:0]
	p.improver.Forget()
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

// plan is one turn: it waits for the stage that is under way, goes on with the next one, or
// looks for something new if that is due. It looks around in every turn, so that a load step
// does not find it asleep.
func (p *seat) plan() {
	w := p.w
	next := planSoon
	defer func() { w.after(next, p.plan) }()
	if p.at < 0 || w.nodes[p.at].dead {
		return
	}
	n := w.nodes[p.at]
	v := n.agent.View()
	s := w.think.read(&v)
	p.look(s)
	if p.waits(n, s) || w.now < p.due {
		return
	}
	p.demand()
	p.least = min(p.least, s.Energy())
	if p.legs > 0 {
		p.legs--
		if plans := p.improver.Towards(s, w.zone()); len(plans) > 0 {
			p.propose(n, plans)
			return
		}
		p.legs = 0
	}
	// The more often it has found nothing the longer it looks, and the less often.
	budget := w.cfg.PlanBudget << min(p.fails, 3)
	thought := time.Duration(budget) * pricing
	plans := p.think(s, budget)
	next = thought + planSoon
	if len(plans) == 0 {
		p.fails++
		p.due = w.now.Add(next + p.pause())
		return
	}
	p.fails = 0
	// It has thought for a while, and knows what there was before.
	life := p.life
	w.after(thought, func() {
		if p.life == life && p.at >= 0 {
			p.propose(n, plans)
		}
	})
	for i := range plans {
		p.legs = max(p.legs, 2*len(plans[i].Stages)) // some are refused
	}
}

// pause returns for how long the planner does not think after it has found nothing.
func (p *seat) pause() time.Duration {
	d := planSoon << min(max(0, p.fails-patience), 20)
	if p.eager() < -p.w.cfg.Eager/4 {
		d = max(d, planRarely)
	}
	return min(d, planLater)
}

// eager returns for how long the planner still takes any saving.
func (p *seat) eager() time.Duration { return p.w.cfg.Eager - p.w.now.Sub(p.changed) }

// zone returns the number of the only zone of a world.
func (w *world) zone() int { return w.view.Nodes[0].Zone }

// demand lets the improver know what a plan must save, and what was refused of late.
func (p *seat) demand() {
	p.improver.Shield.Least = p.w.cfg.Hysteresis
	p.refused = slices.DeleteFunc(p.refused, func(r refusal) bool { return p.w.now >= r.until })
	p.improver.Bars = p.improver.Bars[:0]
	for _, r := range p.refused {
		p.improver.Bars = append(p.improver.Bars, r.Bar)
	}
}

// look notes whether anything is otherwise than it was at the last turn.
func (p *seat) look(s *plan.State) {
	scale := p.w.think.scale
	placed := len(scale) - s.Unplaced()
	if slices.Equal(p.known, scale) && p.placed == placed {
		return
	}
	p.known, p.placed = append(p.known[:0], scale...), placed
	p.changed, p.fails, p.due = p.w.now, 0, p.w.now.Add(planSoon) // more may be on its way
	p.least = math.Inf(1)
	p.refused = p.refused[:0]
}

// think looks for plans. For a while after a change it is eager; later on a plan has to
// save so much that it is no matter of taste.
func (p *seat) think(s *plan.State, budget int) []plan.Plan {
	w := p.w
	p.calls++
	stopped := p.improver.Shield.Stopped
	plans := p.improver.Zone(s, w.zone(), budget, w.cfg.Seed<<32+p.calls)
	w.count.ShieldRejects += p.improver.Shield.Stopped - stopped
	left := p.eager() - time.Duration(budget)*pricing
	if s.Energy() > 1.01*p.least { // a journey has ended halfway: there is a little more time to end it well
		left += w.cfg.Eager / 4
	}
	return slices.DeleteFunc(plans, func(b plan.Plan) bool {
		return time.Duration(len(b.Stages))*stageTime > left && b.Saves < w.cfg.Reluctance*s.Energy()
	})
}

// stageTime is about what a stage takes until the planner sees that it is done.
const stageTime = 40 * time.Millisecond

// pricing is what it takes to price one place.
const pricing = 120 * time.Nanosecond

// propose lets the agent of the planner's node lead the first stage of each plan. All moves of
// a stage have room together, so each can be done whatever becomes of the others: only units
// that talk to each other and go to one node do so as one.
func (p *seat) propose(n *node, plans []plan.Plan) {
	p.stage, p.turns = p.stage[:0], 0
	for i := range plans {
		p.stage = append(p.stage, plans[i].Stages[0]...)
	}
	done := make([]bool, len(p.stage))
	begun := make([]plan.Move, 0, len(p.stage))
	for i, m := range p.stage {
		if done[i] {
			continue
		}
		var together []plan.Move
		for k := i; k < len(p.stage); k++ {
			if o := p.stage[k]; k == i || !done[k] && o.To.Node == m.To.Node && p.w.view.Linked(o.Unit, m.Unit) {
				together, done[k] = append(together, o), true
			}
		}
		room := n.agent.Leads() < agent.MaxDeals
		p.w.step(n, &agent.Event{Kind: agent.Proposed, Moves: appendMoves(nil, together)})
		if room { // what the planner's own node refuses, or sees no sense in, is over at once
			begun = append(begun, together...)
		}
	}
	p.stage = begun // an agent leads so much at once; the rest is not refused, and follows later
}

// waits reports whether the stage under way may still be done: not all of its units are where
// it wants them, and the agent here, which leads them, has not given up. What was not done
// then was refused. Of those that have come it waits for what their new owners say: in which
// mode a unit works is theirs to choose, and a plan for what is nowhere leads nowhere.
func (p *seat) waits(n *node, s *plan.State) bool {
	p.turns++
	away := func(m plan.Move) bool { return s.Place(m.Unit).Node != m.To.Node }
	unsaid := func(m plan.Move) bool { return p.w.think.unsaid[m.Unit] }
	switch {
	case p.turns > mostTurns:
	case slices.ContainsFunc(p.stage, away) && (p.turns < 2 || n.agent.Leads() > 0), slices.ContainsFunc(p.stage, unsaid):
		return true
	}
	for _, m := range p.stage {
		if away(m) {
			p.refused = append(p.refused, refusal{plan.Bar{Unit: m.Unit, Node: m.To.Node}, p.w.now.Add(refusedTime)})
		}
	}
	p.stage = p.stage[:0]
	return false
}
