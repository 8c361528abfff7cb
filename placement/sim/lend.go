// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/internal/ledger"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// A node of the simulator lends by the ledger that nodes of package placement have. What is
// here translates: the lines of the model (docs/placement.md) into what a ledger lends, and
// what a unit takes by the model into what it asks for. Whatever is rounded is rounded so that
// nothing is admitted that the model refuses.

// lends returns what a node of the model lends.
func (w *world) lends(j int32) ledger.Config {
	t, limits := &w.view.Nodes[j], &w.view.Limits
	v := resource.Inventory{
		CPUs: make([]resource.CPU, int(math.Ceil(t.Cores))), Quota: resource.Milli(limits.CPU * t.Cores * float64(resource.Whole)),
		Memory: int64(t.Memory * 1e6),
	}
	if v.Quota == 0 { // of which 0 would be no limit
		v.CPUs = nil
	}
	if a := t.Accelerator; a != nil {
		v.Accelerators = []resource.Accelerator{{ID: t.ID, Kind: a.Kind, Memory: int64(a.Memory * 1e6)}}
	}
	cores := max(1, math.Floor(t.Cores))
	return ledger.Config{
		Resources: v,
		// Cores need not be whole in the model: so many of them take longer, or less.
		Workers: admission.Set{Cores: int(cores), Stretch: cores / t.Cores, Margin: ledger.Micros(limits.MarginMicros)},
	}
}

// demand returns what a unit of this node takes. It holds until the next call.
//
// The model counts one slot of each unit, also where deadlines are longer than a slot: so the
// set of workers is told of slots that never meet. And it lets the longest chain begin when
// all work of the slot is done, where the set, by Graham's bound, would take the chain out of
// that work: so the chain stands with what comes after.
func (n *node) demand(u int) ledger.Demand {
	d := n.state.Demand(u)
	out := ledger.Demand{
		Need: resource.Need{CPU: resource.Milli(upward(d.CPU * float64(resource.Whole))), Memory: upward(d.Memory * 1e6)},
		Work: admission.Unit{
			Work: ledger.Micros(d.Work), Ingress: ledger.Micros(d.Ingress), Egress: ledger.Micros(d.Egress + d.Chain),
			Deadline: time.Duration(d.Deadline * float64(time.Microsecond)),
		},
	}
	out.Work.Chain = min(out.Work.Work, 1)
	if d.Slotted {
		out.Work.Slot = admission.MaxDuration
	}
	if d.Kind == plan.CPU {
		return out
	}
	n.device[0] = resource.AcceleratorNeed{
		Kind: d.Kind, Share: resource.Milli(upward(d.Accelerator / n.w.view.Limits.Accelerator * float64(resource.Whole))),
		Memory: upward(d.AcceleratorMemory * 1e6),
	}
	out.Need.Accelerators = n.device[:]
	if d.Slotted {
		out.Queue = ledger.Micros(d.AcceleratorMicros)
	} else {
		out.Work.Egress += ledger.Micros(d.AcceleratorMicros)
	}
	return out
}

// upward returns the least whole number that is not below x, but for errors of floating point.
func upward(x float64) int64 { return int64(math.Ceil(x - 1e-6)) }

// Reserve grants a lease to a unit in the mode in which the node takes least of those in which
// the ledger admits it. If there is none as things are, units that are here already give way
// by changing their modes, where that makes room.
func (n *node) Reserve(now sfaas.Time, it *agent.Item, until sfaas.Time) (uint64, agent.Refusal) {
	n.expire(now)
	u := unitOf(it.Row.Unit)
	if n.leaseOf(u) >= 0 {
		return 0, agent.Refusal{Line: "unit", Got: "leased here", Want: "not leased"}
	}
	n.state.Promise(u, n.w.owner[u] != n.index)
	id, refused, barred := n.lease(u, until)
	if id == 0 && !barred {
		if id = n.giveWay(u, until); id != 0 {
			n.stale = true
			n.switchModes()
		}
	}
	if id == 0 {
		n.state.Promise(u, false)
		return 0, refused
	}
	return uint64(id), agent.Refusal{}
}

// lease grants a lease as things are, and puts the unit into the mode for which that is. It
// returns 0 and why the mode that takes least is refused, or that no room would help.
func (n *node) lease(u int, until sfaas.Time) (id resource.LeaseID, refused agent.Refusal, barred bool) {
	type choice struct {
		place plan.Place
		watts float64
	}
	var all [plan.MaxModes]choice
	order := all[:0]
	for mode := range n.w.view.Units[u].Modes {
		p := plan.Place{Node: n.index, Mode: int8(mode)}
		watts, r := n.state.Price(u, p)
		if !r.OK() {
			refused = agent.Refusal{Line: string(r.Line), Got: "no", Want: "yes"}
			continue
		}
		i := len(order)
		order = append(order, choice{p, watts})
		for ; i > 0 && order[i-1].watts > watts; i-- {
			order[i], order[i-1] = order[i-1], order[i]
		}
	}
	for i, c := range order {
		n.state.Put(u, c.place)
		d := n.demand(u)
		lent, err := n.ledger.Reserve(n.w.now, ownerOf(u), 0, &d, until)
		if err == nil {
			n.leases = append(n.leases, lease{lent, u})
			return lent, agent.Refusal{}, false
		}
		if i == 0 {
			refused = ledger.Refusal(err)
		}
		n.state.Remove(u)
	}
	return 0, refused, len(order) == 0
}

// ownerOf returns for whom a lease of a unit is.
func ownerOf(u int) resource.Owner {
	return resource.Owner{Unit: sfaas.Unit{Root: sfaas.NewKey(sfaas.KindCell, uint64(u))}}
}

