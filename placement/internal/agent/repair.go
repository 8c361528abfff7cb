// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

// repair lets the units of this node have a lease, and the standbys that they want: who is
// gone or leaves is struck out, and somebody else is asked.
//
// A unit that is displaced goes where there is room for it: what is here takes more than there
// is, since it has grown, or was claimed after the standby's lease had ended. A standby that is
// displaced is none any more, and its owner finds another one.
func (a *Agent) repair() {
	a.standDown()
	for _, h := range a.holds {
		if h.state != active || h.item.Role != RoleOwner || h.leaving != (DealID{}) {
			continue
		}
		i := a.unit(h.item.Row.Unit)
		a.strikeOut(h, i)
		if h.displaced && h.mend.deal == (DealID{}) && a.now >= h.mend.next && len(a.deals) < MaxDeals {
			a.moveAway(h)
			continue
		}
		r := &a.units[i]
		if int(r.Want) <= r.numStandbys() || a.drain.on || h.mend.deal != (DealID{}) || a.now < h.mend.next || len(a.deals) >= MaxDeals {
			continue
		}
		a.findStandby(h, r)
	}
}

// standDown ends standing by for units for which there is no room here any more.
func (a *Agent) standDown() {
	for i := len(a.holds) - 1; i >= 0; i-- {
		h := a.holds[i]
		if h.displaced && h.state == active && h.item.Role == RoleStandby {
			a.dismiss(a.units[a.unit(h.item.Row.Unit)].Owner, h.item.Row.Unit)
			a.standNoMore(h)
		}
	}
}

// strikeOut takes standbys that are gone, or leave, out of a unit's row.
func (a *Agent) strikeOut(h *hold, i int32) {
	r := &a.units[i]
	changed := false
	for at, s := range r.Standbys {
		if s == 0 {
			continue
		}
		n, ok := a.at(s)
		if ok && a.nodes[n].State == NodeOpen {
			continue
		}
		if ok {
			a.dismiss(s, r.Unit)
		}
		r.Standbys[at], changed = 0, true
	}
	if changed {
		a.follow(h, i)
	}
}

// findStandby begins a deal for one more standby.
func (a *Agent) findStandby(h *hold, r *UnitRow) {
	it := Item{Row: *r, Role: RoleStandby}
	for _, n := range a.candidates(&it, h.mend.tried) {
		if n == a.cfg.Node || r.StandsBy(n) >= 0 {
			continue
		}
		d := a.newDeal(forStandby, r.Unit)
		d.add(r, RoleStandby, n, slices.Index(r.Standbys[:], 0), h.item.Name)
		h.mend.deal = d.id
		a.begin(d)
		return
	}
	h.mend.tried = h.mend.tried[:0] // all have refused: from the beginning, later
	h.mend.failed(a.now, a.cfg.Grace)
}

// standbyDone goes on when a deal for a standby has ended.
func (a *Agent) standbyDone(d *deal) {
	h := a.activeHold(d.unit, RoleOwner)
	if h == nil || h.mend.deal != d.id {
		return
	}
	h.mend.deal = DealID{}
	if d.failures() && h.replaced != 0 {
		h.replaced, h.newcomer = 0, 0
		return
	}
	if d.failures() {
		h.mend.tried = append(h.mend.tried, d.items[0].To)
		return // the next one is asked in the next round
	}
	h.mend.next = a.now.Add(a.cfg.Retry) // its letter comes
}

// drain is what an agent does when its node shall be empty.
type drain struct {
	on    bool
	since sfaas.Time
	done  bool // Drained has been said
}

// beginDrain lets nothing come any more, and everything go.
func (a *Agent) beginDrain() {
	if a.drain.on {
		return
	}
	a.drain = drain{on: true, since: a.now}
	i, _ := a.at(a.cfg.Node)
	a.nodes[i].State = NodeDraining
	a.tellNode(i)
	for _, h := range a.holds {
		h.mend.done()
	}
	a.goOnDraining()
}

// goOnDraining moves what is still here, and says when nothing is. Standbys are replaced by
// the owners of their units, for which there is some time.
func (a *Agent) goOnDraining() {
	if !a.drain.on || a.drain.done {
		return
	}
	waits := false
	for _, h := range a.holds {
		switch {
		case h.item.Role == RoleWitness:
		case h.item.Role == RoleStandby && h.state == active:
			waits = waits || a.now.Sub(a.drain.since) < a.cfg.Grace
		case h.state != active:
			waits = true
		default:
			waits = true
			if h.leaving == (DealID{}) && h.mend.deal == (DealID{}) && a.now >= h.mend.next && len(a.deals) < MaxDeals {
				a.moveAway(h)
			}
		}
	}
	if !waits {
		a.drain.done = true
		a.out = append(a.out, Effect{Kind: Drained})
	}
}

// moveAway begins a deal that brings a unit of this node to another one.
func (a *Agent) moveAway(h *hold) {
	r := &a.units[a.unit(h.item.Row.Unit)]
	it := Item{Row: *r, Role: RoleOwner}
	for _, n := range a.candidates(&it, h.mend.tried) {
		if n == a.cfg.Node {
			continue
		}
		d := a.newDeal(forDrain, r.Unit)
		d.add(r, RoleOwner, n, 0, h.item.Name)
		h.mend.deal = d.id
		a.begin(d)
		return
	}
	// All have refused. There may be room later; a host that waits to leave hears of it.
	why := slices.Clone(h.mend.why)
	h.mend.tried, h.mend.why = h.mend.tried[:0], h.mend.why[:0]
	h.mend.failed(a.now, a.cfg.Retry)
	if !a.drain.on {
		return
	}
	w := wish{row: *r, name: h.item.Name, tokens: []uint64{0}}
	w.refusals = why
	a.unplaced(&w, 0)
}

// drainDone goes on when a deal of a drain has ended.
func (a *Agent) drainDone(d *deal) {
	if h := a.activeHold(d.unit, RoleOwner); h != nil && h.mend.deal == d.id {
		h.mend.deal = DealID{}
		if d.failures() {
			h.mend.tried = append(h.mend.tried, d.items[0].To)
			h.mend.why = append(h.mend.why, d.items[0].refusal)
		}
	}
	a.goOnDraining()
}
