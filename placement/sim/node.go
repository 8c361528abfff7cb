// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/internal/ledger"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/resource"
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

	ledger *ledger.Ledger // what it lends
	state  *plan.State    // what units take here: its own alone, and those that have a lease
	leases []lease
	owned  []int32 // its units
	stale  bool    // modes may no longer be the best ones
	unsaid []int32 // units whose mode has changed, of which others do not know

	places []plan.Place                // scratch of lookAfterModes
	back   []plan.Move                 // scratch of giveWay
	ended  []resource.LeaseID          // scratch of expire
	device [1]resource.AcceleratorNeed // scratch of demand

	course  plan.Course  // where it leads units by itself
	planner agent.NodeID // where the planner is, as far as this node has heard; 0 for nowhere
}

// lease is a lease of a unit.
type lease struct {
	id   resource.LeaseID
	unit int
}

// begin makes a node in one of its lives, which knows nobody yet.
func (w *world) begin(j int32, life uint32) (*node, error) {
	n := &node{w: w, index: j, id: agent.NodeID(j) + 1, life: life, state: plan.NewState(w.view)}
	var err error
	if n.ledger, err = ledger.New(w.lends(j)); err != nil {
		return nil, fmt.Errorf("sim: node %s: %w", w.view.Nodes[j].ID, err)
	}
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

// gain takes in that a unit is here from now on.
func (n *node) gain(u int) {
	if !slices.Contains(n.owned, int32(u)) {
		n.owned = append(n.owned, int32(u))
	}
	if n.state.Place(u).Node < 0 { // its lease has ended, or it was claimed without one
		n.state.Put(u, plan.Place{Node: n.index})
	}
	n.state.Promise(u, false)
	n.keep(u)
	n.charge(u)
	n.chargeLinked(u)
	n.stale = true
}

// lose takes in that a unit has gone.
func (n *node) lose(u int) {
	n.owned = slices.DeleteFunc(n.owned, func(o int32) bool { return o == int32(u) })
	if i := n.leaseOf(u); i >= 0 {
		n.ledger.Release(n.leases[i].id)
		n.leases = slices.Delete(n.leases, i, i+1)
	}
	n.state.Remove(u)
	n.chargeLinked(u)
	n.stale = true
}

// lookAfterModes lets the units of the node work in the modes in which it takes least, and
// tells others of those that have changed. What the ledger has no room for is not done.
func (n *node) lookAfterModes() {
	if n.stale {
		n.stale = false
		n.settle()
	}
	for len(n.unsaid) > 0 {
		u := n.unsaid[len(n.unsaid)-1]
		n.unsaid = n.unsaid[:len(n.unsaid)-1]
		n.say(int(u))
	}
}

func (n *node) settle() {
	n.places = n.places[:0]
	for _, u := range n.owned {
		n.places = append(n.places, n.state.Place(int(u)))
	}
	if n.state.Settle(n.index, n.owned) {
		fitted := n.ledger.Check() == nil
		for _, u := range n.owned {
			n.charge(int(u))
		}
		if fitted && n.ledger.Check() != nil {
			for i, u := range n.owned {
				n.state.Put(int(u), n.places[i])
				n.charge(int(u))
			}
		}
	}
	n.switchModes()
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

// announced takes in that the load of units is going to be another one: what they take is
// charged, and modes are chosen anew, before anybody hears of it.
func (n *node) announced() {
	for _, l := range n.leases {
		n.state.Put(l.unit, n.state.Place(l.unit))
	}
	for _, l := range n.leases {
		n.charge(l.unit)
	}
	n.stale = true
	n.lookAfterModes()
	for _, u := range n.owned {
		n.say(int(u))
	}
}

// outcome ends an effect: a unit is owned, has moved, or is out of service.
func (n *node) outcome(x *agent.Effect) {
	w, u := n.w, unitOf(x.Unit)
	e := agent.Event{Kind: agent.Outcome, Deal: x.Deal, Index: x.Index, Row: agent.UnitRow{Unit: x.Unit}}
	fail := func(line string) {
		e.Failure = agent.Refusal{Line: line, Got: "no", Want: "yes"}
		w.step(n, &e)
	}
	switch {
	case x.Kind == agent.LetGo:
		n.letGo(u, x.Epoch)
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
