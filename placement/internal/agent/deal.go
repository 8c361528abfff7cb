// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// phase says how far a deal is.
type phase uint8

const (
	reserving  phase = iota // leases are asked for
	committing              // all are reserved: they shall hold
	ordering                // all hold: what was agreed is done
)

// itemState says how far an item of a deal is.
type itemState uint8

const (
	itemAsked itemState = iota
	itemReserved
	itemCommitted
	itemDone
	itemFailed
)

// dealItem is an item as its leader sees it.
type dealItem struct {
	Item
	state   itemState
	life    uint32 // of the target when it has committed
	refusal Refusal
}

// purpose says what the end of a deal means to its leader.
type purpose uint8

const (
	forWish    purpose = iota // a unit is placed
	forStandby                // a unit of this node gets a standby
	forDrain                  // a unit leaves this node
	forEnergy                 // moves that a planner has proposed
	forThought                // moves that this agent has thought of
	forHost                   // a unit is where the host wants it
)

// deal is what this node leads.
type deal struct {
	id     DealID
	why    purpose
	unit   UnitID // of all but forEnergy and forThought
	token  uint64 // of the host that waits, if it is forHost
	phase  phase
	items  []dealItem
	resend sfaas.Time // letters without an answer go again
	gap    time.Duration
	end    sfaas.Time // of the phase
}

// MaxDeals bounds what an agent leads at once; what comes beyond that waits or is dropped,
// as its purpose can bear.
const MaxDeals = 64

// newDeal returns a deal without items.
func (a *Agent) newDeal(why purpose, u UnitID) *deal {
	d := new(deal)
	if n := len(a.oldDeal); n > 0 {
		d, a.oldDeal = a.oldDeal[n-1], a.oldDeal[:n-1]
	}
	a.number++
	*d = deal{id: DealID{a.cfg.Node, a.number}, why: why, unit: u, items: d.items[:0]}
	return d
}

// add adds an item: a role at a node for a unit.
func (d *deal) add(r *UnitRow, role Role, to NodeID, rank int, name string) {
	d.items = append(d.items, dealItem{Item: Item{Row: *r, Role: role, To: to, Rank: uint8(rank), Name: name}})
}

// begin asks all targets.
func (a *Agent) begin(d *deal) {
	a.deals = append(a.deals, d)
	a.enter(d, reserving)
}

// enter begins a phase of a deal.
//
// Half the time of a reservation is for reserving, so that what was reserved first still
// holds when the commits come. A quarter of the time of a lease is for committing.
func (a *Agent) enter(d *deal, p phase) {
	d.phase = p
	d.gap, d.resend = a.cfg.Retry, a.now.Add(a.cfg.Retry)
	switch p {
	case reserving:
		d.end = a.now.Add(a.cfg.ReserveTTL / 2)
	case committing:
		d.end = a.now.Add(a.cfg.LeaseTTL / 4)
	case ordering:
		d.end = a.now.Add(a.cfg.LeaseTTL / 2)
	}
	a.press(d)
}

// press sends what has no answer yet.
func (a *Agent) press(d *deal) {
	for i := range d.items {
		it := &d.items[i]
		switch {
		case d.phase == reserving && it.state == itemAsked:
			l := a.letter(Reserve, 1)
			l.Deal, l.Index, l.Item = d.id, uint16(i), it.Item
			a.send(it.To, l)
		case d.phase == committing && it.state == itemReserved:
			l := a.letter(Commit, 1)
			l.Deal, l.Index = d.id, uint16(i)
			a.send(it.To, l)
		case d.phase == ordering && it.state == itemCommitted && d.ready(it):
			l := a.letter(Order, 1)
			l.Deal, l.Index, l.Item = d.id, uint16(i), it.Item
			to := it.To
			if it.Role == RoleOwner && it.Row.Owner != 0 {
				to = it.Row.Owner
			}
			a.send(to, l)
		}
	}
}

// ready reports whether an item may be ordered: a standby is told when there is an owner.
func (d *deal) ready(it *dealItem) bool {
	if it.Role == RoleOwner {
		return true
	}
	for i := range d.items {
		if o := &d.items[i]; o.Role == RoleOwner && o.Row.Unit == it.Row.Unit && o.state != itemDone {
			return false
		}
	}
	return true
}

// pressDeals is the deals' part of a round.
func (a *Agent) pressDeals() {
	for i := len(a.deals) - 1; i >= 0; i-- {
		if i >= len(a.deals) {
			continue // more than one has ended
		}
		d := a.deals[i]
		switch {
		case a.now >= d.end || a.hopeless(d):
			a.giveUp(d)
		case a.now >= d.resend:
			// Less often each time, as a node that does not answer may have too much to do.
			d.gap = min(2*d.gap, 8*a.cfg.Retry)
			d.resend = a.now.Add(d.gap)
			a.press(d)
		}
	}
}

