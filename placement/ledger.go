// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/internal/ledger"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// books are what this node lends, as its agent asks for it: rows of units in, leases of a
// [ledger.Ledger] out. They are the agent's, and touched by its function alone, but for the
// table, which anybody may look at.
//
// Standbys count like owners: they must be able to take over. Work that has not been measured
// yet counts as none, so a unit that comes for the first time is admitted by its needs; what
// it takes is known a second later, and if that is too much it moves on.
type books struct {
	node  *Node
	lent  *ledger.Ledger
	lines []line
	ended []resource.LeaseID // scratch of expire
}

// line is a lease, and in which mode the unit works for which it is.
type line struct {
	id   resource.LeaseID
	item agent.Item
	mode int8
	here bool // and the node is its owner
}

// overTime is for how long there has to be too much work before a unit has to go.
const overTime = 2 * time.Second

func newBooks(n *Node) (*books, error) {
	lent, err := ledger.New(ledger.Config{
		Resources: n.lends(), Workers: admission.Set{Cores: max(n.cores(), 1)}, Bear: overTime, Keep: n.cfg.KeepPlaces,
	})
	if err != nil {
		return nil, err
	}
	return &books{node: n, lent: lent}, nil
}

// lends returns what the node lends: of its processors those on which deployments run, if it
// says how many that are.
func (n *Node) lends() resource.Inventory {
	v := n.cfg.Resources
	if n.cfg.Cores == 0 {
		return v
	}
	v.Quota = resource.Milli(n.cores()) * resource.Whole
	for len(v.CPUs) < n.cores() { // declared without saying which
		v.CPUs = append(v.CPUs[:len(v.CPUs):len(v.CPUs)], resource.CPU{ID: len(v.CPUs)})
	}
	return v
}

// Reserve implements agent.Ledger.
func (b *books) Reserve(now sfaas.Time, it *agent.Item, until sfaas.Time) (uint64, agent.Refusal) {
	c := b.node.carrier(it.Row.Deployment)
	if c == nil {
		return 0, agent.Refusal{Line: "deployment", Got: "not deployed", Want: "deployed"}
	}
	if b.node.cores() == 0 {
		return 0, agent.Refusal{Line: "cpu", Got: "no processor is lent", Want: "one"}
	}
	b.expire(now)
	v := b.node.agent.View()
	var refused error
	for _, mode := range b.node.thinker.modes(&v, it) {
		id, err := b.lend(now, c, it, mode, until)
		if err == nil {
			return id, agent.Refusal{}
		}
		refused = cmp.Or(refused, err)
	}
	if id := b.giveWay(now, &v, c, it, until); id != 0 {
		return id, agent.Refusal{}
	}
	return 0, ledger.Refusal(refused)
}

// lend grants a lease for a unit in a mode.
func (b *books) lend(now sfaas.Time, c carrier, it *agent.Item, mode int8, until sfaas.Time) (uint64, error) {
	spec := c.spec()
	d := demand(&spec, &it.Row, mode)
	id, err := b.lent.Reserve(now, b.owner(c, it), it.Row.Epoch, &d, until)
	if err == nil {
		b.lines = append(b.lines, line{id: id, item: *it, mode: mode})
	}
	return uint64(id), err
}

// giveWay grants a lease for a unit after units that are here already have changed their modes,
// or returns 0. Those that are to stay as they are, whatever that takes, do not.
func (b *books) giveWay(now sfaas.Time, v *agent.View, c carrier, it *agent.Item, until sfaas.Time) uint64 {
	if b.node.cfg.KeepPlaces {
		return 0
	}
	mode, changes, ok := b.node.thinker.makeRoom(v, it)
	if !ok {
		return 0
	}
	back, ok := b.change(now, changes)
	if !ok {
		return 0
	}
	id, err := b.lend(now, c, it, mode, until)
	if err != nil {
		b.change(now, back)
		return 0
	}
	b.tellChanged(back)
	return id
}

// Accept implements agent.Ledger.
func (b *books) Accept(now sfaas.Time, it *agent.Item, until sfaas.Time) uint64 {
	c := b.node.carrier(it.Row.Deployment)
	if c == nil {
		return 0
	}
	b.expire(now)
	spec := c.spec()
	mode := spec.firstMode()
	d := demand(&spec, &it.Row, mode)
	id, err := b.lent.Accept(now, b.owner(c, it), it.Row.Epoch, &d, until)
	if err != nil {
		b.node.log.Warn("placement: a unit is here without a lease", "unit", it.Name, "err", err)
		return 0
	}
	b.lines = append(b.lines, line{id: id, item: *it, mode: mode})
	return uint64(id)
}

// Extend implements agent.Ledger. What a unit takes is what its owner has measured last.
func (b *books) Extend(now sfaas.Time, lease uint64, row *agent.UnitRow, until sfaas.Time) agent.LeaseState {
	b.expire(now)
	id := resource.LeaseID(lease)
	if i := b.at(id); i >= 0 {
		b.lines[i].item.Row.Columns = row.Columns
		b.charge(now, &b.lines[i])
	}
	return b.lent.Extend(now, id, until)
}

// charge sets what a lease covers to what its unit takes, and reports whether that could be.
func (b *books) charge(now sfaas.Time, l *line) bool {
	c := b.node.carrier(l.item.Row.Deployment)
	if c == nil {
		return false
	}
	spec := c.spec()
	d := demand(&spec, &l.item.Row, l.mode)
	err := b.lent.Charge(now, l.id, &d)
	if err != nil {
		b.node.log.Warn("placement: a lease cannot cover what its unit takes", "unit", l.item.Name, "err", err)
	}
	return err == nil
}

