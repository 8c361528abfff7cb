// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/sfaas"
)

// thinker turns what an agent has heard into a state, and asks package plan. One serves all
// agents of a world: it keeps nothing from one call to the next but memory.
type thinker struct {
	w        *world
	scale    []float64
	places   []plan.Place
	unsaid   []bool // by unit: its owner has not said yet how it works there
	state    *plan.State
	improver *plan.Improver
	order    []int32
	alone    [1]int32 // scratch of guess
	calls    uint64
}

// leastAlone is how many watts per move a plan of a single agent must save at least. Many of
// them act at a time, and each small gain of one is in the way of a larger one of another.
const leastAlone = 0.5

func newThinker(w *world) *thinker {
	t := &thinker{
		w: w, scale: make([]float64, len(w.scale)), places: make([]plan.Place, len(w.scale)), unsaid: make([]bool, len(w.scale)), state: plan.NewState(w.view),
		improver: plan.NewImprover(w.view, w.cfg.Policy),
	}
	t.improver.Shield.Least = max(w.cfg.Hysteresis, leastAlone)
	return t
}

// read makes the state that an agent's view describes.
func (t *thinker) read(v *agent.View) *plan.State {
	for u := range t.scale {
		t.scale[u], t.places[u], t.unsaid[u] = 1, plan.Nowhere, false
	}
	for i := range v.Units {
		r := &v.Units[i]
		u := unitOf(r.Unit)
		t.scale[u], t.unsaid[u] = float64(r.Columns[columnScale]), r.Version == 0
		if r.Owner != 0 {
			t.places[u] = plan.Place{Node: int32(r.Owner) - 1, Mode: int8(r.Columns[columnMode])}
		}
	}
	t.state.Reset(t.w.view.Scaled(t.scale))
	for j := range t.w.nodes {
		t.state.SetGone(j, true)
	}
	for i := range v.Nodes {
		t.state.SetGone(int(v.Nodes[i].Node)-1, v.Nodes[i].State != agent.NodeOpen)
	}
	t.state.PutAll(t.places)
	t.guess()
	return t.state
}

// guess lets units of which nothing but the new owner is known work in the modes in which that
// one would take least: so it chooses, if it has no reason that others do not know.
func (t *thinker) guess() {
	for u, p := range t.places {
		if t.unsaid[u] && p.Node >= 0 {
			t.alone[0] = int32(u)
			t.state.Settle(p.Node, t.alone[:])
		}
	}
}

// plannerOf is what the agent of a node asks.
type plannerOf struct{ n *node }

// Order returns the nodes that admit a unit by what the agent knows, by the policy.
func (p plannerOf) Order(dst []agent.NodeID, v *agent.View, it *agent.Item) []agent.NodeID {
	t := p.n.w.think
	s := t.read(v)
	u := unitOf(it.Row.Unit)
	s.Remove(u)
	errors := t.improver.Choice.Errors
	t.order = t.improver.Choice.Order(t.order[:0], s, u)
	p.n.w.count.PolicyErrors += t.improver.Choice.Errors - errors
	for _, j := range t.order {
		dst = append(dst, agent.NodeID(j)+1)
	}
	return dst
}

// Think returns the moves of the next stage of the best plan that this node can lead. As
// long as it knows of a planner it leaves planning to it.
func (p plannerOf) Think(dst []agent.Move, _ sfaas.Time, v *agent.View) []agent.Move {
	n, t := p.n, p.n.w.think
	if n.planner != 0 || len(n.owned) == 0 {
		return dst
	}
	s := t.read(v)
	t.calls++
	stopped := t.improver.Shield.Stopped
	best, found := t.improver.Lead(s, n.index, &n.course, n.w.cfg.NodeBudget, n.w.cfg.Seed<<32+t.calls)
	n.w.count.ShieldRejects += t.improver.Shield.Stopped - stopped
	if !found {
		return dst
	}
	return appendMoves(dst, best.Stages[0])
}

// appendMoves appends the moves between nodes as agents name them.
func appendMoves(dst []agent.Move, stage []plan.Move) []agent.Move {
	for _, m := range stage {
		if m.From.Node != m.To.Node && len(dst) < agent.MaxMoves {
			dst = append(dst, agent.Move{Unit: unitID(m.Unit), From: agent.NodeID(m.From.Node) + 1, To: agent.NodeID(m.To.Node) + 1})
		}
	}
	return dst
}

// randomPhase is when a node has its first round.
func (w *world) randomPhase() time.Duration {
	return time.Duration(w.random.Int64N(int64(w.cfg.Round)))
}