// hopeless reports whether a node that has not answered is gone.
func (a *Agent) hopeless(d *deal) bool {
	for i := range d.items {
		it := &d.items[i]
		if it.state < itemDone && (!a.up(it.To) || it.Row.Owner != 0 && it.Role == RoleOwner && !a.up(it.Row.Owner)) {
			return true
		}
	}
	return false
}

// onAnswer takes in what a target, or the owner of a unit, says.
func (a *Agent) onAnswer(l *Letter) {
	at := slices.IndexFunc(a.deals, func(d *deal) bool { return d.id == l.Deal })
	if at < 0 || int(l.Index) >= len(a.deals[at].items) {
		return // it is over
	}
	d := a.deals[at]
	it := &d.items[l.Index]
	switch {
	case l.Kind == Reserved && d.phase == reserving && it.state == itemAsked && l.From == it.To:
		it.state = itemReserved
		if d.all(itemReserved) {
			a.enter(d, committing)
		}
	case l.Kind == Committed && d.phase == committing && it.state == itemReserved && l.From == it.To:
		it.state, it.life = itemCommitted, l.Incarnation
		if d.all(itemCommitted) {
			a.ordered(d)
		}
	case l.Kind == Refused && d.phase != ordering && it.state < itemCommitted && l.From == it.To:
		it.state, it.refusal = itemFailed, l.Refusal
		a.cancel(d)
	case l.Kind == Done && d.phase == ordering && it.state == itemCommitted:
		a.onDone(d, l)
	}
}

// ordered begins the last phase: from here on nothing is taken back.
func (a *Agent) ordered(d *deal) {
	for i := range d.items {
		it := &d.items[i]
		if it.Role != RoleStandby {
			continue
		}
		for j := range d.items { // an owner to be knows who is to stand by
			if o := &d.items[j]; o.Role == RoleOwner && o.Row.Unit == it.Row.Unit {
				it.Row.Owner = o.To
			}
		}
	}
	a.enter(d, ordering)
}

// onDone notes that an order is done, or has failed: then its lease is not needed.
func (a *Agent) onDone(d *deal, l *Letter) {
	it := &d.items[l.Index]
	if l.Refusal.Refused() {
		it.state, it.refusal = itemFailed, l.Refusal
		a.abort(d, int(l.Index))
	} else {
		it.state = itemDone
		if r := &l.Item.Row; it.Role == RoleOwner && r.Unit == it.Row.Unit && r.Owner != 0 {
			a.routed(r.Unit, r.Owner, r.Epoch)
			if o := &a.units[a.unit(r.Unit)]; o.Version == 0 && o.Owner == it.To && o.Epoch == r.Epoch {
				o.Life = it.life // it may have begun another one since
			}
			d.inform(r)
		}
	}
	if it.state == itemFailed && it.Role == RoleOwner {
		for i := range d.items { // nobody stands by for nothing
			if s := &d.items[i]; s.Role != RoleOwner && s.Row.Unit == it.Row.Unit && s.state == itemCommitted {
				s.state, s.refusal = itemFailed, it.refusal
				a.abort(d, i)
			}
		}
	}
	if !slices.ContainsFunc(d.items, func(it dealItem) bool { return it.state == itemCommitted }) {
		a.finish(d)
		return
	}
	if it.Role == RoleOwner {
		a.press(d) // standbys may be told now
	}
}

func (d *deal) all(s itemState) bool {
	return !slices.ContainsFunc(d.items, func(it dealItem) bool { return it.state != s })
}

// giveUp ends a deal that has waited for too long: whoever has not answered is to blame.
func (a *Agent) giveUp(d *deal) {
	for i := range d.items {
		it := &d.items[i]
		// What is asked for in a phase is the state one above the number of the phase.
		if it.state <= itemState(d.phase) {
			it.refusal = Refusal{Node: it.To, Line: "answer", Got: "none", Want: "one in time"}
		}
	}
	a.cancel(d)
}

// cancel ends a deal. What has been done stays; all other leases are released.
func (a *Agent) cancel(d *deal) {
	for i := range d.items {
		if it := &d.items[i]; it.state < itemDone {
			it.state = itemFailed
			a.abort(d, i)
		}
	}
	a.finish(d)
}

func (a *Agent) abort(d *deal, i int) {
	l := a.letter(Abort, 1)
	l.Deal, l.Index = d.id, uint16(i)
	a.send(d.items[i].To, l)
}

// finish tells who wanted the deal how it has ended.
func (a *Agent) finish(d *deal) {
	if i := slices.Index(a.deals, d); i >= 0 {
		a.deals = slices.Delete(a.deals, i, i+1)
	}
	switch d.why {
	case forWish:
		a.wishDone(d)
	case forStandby:
		a.standbyDone(d)
	case forDrain:
		a.drainDone(d)
	case forHost:
		a.relocated(d)
	case forThought:
		a.thought(d)
	}
	a.oldDeal = append(a.oldDeal, d)
}

// failures reports whether an item of a deal has failed.
func (d *deal) failures() bool {
	return slices.ContainsFunc(d.items, func(it dealItem) bool { return it.state == itemFailed })
}
