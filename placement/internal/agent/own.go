// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"slices"
)

// onOrder does what a deal has agreed. The order of a move goes to the owner of the unit,
// every other one to the target.
func (a *Agent) onOrder(l *Letter) {
	switch {
	case l.Item.Role == RoleOwner && l.Item.Row.Owner == a.cfg.Node:
		a.onMove(l)
		return
	case l.Item.Role == RoleWitness:
		a.informed(l)
		return
	}
	h := a.holdOf(l.Deal, l.Index)
	switch {
	case h == nil:
		a.done(l.Deal, l.Index, l.Item.Row.Unit, Refusal{Line: "lease", Got: "expired", Want: "committed"})
	case h.state == active:
		a.done(l.Deal, l.Index, l.Item.Row.Unit, Refusal{}) // the first answer was lost
	case h.state == committed:
		h.state = ordered
		h.item.Row.Standbys, h.item.Row.Owner = l.Item.Row.Standbys, l.Item.Row.Owner
		e := Effect{Unit: h.item.Row.Unit, Name: h.item.Name, Deal: l.Deal, Index: l.Index}
		if h.item.Role == RoleOwner {
			e.Kind, e.Epoch = Own, firstEpoch(&h.item.Row, a.units[a.unit(e.Unit)].Epoch, a.cfg.Node)
			if e.Epoch == 0 {
				kept := h.item.Row.Kept
				a.dropHold(h)
				a.done(l.Deal, l.Index, e.Unit, noEpoch(kept))
				return
			}
		} else {
			e.Kind, e.Node, e.Rank = Prepare, l.Item.Row.Owner, h.item.Rank
		}
		a.out = append(a.out, e)
	}
}

// firstEpoch returns the epoch under which a node may own a unit that nobody serves, or 0. A
// kept unit is owned for the first time, under the first epoch, or not at all: its content is
// where its owner was.
func firstEpoch(r *UnitRow, known uint32, n NodeID) uint32 {
	switch after := max(r.Epoch, known); {
	case !r.Kept:
		return ClaimEpoch(after, n)
	case after == 0:
		return 1
	}
	return 0
}

// noEpoch says why there is none.
func noEpoch(kept bool) Refusal {
	if kept {
		return Refusal{Line: "owner", Got: "gone, with the content of the unit", Want: "there"}
	}
	return Refusal{Line: "epoch", Got: "the last one", Want: "a newer one"}
}

// onMove brings a unit of this node to another one, once.
func (a *Agent) onMove(l *Letter) {
	u := l.Item.Row.Unit
	h := a.activeHold(u, RoleOwner)
	switch {
	case h == nil:
		// It has gone already: where to, and since when, says whether this order did it. One
		// who has not heard yet that it came here knows an older epoch.
		if i, ok := a.place[u]; ok && a.units[i].Owner == l.Item.To && a.units[i].Epoch > l.Item.Row.Epoch {
			a.done(l.Deal, l.Index, u, Refusal{})
			return
		}
		a.done(l.Deal, l.Index, u, Refusal{Line: "owner", Got: "another node", Want: "this one"})
	case h.leaving == l.Deal && h.leavesAs == l.Index:
		// It is on its way.
	case h.leaving != DealID{} || a.units[a.unit(u)].Epoch != l.Item.Row.Epoch:
		a.done(l.Deal, l.Index, u, Refusal{Line: "unit", Got: "in another move", Want: "at rest"})
	default:
		h.leaving, h.leavesAs, h.to = l.Deal, l.Index, l.Item.To
		a.out = append(a.out, Effect{Kind: MoveUnit, Unit: u, Name: h.item.Name, Node: l.Item.To, Deal: l.Deal, Index: l.Index})
	}
}

// outcome takes in how an effect has ended.
func (a *Agent) outcome(e *Event) {
	u := e.Row.Unit
	if h := a.activeHold(u, RoleOwner); h != nil && h.leaving == e.Deal && h.leavesAs == e.Index {
		h.leaving = DealID{}
		if !e.Failure.Refused() {
			// The route says so too, before or after: whoever comes first, the unit is away.
			a.letGo(u, h.to, a.units[a.unit(u)].Epoch+1)
		}
		a.done(e.Deal, e.Index, u, e.Failure)
		return
	}
	h := a.holdOf(e.Deal, e.Index)
	if h == nil { // the route was faster, and its unit is away
		a.done(e.Deal, e.Index, u, e.Failure)
		return
	}
	if e.Failure.Refused() && h.state == active { // it came to be so in another way: the standby has claimed
		a.done(e.Deal, e.Index, u, Refusal{})
		return
	}
	if e.Failure.Refused() {
		a.dropHold(h)
		a.done(e.Deal, e.Index, u, e.Failure)
		return
	}
	if gone, _ := retired(a.units[a.unit(u)].Epoch); gone && h.state == ordered && h.item.Role == RoleStandby {
		a.standNoMore(h) // nobody owns it any more
		a.done(e.Deal, e.Index, u, Refusal{Line: "owner", Got: "none", Want: "one"})
		return
	}
	if h.state == ordered && h.item.Role == RoleStandby {
		h.state = active
		a.cfg.Ledger.Become(h.lease, RoleStandby)
		a.extend(h)
		a.sayStanding(h)
	}
	if h.item.Role == RoleOwner && h.state != active {
		a.owned(&Event{Row: UnitRow{Unit: u}, Epoch: e.Epoch, Name: h.item.Name})
		if h.state != active && slices.Contains(a.holds, h) {
			a.dropHold(h) // a newer owner has been heard of meanwhile
		}
	}
	a.done(e.Deal, e.Index, u, Refusal{})
}

