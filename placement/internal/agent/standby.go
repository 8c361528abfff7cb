// SPDX-License-Identifier: Apache-2.0

package agent

import "slices"

// Who stands by for a unit is said by its owner's row, and by nothing else. A node that has
// become a standby says so to the owner, which takes it into the row or sends it away; the
// row extends its lease. So a letter that is lost costs a heartbeat, and owner and standbys
// never disagree for longer than that.

// sayStanding tells the owner of a unit that this node stands by for it.
func (a *Agent) sayStanding(h *hold) {
	l := a.letter(Standing, 1)
	l.Item.Row.Unit, l.Item.Rank = h.item.Row.Unit, h.item.Rank
	owner := h.item.Row.Owner
	if i, ok := a.place[h.item.Row.Unit]; ok && a.units[i].Owner != 0 {
		owner = a.units[i].Owner
	}
	a.send(owner, l)
}

// onStanding takes a standby into the row of a unit, or sends it away if there are enough.
func (a *Agent) onStanding(l *Letter) {
	h := a.activeHold(l.Item.Row.Unit, RoleOwner)
	if h == nil {
		return // the row of the owner comes, and it will ask there
	}
	i := a.unit(l.Item.Row.Unit)
	r := &a.units[i]
	if r.StandsBy(l.From) >= 0 {
		a.tellUnit(i)
		return
	}
	if int(r.Want) > r.numStandbys() && a.open(l.From) {
		for at := range r.Standbys {
			if r.Standbys[at] == 0 {
				r.Standbys[at] = l.From
				break
			}
		}
		h.mend.done()
		a.follow(h, i)
		return
	}
	if rank := r.StandsBy(h.replaced); rank >= 0 && l.From == h.newcomer {
		a.dismiss(h.replaced, r.Unit)
		r.Standbys[rank], h.replaced, h.newcomer = l.From, 0, 0
		a.follow(h, i)
		return
	}
	a.dismiss(l.From, r.Unit)
}

// replaceStandby begins a deal by which another node stands by in the place of one that does.
func (a *Agent) replaceStandby(h *hold, from, to NodeID) {
	r := &a.units[a.unit(h.item.Row.Unit)]
	rank := r.StandsBy(from)
	if rank < 0 || r.StandsBy(to) >= 0 || to == a.cfg.Node || h.mend.deal != (DealID{}) || a.now < h.mend.next {
		return
	}
	d := a.newDeal(forStandby, r.Unit)
	d.add(r, RoleStandby, to, rank, h.item.Name)
	h.mend.deal, h.replaced, h.newcomer = d.id, from, to
	a.begin(d)
}

// dismiss tells a node that it, or this one, stands by for a unit no more.
func (a *Agent) dismiss(n NodeID, u UnitID) {
	l := a.letter(Release, 1)
	l.Item.Row.Unit = u
	a.send(n, l)
}

// follow tells the host of an owner, and everybody, who stands by.
func (a *Agent) follow(h *hold, i int32) {
	h.item.Row.Standbys = a.units[i].Standbys
	a.out = append(a.out, Effect{Kind: Follow, Unit: h.item.Row.Unit, Name: h.item.Name, Standbys: h.item.Row.Standbys})
	a.tellUnit(i)
}

// stand reads in the row of a unit's owner whether this node still stands by.
func (a *Agent) stand(r *UnitRow) {
	h := a.activeHold(r.Unit, RoleStandby)
	if h == nil {
		// In a deal that is not over yet the row may come before the order.
		if r.StandsBy(a.cfg.Node) >= 0 && !slices.ContainsFunc(a.holds, func(h *hold) bool { return h.item.Row.Unit == r.Unit }) {
			a.dismiss(r.Owner, r.Unit) // an earlier life did, or its lease has ended
		}
		return
	}
	if rank := r.StandsBy(a.cfg.Node); rank >= 0 {
		h.item.Rank = uint8(rank)
		h.item.Row.Owner, h.item.Row.Columns = r.Owner, r.Columns
		a.extend(h)
		return
	}
	a.sayStanding(h)
}

// onRelease ends standing by: the owner wants it, or the standby cannot.
func (a *Agent) onRelease(l *Letter) {
	if h := a.activeHold(l.Item.Row.Unit, RoleOwner); h != nil {
		i := a.unit(l.Item.Row.Unit)
		if rank := a.units[i].StandsBy(l.From); rank >= 0 {
			a.units[i].Standbys[rank] = 0
			a.follow(h, i)
		}
		return
	}
	h := a.activeHold(l.Item.Row.Unit, RoleStandby)
	if h == nil {
		return
	}
	if i, ok := a.place[l.Item.Row.Unit]; ok && a.units[i].Owner != l.From {
		return // from an owner that is none any more
	}
	a.standNoMore(h)
}
