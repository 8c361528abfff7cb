// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// holdState says how far an item has come at its target.
type holdState uint8

const (
	reserved  holdState = iota // for a short while, until the deal is agreed
	committed                  // the deal is agreed; the order follows
	ordered                    // the host is at it
	active                     // this node is what the item says
)

// hold is an item for which this node has granted a lease.
//
// Until it is active its time is bounded by the leader's letters, and it ends by itself.
// An active owner extends its lease for as long as it owns the unit; an active standby
// does for as long as the owner's row names it.
type hold struct {
	deal     DealID
	index    uint16
	item     Item
	state    holdState
	lease    uint64
	borrowed bool // of a standby's lease at this node: an owner to be needs no second one
	until    sfaas.Time
	told     sfaas.Time // when the unit's row went round last, of an owner
	settled  sfaas.Time // when the unit came here
	leaving  DealID     // deal by whose order the unit is moving away
	leavesAs uint16     // its item there
	to       NodeID     // where to
	mend     mend       // of what is missing, of an owner
	replaced NodeID     // standby that the next one takes the place of
	newcomer NodeID     // who that is

	displaced bool       // there is no room for it here any more
	ends      sfaas.Time // its host has been told to let it go; not again before
}

// holdOf returns the hold of an item of a deal, or nil.
func (a *Agent) holdOf(d DealID, index uint16) *hold {
	for _, h := range a.holds {
		if h.deal == d && h.index == index {
			return h
		}
	}
	return nil
}

// activeHold returns the active hold of a role for a unit, or nil.
func (a *Agent) activeHold(u UnitID, role Role) *hold {
	for _, h := range a.holds {
		if h.item.Row.Unit == u && h.item.Role == role && h.state == active {
			return h
		}
	}
	return nil
}

// onReserve admits an item on the true state of this node, or says which line does not fit.
func (a *Agent) onReserve(l *Letter) {
	if h := a.holdOf(l.Deal, l.Index); h != nil {
		a.answer(Reserved, l, Refusal{}) // it has been asked before
		return
	}
	it := &l.Item
	a.yield(l)
	if r := a.admit(it); r.Refused() {
		a.answer(Refused, l, r)
		return
	}
	h := a.newHold(l.Deal, l.Index, it)
	h.until = a.now.Add(a.cfg.ReserveTTL)
	switch {
	case it.Role == RoleWitness:
	case it.Role == RoleOwner && a.activeHold(it.Row.Unit, RoleStandby) != nil:
		h.borrowed = true
	default:
		lease, r := a.cfg.Ledger.Reserve(a.now, it, h.until)
		if r.Refused() {
			r.Node = a.cfg.Node
			a.freeHold(h)
			a.answer(Refused, l, r)
			return
		}
		h.lease = lease
	}
	a.holds = append(a.holds, h)
	a.answer(Reserved, l, Refusal{})
}

// admit returns why an item cannot be here, whatever there is room for.
func (a *Agent) admit(it *Item) Refusal {
	refuse := func(line, got, want string) Refusal {
		return Refusal{Node: a.cfg.Node, Line: line, Got: got, Want: want}
	}
	switch {
	case it.Role == RoleWitness:
		return a.testify(it)
	case a.drain.on:
		return refuse("state", "draining", "open")
	}
	if i, ok := a.place[it.Row.Unit]; ok && it.Role == RoleOwner {
		if r := &a.units[i]; newer(r.Epoch, r.Owner, it.Row.Epoch, it.Row.Owner) && a.served(r) {
			return refuse("owner", "a newer one", "the one that is known")
		}
	}
	for _, h := range a.holds {
		if h.item.Row.Unit != it.Row.Unit {
			continue
		}
		switch {
		case h.state != active:
			return refuse("unit", "in another deal", "in one")
		case h.item.Role == RoleOwner:
			return refuse("unit", "owned here", "elsewhere")
		case it.Role == RoleStandby:
			return refuse("unit", "a standby here", "none")
		}
	}
	return Refusal{}
}

// onCommit lets a lease hold until the order comes.
func (a *Agent) onCommit(l *Letter) {
	h := a.holdOf(l.Deal, l.Index)
	if h == nil {
		a.answer(Refused, l, Refusal{Node: a.cfg.Node, Line: "lease", Got: "expired", Want: "reserved"})
		return
	}
	if h.state == reserved {
		h.state = committed
		a.extend(h)
	}
	a.answer(Committed, l, Refusal{})
}