// giveWay grants a lease to a unit after changes of the modes of those that are here already. The
// model says which changes would make room, and the ledger whether they have.
func (n *node) giveWay(u int, until sfaas.Time) resource.LeaseID {
	changed, ok := n.state.MakeRoom(u, n.index)
	if !ok {
		return 0
	}
	n.back = append(n.back[:0], changed...)
	for _, m := range n.back {
		n.charge(m.Unit)
	}
	d := n.demand(u)
	if id, err := n.ledger.Reserve(n.w.now, ownerOf(u), 0, &d, until); err == nil {
		n.leases = append(n.leases, lease{id, u})
		return id
	}
	n.state.Remove(u)
	for _, m := range n.back {
		n.state.Put(m.Unit, m.From)
		n.charge(m.Unit)
	}
	return 0
}

// Accept gives a unit that is here a lease, unless it has one.
func (n *node) Accept(now sfaas.Time, it *agent.Item, until sfaas.Time) uint64 {
	n.expire(now)
	u := unitOf(it.Row.Unit)
	if n.state.Place(u).Node < 0 {
		n.state.Put(u, plan.Place{Node: n.index})
	}
	n.keep(u)
	id := n.leases[n.leaseOf(u)].id
	n.ledger.Extend(now, id, until)
	return uint64(id)
}

// keep gives a unit that is here a lease that holds until it has gone, unless it has one.
func (n *node) keep(u int) {
	if n.leaseOf(u) >= 0 {
		return
	}
	d := n.demand(u)
	id, err := n.ledger.Accept(n.w.now, ownerOf(u), 0, &d, sfaas.Never)
	if err != nil {
		panic(err) // the node has what the mode names
	}
	n.leases = append(n.leases, lease{id, u})
}

// Extend lets a lease hold longer. What the unit takes has been charged when it changed.
func (n *node) Extend(now sfaas.Time, id uint64, _ *agent.UnitRow, until sfaas.Time) agent.LeaseState {
	n.expire(now)
	return n.ledger.Extend(now, resource.LeaseID(id), until)
}

// Become says that a unit is here, not only promised: standbys are units of their own.
func (n *node) Become(id uint64, _ agent.Role) { n.ledger.Become(resource.LeaseID(id)) }

// Release ends a lease. The room that a unit takes while it is here is not given away.
func (n *node) Release(id uint64) {
	n.ledger.Release(resource.LeaseID(id))
	n.forget(resource.LeaseID(id))
}

// expire takes in which leases have ended by time.
func (n *node) expire(now sfaas.Time) {
	n.ended = n.ledger.Expire(now, n.ended[:0])
	for _, id := range n.ended {
		n.forget(id)
	}
}

// forget lets go of the room of a lease that has ended, unless its unit is here.
func (n *node) forget(id resource.LeaseID) {
	i := slices.IndexFunc(n.leases, func(l lease) bool { return l.id == id })
	if i < 0 {
		return
	}
	u := n.leases[i].unit
	n.leases = slices.Delete(n.leases, i, i+1)
	if n.w.owner[u] == n.index {
		n.keep(u)
		return
	}
	n.state.Remove(u)
	n.state.Promise(u, false)
	n.stale = true
}

// leaseOf returns the place of the lease of a unit, or -1.
func (n *node) leaseOf(u int) int {
	return slices.IndexFunc(n.leases, func(l lease) bool { return l.unit == u })
}

// charge lets the ledger know what a unit that has a lease takes now.
func (n *node) charge(u int) {
	i := n.leaseOf(u)
	if i < 0 {
		return
	}
	d := n.demand(u)
	if err := n.ledger.Charge(n.w.now, n.leases[i].id, &d); err != nil && !errors.Is(err, resource.ErrNoLease) {
		panic(err) // the node has what the mode names
	}
}

// chargeLinked charges the units of this node that talk to one which has come or gone: what
// was a hop is none any more, or the other way round.
func (n *node) chargeLinked(u int) {
	for _, o := range n.state.At(int(n.index)) {
		if int(o) != u && n.w.view.Linked(int(o), u) {
			n.charge(int(o))
		}
	}
}

// canLose reports whether what stays has room when a unit has gone: its links to the unit are
// hops from then on. A node that has too much already may lose anything but what makes that
// worse: a unit that takes less than the messages to it would. Then another one has to go.
func (n *node) canLose(u int) bool {
	i := n.leaseOf(u)
	if i < 0 {
		return true
	}
	id, over := n.leases[i].id, n.ledger.Check() != nil
	p, before, failed := n.state.Place(u), n.state.Load(int(n.index)), len(n.state.Violations(nil))
	n.state.Remove(u)
	n.chargeLinked(u)
	after := n.state.Load(int(n.index))
	can := n.ledger.CheckWithout(id) == nil || over && !n.worse(&after, &before) && len(n.state.Violations(nil)) <= failed
	n.state.Put(u, p)
	n.chargeLinked(u)
	if !can && over {
		n.ledger.Bind(id)
	}
	return can
}

// worse reports whether a load takes more of this node than another one, by any line.
func (n *node) worse(l, than *plan.Load) bool {
	cores := n.w.view.Nodes[n.index].Cores
	late := func(l *plan.Load) float64 { return l.SlotMicros/cores - l.Slack }
	queued := func(l *plan.Load) float64 { return l.SlotMicros/cores + l.AcceleratorMicros - l.AcceleratorSlack }
	return l.CPU > than.CPU || late(l) > late(than) || queued(l) > queued(than)
}