// owned takes in that this node owns a unit: it was placed here, has moved here, or was
// claimed here when its owner was gone. The lease that this node holds for it becomes the
// owner's, the one of a standby too.
func (a *Agent) owned(e *Event) {
	u, epoch := e.Row.Unit, e.Epoch
	i := a.unit(u)
	r := &a.units[i]
	if h := a.activeHold(u, RoleOwner); h != nil && r.Owner == a.cfg.Node && r.Epoch >= epoch {
		return
	}
	if newer(r.Epoch, r.Owner, epoch, a.cfg.Node) {
		return // another one is the owner by now
	}
	h := a.takeOver(&e.Row, e.Name)
	for _, from := range []*UnitRow{&h.item.Row, &e.Row} {
		if r.Deployment == 0 && from.Deployment != 0 { // nothing but its route is known
			r.Deployment, r.Want, r.Kept, r.Standbys, r.Columns = from.Deployment, from.Want, from.Kept, from.Standbys, from.Columns
		}
	}
	r.Unit, r.Owner, r.Epoch, r.Life, r.Version = u, a.cfg.Node, epoch, a.cfg.Incarnation, 0
	keep := r.Standbys[:0:MaxStandbys]
	for _, s := range r.Standbys {
		if s != 0 && s != a.cfg.Node && a.up(s) {
			keep = append(keep, s)
		}
	}
	clear(r.Standbys[len(keep):])
	h.item.Row = *r
	h.told, h.settled = a.now, a.now
	h.mend.done()
	a.extend(h)
	a.follow(h, i)
	a.fulfil(u)
}

// takeOver returns the hold under which this node is the owner of a unit from now on: the
// one that a deal has made for that, or that of the standby, or a new one without a lease,
// if the time of every other has ended. No other hold of the unit is left.
func (a *Agent) takeOver(row *UnitRow, name string) *hold {
	u := row.Unit
	var best *hold
	for _, h := range a.holds {
		if h.item.Row.Unit == u && h.item.Role != RoleWitness && (best == nil || h.item.Role == RoleOwner && !h.borrowed || h.item.Role == RoleStandby && best.borrowed) {
			best = h
		}
	}
	if best == nil {
		best = a.newHold(DealID{}, 0, &Item{Row: *row, Role: RoleOwner, To: a.cfg.Node, Name: name})
		if i := a.unit(u); a.units[i].Deployment != 0 {
			best.item.Row = a.units[i]
		}
		a.holds = append(a.holds, best)
	}
	for i := len(a.holds) - 1; i >= 0; i-- {
		h := a.holds[i]
		if h.item.Row.Unit != u || h == best {
			continue
		}
		if h.borrowed || h.deal != (DealID{}) && h.item.Role == RoleOwner { // its answers go on under the deal that brought the unit
			best.deal, best.index = h.deal, h.index
		}
		a.dropHold(h)
	}
	best.state, best.borrowed, best.item.Role, best.item.Name = active, false, RoleOwner, cmp.Or(name, best.item.Name)
	if best.lease == 0 {
		best.lease = a.cfg.Ledger.Accept(a.now, &best.item, a.now.Add(a.cfg.LeaseTTL))
	}
	a.cfg.Ledger.Become(best.lease, RoleOwner)
	return best
}

// routed takes in that another node owns a unit.
func (a *Agent) routed(u UnitID, owner NodeID, epoch uint32) {
	_, known := a.place[u]
	i := a.unit(u)
	r := &a.units[i]
	if !newer(epoch, owner, r.Epoch, r.Owner) {
		return
	}
	a.letGo(u, owner, epoch)
	r.Owner, r.Epoch, r.Version, r.Life = owner, epoch, 0, 0
	if at, ok := a.at(owner); ok {
		r.Life = a.nodes[at].Incarnation
	}
	if owner == 0 {
		if known {
			a.spreadUnit(i, true) // no owner will
		}
		a.ended(i)
	}
	a.fulfil(u)
}

// letGo ends the lease of a unit that this node has owned, if its new owner is another one, and
// lets others hear of that: the new owner may die before it has said so, and then whoever wants
// the unit would take this node for its owner for ever.
func (a *Agent) letGo(u UnitID, owner NodeID, epoch uint32) {
	h := a.activeHold(u, RoleOwner)
	if h == nil || owner == a.cfg.Node || !newer(epoch, owner, h.item.Row.Epoch, a.cfg.Node) {
		return
	}
	if i := a.unit(u); a.units[i].Owner == a.cfg.Node {
		r := &a.units[i]
		r.Owner, r.Epoch, r.Version, r.Life = owner, epoch, 0, 0
		if at, ok := a.at(owner); ok {
			r.Life = a.nodes[at].Incarnation
		}
		a.spreadUnit(i, true)
	}
	if h.leaving != (DealID{}) {
		a.done(h.leaving, h.leavesAs, u, Refusal{})
	}
	a.dropHold(h)
}

// measured takes in what a unit of this node takes.
func (a *Agent) measured(u UnitID, columns *[UnitColumns]float32) {
	h := a.activeHold(u, RoleOwner)
	if h == nil {
		return
	}
	i := a.unit(u)
	if a.units[i].Columns != *columns {
		a.units[i].Columns, h.item.Row.Columns = *columns, *columns
		a.extend(h)
		a.tellUnit(i)
	}
}

// served reports whether the owner that a row names is there, in the life that it means.
func (a *Agent) served(r *UnitRow) bool {
	i, ok := a.at(r.Owner)
	return ok && (r.Life == 0 || a.nodes[i].Incarnation <= r.Life)
}