// onAbort ends what is not active yet. An abort that overtakes its Reserve leaves a lease
// behind that ends by itself.
func (a *Agent) onAbort(l *Letter) {
	if h := a.holdOf(l.Deal, l.Index); h != nil && (h.state == reserved || h.state == committed) {
		a.dropHold(h)
	}
}

// extend lets a lease hold for its whole time from now on, for what the unit takes now. What
// is here and has no lease any more gets one; what there is no room for is for repair. A witness
// has no lease.
func (a *Agent) extend(h *hold) {
	h.until = a.now.Add(a.cfg.LeaseTTL)
	if h.borrowed || h.item.Role == RoleWitness {
		return
	}
	state := a.cfg.Ledger.Extend(a.now, h.lease, &h.item.Row, h.until)
	h.displaced = state == LeaseDisplaced
	if state == LeaseEnded && h.state == active {
		h.lease = a.cfg.Ledger.Accept(a.now, &h.item, h.until)
		a.cfg.Ledger.Become(h.lease, h.item.Role)
	}
}

// expire ends the leases whose time is over, and extends those of units that are owned
// here before theirs is.
func (a *Agent) expire() {
	for i := len(a.holds) - 1; i >= 0; i-- {
		h := a.holds[i]
		switch {
		case h.state == active && h.item.Role == RoleOwner:
			if h.until.Sub(a.now) < a.cfg.LeaseTTL-a.cfg.Heartbeat {
				a.extend(h)
			}
		case h.state == ordered: // the host answers, or ends with the agent
		case a.now >= h.until:
			if h.state == active {
				a.standNoMore(h)
			} else {
				a.dropHold(h)
			}
		}
	}
}

func (a *Agent) newHold(d DealID, index uint16, it *Item) *hold {
	h := new(hold)
	if n := len(a.oldHold); n > 0 {
		h, a.oldHold = a.oldHold[n-1], a.oldHold[:n-1]
	}
	*h = hold{deal: d, index: index, item: *it, mend: mend{tried: h.mend.tried[:0], why: h.mend.why[:0]}}
	return h
}

func (a *Agent) freeHold(h *hold) { a.oldHold = append(a.oldHold, h) }

// dropHold ends a hold and its lease.
func (a *Agent) dropHold(h *hold) {
	if !h.borrowed && h.lease != 0 {
		a.cfg.Ledger.Release(h.lease)
	}
	if i := slices.Index(a.holds, h); i >= 0 {
		a.holds = slices.Delete(a.holds, i, i+1)
		a.freeHold(h)
	}
}

// answer writes to the leader of a deal.
func (a *Agent) answer(kind Kind, to *Letter, r Refusal) {
	l := a.letter(kind, 1)
	l.Deal, l.Index, l.Refusal = to.Deal, to.Index, r
	if r.Refused() {
		l.Refusal.Node = a.cfg.Node
	}
	a.send(to.Deal.Leader, l)
}

// done tells the leader of a deal that an order is done, and who owns the unit now; or why
// it failed.
func (a *Agent) done(d DealID, index uint16, u UnitID, failure Refusal) {
	l := a.letter(Done, 1)
	l.Deal, l.Index, l.Refusal = d, index, failure
	if failure.Refused() {
		l.Refusal.Node = a.cfg.Node
	} else if i, ok := a.place[u]; ok {
		l.Item.Row.Unit, l.Item.Row.Owner, l.Item.Row.Epoch = u, a.units[i].Owner, a.units[i].Epoch
	}
	a.send(d.Leader, l)
}

// mend paces what an owner does about something that is missing or in the way.
type mend struct {
	deal  DealID     // under way
	next  sfaas.Time // not before
	wait  time.Duration
	tried []NodeID // have refused since the last success
	why   []Refusal
}

// failed lets the next try wait twice as long, up to a bound.
func (m *mend) failed(now sfaas.Time, least time.Duration) {
	m.deal = DealID{}
	m.wait = min(max(2*m.wait, least), 32*least)
	m.next = now.Add(m.wait)
}

// done begins anew.
func (m *mend) done() { *m = mend{tried: m.tried[:0], why: m.why[:0]} }
