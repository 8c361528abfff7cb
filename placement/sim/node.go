// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/sfaas"
)

// node is a host with its agent. It knows its own units, leases and load, and of others
// what its agent has heard.
type node struct {
	w       *world
	index   int32
	id      agent.NodeID
	life    uint32
	dead    bool
	agent   *agent.Agent
	effects []agent.Effect

	state  *plan.State // its own units alone, and those that it has leased room to
	leases []lease
	last   uint64
	owned  []int32 // its units
	stale  bool    // modes may no longer be the best ones
	unsaid []int32 // units whose mode has changed, of which others do not know

	planner agent.NodeID // where the planner is, as far as this node has heard; 0 for nowhere
}

// lease is room for a unit.
type lease struct {
	id    uint64
	unit  int
	until sfaas.Time
}

// begin makes a node in one of its lives, which knows nobody yet.
func (w *world) begin(j int32, life uint32) (*node, error) {
	n := &node{w: w, index: j, id: agent.NodeID(j) + 1, life: life, state: plan.NewState(w.view)}
	var err error
	n.agent, err = agent.New(agent.Config{
		Node: n.id, Incarnation: n.life, Round: w.cfg.Round, Seed: w.cfg.Seed, ThinkRounds: w.cfg.ThinkRounds,
		LeaseTTL: w.cfg.LeaseTTL, Settle: w.cfg.Rest, Ledger: n, Planner: plannerOf{n},
	})
	return n, err
}

// enter lets a node take part: it has deployed what all have, and has its rounds.
func (w *world) enter(n *node) {
	w.step(n, &agent.Event{Kind: agent.Changed, Deployed: 1 << 1})
	w.push(w.randomPhase(), event{kind: tick, node: n.index, life: n.life})
}

// unitOf returns the number of a unit by its name among agents.
func unitOf(id agent.UnitID) int { return int(id) - 1 }

func unitID(u int) agent.UnitID { return agent.UnitID(u + 1) }

// Columns of the row of a unit that change while it runs; the rest of what is known of it
// is what was deployed, which all nodes have.
const (
	columnScale = iota // factor of its work, as announced
	columnMode         // number of its mode
)

// row returns the row of a unit of this node, or of one that is wished for.
func (n *node) row(u int) agent.UnitRow {
	r := agent.UnitRow{Unit: unitID(u), Deployment: 1}
	r.Columns[columnScale] = float32(n.w.scale[u])
	if p := n.state.Place(u); p.Node >= 0 {
		r.Columns[columnMode] = float32(p.Mode)
	}
	return r
}

// Reserve grants room to a unit on the true state of the node: beside all that it owns and
// all that it has promised, in the mode that takes least.
func (n *node) Reserve(now sfaas.Time, it *agent.Item, until sfaas.Time) (uint64, agent.Refusal) {
	n.expire(now)
	u := unitOf(it.Row.Unit)
	if i := slices.IndexFunc(n.leases, func(l lease) bool { return l.unit == u }); i >= 0 {
		return 0, agent.Refusal{Line: "unit", Got: "leased here", Want: "not leased"}
	}
	if n.state.Place(u).Node >= 0 {
		// It is here, and its lease has ended.
		if len(n.state.Violations(nil)) > 0 {
			return 0, agent.Refusal{Line: "room", Got: "none", Want: "for what is here already"}
		}
	} else if r := n.promise(u); !r.OK() {
		return 0, agent.Refusal{Line: string(r.Line), Got: fmt.Sprintf("%.4g", r.Got), Want: fmt.Sprintf("%.4g", r.Want)}
	}
	n.last++
	n.leases = append(n.leases, lease{n.last, u, until})
	return n.last, agent.Refusal{}
}

// promise gives room to a unit that may yet stay away.
func (n *node) promise(u int) plan.Refusal {
	n.state.Promise(u, n.w.owner[u] != n.index)
	refused := n.admit(u)
	if !refused.OK() {
		n.state.Promise(u, false)
	}
	return refused
}