// Become implements agent.Ledger: owner and standby hold the same.
func (b *books) Become(lease uint64, role agent.Role) {
	id := resource.LeaseID(lease)
	b.lent.Become(id)
	if i := b.at(id); i >= 0 && role == agent.RoleOwner {
		b.lines[i].here = true
		b.tell(&b.lines[i])
	}
}

// tell lets the unit of this node know in which mode it is to work.
func (b *books) tell(l *line) {
	n := b.node
	c, u, ok := n.unitNamed(l.item.Name)
	if !ok {
		return
	}
	spec, id := c.spec(), l.item.Row.Unit
	n.mu.Lock()
	n.modes[id] = l.mode
	n.mu.Unlock()
	kind := spec.kind(int(l.mode))
	n.tells.add(id, func() { c.mode(u, kind) })
}

// settle lets units of this node work in other modes, in which the node takes less. What there
// is no room for is not done.
func (b *books) settle(now sfaas.Time, v *agent.View) {
	if back, ok := b.change(now, b.node.thinker.settle(v)); ok {
		b.tellChanged(back)
	}
}

// change charges units of this node in other modes, all of them or, if what fitted before does
// not then, none. It returns what takes that back.
func (b *books) change(now sfaas.Time, changes []modeChange) (back []modeChange, ok bool) {
	ok = true
	fitted := b.lent.Check() == nil
	for _, change := range changes {
		l := b.lineOf(change.unit)
		if l == nil || l.mode == change.mode {
			continue
		}
		back = append(back, modeChange{change.unit, l.mode})
		l.mode = change.mode
		ok = b.charge(now, l) && ok
	}
	if ok && (!fitted || b.lent.Check() == nil) {
		return back, true
	}
	for _, change := range back {
		l := b.lineOf(change.unit)
		l.mode = change.mode
		b.charge(now, l)
	}
	return nil, false
}

// tellChanged lets the units that have changed know in which modes they are to work.
func (b *books) tellChanged(changed []modeChange) {
	for _, change := range changed {
		b.tell(b.lineOf(change.unit))
	}
}

// lineOf returns the line of a unit that this node owns, nil for none.
func (b *books) lineOf(u agent.UnitID) *line {
	i := slices.IndexFunc(b.lines, func(l line) bool { return l.here && l.item.Row.Unit == u })
	if i < 0 {
		return nil
	}
	return &b.lines[i]
}

// Release implements agent.Ledger.
func (b *books) Release(lease uint64) {
	id := resource.LeaseID(lease)
	b.lent.Release(id)
	b.forget(id)
}

func (b *books) forget(id resource.LeaseID) {
	i := b.at(id)
	if i < 0 {
		return
	}
	if b.lines[i].here {
		b.node.mu.Lock()
		delete(b.node.modes, b.lines[i].item.Row.Unit)
		b.node.mu.Unlock()
	}
	b.lines = slices.Delete(b.lines, i, i+1)
}

// expire forgets the leases whose time has passed.
func (b *books) expire(now sfaas.Time) {
	b.ended = b.lent.Expire(now, b.ended[:0])
	for _, id := range b.ended {
		b.forget(id)
	}
}

// at returns the place of a lease, or -1.
func (b *books) at(id resource.LeaseID) int {
	return slices.IndexFunc(b.lines, func(l line) bool { return l.id == id })
}

// owner returns for whom a lease is.
func (b *books) owner(c carrier, it *agent.Item) resource.Owner {
	o := resource.Owner{App: c.name(), Tenant: c.spec().Tenant, Unit: sfaas.Unit{Part: fmt.Sprintf("%016x", uint64(it.Row.Unit))}}
	if _, u, ok := b.node.unitNamed(it.Name); ok {
		o.Unit = u
	}
	return o
}

// demand returns what a unit takes in a mode: its needs, and the processor time that was
// measured, in the mode in which its row says that it was.
func demand(spec *Spec, r *agent.UnitRow, mode int8) ledger.Demand {
	c := &r.Columns
	scale := modeFactor(c, int(mode)) / modeFactor(c, int(c[unitMode]))
	d := ledger.Demand{Need: spec.Needs}
	d.Need.CPU = max(d.Need.CPU, resource.Milli(sensible(c[unitWork]*c[unitRate]/1e3*scale)))
	// Without a measurement it is known when its slots are, which budgets go by, and not what they take.
	d.Work = admission.Unit{Work: micros(c[unitQuantile] * scale), Slot: micros(c[unitSlot]), Deadline: micros(c[unitDeadline])}
	if all, bound := spec.modes(); mode > 0 && int(mode) <= len(all) {
		need := all[mode-1].Accelerator
		if !bound {
			d.Need.Accelerators = []resource.AcceleratorNeed{need}
		}
		if d.Work.Work > 0 {
			d.Queue = d.Work.Slot * time.Duration(need.Share) / time.Duration(resource.Whole)
		}
	}
	return d
}

func micros(x float32) time.Duration { return ledger.Micros(float64(sensible(x))) }

// sensible returns a number of a row, which another node has written, or 0 for one that no
// measurement gives.
func sensible(x float32) float32 {
	if !(x > 0 && x < 1e9) { // refuses NaN too
		return 0
	}
	return x
}