// admit gives a unit room in the mode that takes least, or refuses it. If there is none as
// things are, units that are here already give way by changing their modes, where that
// makes room.
func (n *node) admit(u int) plan.Refusal {
	refused := n.put(u)
	if refused.OK() || refused.Line == plan.LineKind || refused.Line == plan.LineApart {
		return refused
	}
	var back []plan.Move
	for _, o := range n.state.At(int(n.index)) {
		back = append(back, plan.Move{Unit: int(o), From: n.state.Place(int(o))})
	}
	for _, b := range back {
		for mode := range n.w.view.Units[b.Unit].Modes {
			p := plan.Place{Node: n.index, Mode: int8(mode)}
			if p == b.From {
				continue
			}
			n.state.Remove(b.Unit)
			if _, r := n.state.Cost(b.Unit, p); !r.OK() {
				n.state.Put(b.Unit, b.From)
				continue
			}
			n.state.Put(b.Unit, p)
			if n.put(u).OK() {
				n.stale = true
				n.switchModes()
				return plan.Refusal{}
			}
			n.state.Put(b.Unit, b.From)
		}
	}
	return refused
}

// put gives a unit room as things are.
func (n *node) put(u int) (refused plan.Refusal) {
	best, least := plan.Nowhere, 0.0
	for mode := range n.w.view.Units[u].Modes {
		p := plan.Place{Node: n.index, Mode: int8(mode)}
		watts, r := n.state.Cost(u, p)
		switch {
		case !r.OK() && (refused.OK() || r.Line != plan.LineKind):
			refused = r
		case r.OK() && (best.Node < 0 || watts < least):
			best, least = p, watts
		}
	}
	if best.Node < 0 {
		return refused
	}
	n.state.Put(u, best)
	return plan.Refusal{}
}

// Extend lets a lease hold longer, if what is here still has room together. If not, the
// smallest unit without which it would has to go.
func (n *node) Extend(now sfaas.Time, id uint64, _ uint32, until sfaas.Time) bool {
	n.expire(now)
	i := slices.IndexFunc(n.leases, func(l lease) bool { return l.id == id })
	if i < 0 {
		return false
	}
	if u := n.leases[i].unit; n.w.owner[u] == n.index && n.tooMuch() == u {
		n.leases = slices.Delete(n.leases, i, i+1)
		return false
	}
	n.leases[i].until = until
	return true
}

// tooMuch returns the unit that has to leave a node that is overloaded, or -1. Modes have
// been tried before.
func (n *node) tooMuch() int {
	if len(n.state.Violations(nil)) == 0 {
		return -1
	}
	best, least := -1, 0.0
	for _, u := range n.owned {
		at := n.state.Place(int(u))
		n.state.Remove(int(u))
		if ok := len(n.state.Violations(nil)) == 0; ok {
			if watts, _ := n.state.Cost(int(u), at); best < 0 || watts < least {
				best, least = int(u), watts
			}
		}
		n.state.Put(int(u), at)
	}
	if best < 0 && len(n.owned) > 0 {
		best = int(n.owned[0]) // one is not enough: begin with any
	}
	return best
}

// Become changes the role of a lease: nothing, since standbys are units here.
func (n *node) Become(uint64, agent.Role) {}

// Release ends a lease. The room that a unit takes while it is owned is not given away.
func (n *node) Release(id uint64) {
	i := slices.IndexFunc(n.leases, func(l lease) bool { return l.id == id })
	if i < 0 {
		return
	}
	u := n.leases[i].unit
	n.leases = slices.Delete(n.leases, i, i+1)
	n.forget(u)
}

// expire ends the leases whose time is over.
func (n *node) expire(now sfaas.Time) {
	for i := len(n.leases) - 1; i >= 0; i-- {
		if l := n.leases[i]; now >= l.until {
			n.leases = slices.Delete(n.leases, i, i+1)
			n.forget(l.unit)
		}
	}
}

// forget lets go of the room of a unit, unless it is here.
func (n *node) forget(u int) {
	if n.w.owner[u] != n.index {
		n.state.Remove(u)
		n.state.Promise(u, false)
		n.stale = true
	}
}

// gain takes in that a unit is here from now on.
func (n *node) gain(u int) {
	if !slices.Contains(n.owned, int32(u)) {
		n.owned = append(n.owned, int32(u))
	}
	if n.state.Place(u).Node < 0 { // its lease has ended, or it was claimed without one
		n.state.Put(u, plan.Place{Node: n.index})
	}
	n.state.Promise(u, false)
	n.stale = true
}

// lose takes in that a unit has gone.
func (n *node) lose(u int) {
	n.owned = slices.DeleteFunc(n.owned, func(o int32) bool { return o == int32(u) })
	n.state.Remove(u)
	n.stale = true
}

// lookAfterModes lets the units of the node work in the modes in which it takes least, and
// tells others of those that have changed.
func (n *node) lookAfterModes() {
	if n.stale {
		n.stale = false
		n.state.Settle(n.index, n.owned)
		n.switchModes()
	}
	for len(n.unsaid) > 0 {
		u := n.unsaid[len(n.unsaid)-1]
		n.unsaid = n.unsaid[:len(n.unsaid)-1]
		n.say(int(u))
	}
}

// switchModes lets the units of the node work as its state says.
func (n *node) switchModes() {
	w := n.w
	for _, u := range n.owned {
		if p := n.state.Place(int(u)); w.truth.Place(int(u)) != p {
			w.truth.Put(int(u), p)
			n.unsaid = append(n.unsaid, u)
		}
	}
	w.energy.changed(w)
}

// say tells others how a unit of this node works.
func (n *node) say(u int) {
	n.w.step(n, &agent.Event{Kind: agent.Measured, Row: n.row(u)})
}

// announced takes in that the load of units is going to be another one.
func (n *node) announced() {
	for _, u := range n.owned {
		p := n.state.Place(int(u))
		n.state.Put(int(u), p)
	}
	for _, l := range n.leases {
		if p := n.state.Place(l.unit); p.Node >= 0 {
			n.state.Put(l.unit, p)
		}
	}
	n.stale = true
	for _, u := range n.owned {
		n.say(int(u))
	}
}

// outcome ends an effect: a unit is owned, or has moved.
func (n *node) outcome(x *agent.Effect) {
	w, u := n.w, unitOf(x.Unit)
	e := agent.Event{Kind: agent.Outcome, Deal: x.Deal, Index: x.Index, Row: agent.UnitRow{Unit: x.Unit}}
	fail := func(line string) {
		e.Failure = agent.Refusal{Line: line, Got: "no", Want: "yes"}
		w.step(n, &e)
	}
	switch {
	case x.Kind == agent.Own:
		if w.owner[u] >= 0 && !w.nodes[w.owner[u]].dead && w.epoch[u] >= x.Epoch {
			fail("epoch")
			return
		}
		w.settleAt(u, n, x.Epoch)
		e.Epoch = x.Epoch
		w.step(n, &e)
		n.say(u)
	case w.owner[u] != n.index:
		fail("owner")
	default:
		to := w.nodes[int32(x.Node)-1]
		if to.dead || to.state.Place(u).Node < 0 || w.parted != nil && w.parted(n.index, to.index) {
			fail("target")
			return
		}
		if !n.canLose(u) {
			fail("those that stay")
			return
		}
		w.settleAt(u, to, w.epoch[u]+1)
		w.step(to, &agent.Event{Kind: agent.Owned, Row: to.row(u), Epoch: w.epoch[u]})
		w.step(n, &e)
		to.say(u)
	}
}

// canLose reports whether what stays has room when a unit has gone: its links to the unit
// are hops from then on.
func (n *node) canLose(u int) bool {
	before := len(n.state.Violations(nil))
	p := n.state.Place(u)
	n.state.Remove(u)
	after := len(n.state.Violations(nil))
	n.state.Put(u, p)
	return after <= before
}
