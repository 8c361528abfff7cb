// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"strconv"
	"time"
)

// A kept unit gets its first owner once: what that takes in is nowhere else, so of two first
// owners one would lose what it has promised to keep. A soft one may have two for a moment,
// since the newer epoch holds; a kept one must not.
//
// So the deal that places it for the first time has an item more for every other member of the
// zone, which is its witness. A witness has no lease. It promises two things:
//
//  1. It knows of no owner of the unit, nor of another deal that is to give it one.
//  2. While the promise lasts it makes none to another deal. It lasts, as a lease does, for a
//     short while until the Commit comes, then for the time of a lease; the Order, which
//     comes when there is an owner and says who that is, ends it.
//
// Two deals that are led by nodes of which each knows a member that the other one knows too,
// be it one of themselves, ask that one, and at most one of them is agreed. Only nodes that
// have never heard of each other, nor of anybody else, can give a unit two first owners.
//
// Of two deals that meet at several witnesses in different orders neither might be agreed.
// So a promise that is not committed yet is taken back for the deal of a lower leader: its
// Commit is refused then.

// firstPlace reports whether an item is of a deal that needs witnesses.
func firstPlace(it *Item) bool { return it.Row.Kept && it.Row.Epoch == 0 && it.Row.Owner == 0 }

// addWitnesses adds all members that a deal has no item for yet.
func (a *Agent) addWitnesses(d *deal, r *UnitRow, name string) {
	asked := len(d.items)
next:
	for i := range a.nodes {
		for k := range asked {
			if d.items[k].To == a.nodes[i].Node {
				continue next
			}
		}
		d.add(r, RoleWitness, a.nodes[i].Node, 0, name)
	}
}

// yield takes back what was promised to a weaker deal for the same unit, and not committed.
func (a *Agent) yield(l *Letter) {
	if !firstPlace(&l.Item) {
		return
	}
	for i := len(a.holds) - 1; i >= 0; i-- {
		h := a.holds[i]
		if h.state == reserved && h.item.Row.Unit == l.Item.Row.Unit && firstPlace(&h.item) && stronger(l.Deal, h.deal) {
			a.dropHold(h)
		}
	}
}

// stronger reports whether one deal has its way before another one: that of the lower leader,
// and of one leader the later.
func stronger(d, than DealID) bool {
	return d.Leader < than.Leader || d.Leader == than.Leader && d.Number > than.Number
}

// testify returns why this node cannot be a witness.
func (a *Agent) testify(it *Item) Refusal {
	if i, ok := a.place[it.Row.Unit]; ok && a.units[i].Epoch > 0 {
		return Refusal{Node: a.cfg.Node, Line: "owner", Got: "node " + strconv.Itoa(int(a.units[i].Owner)), Want: "none"}
	}
	for _, h := range a.holds {
		if h.item.Row.Unit == it.Row.Unit {
			return Refusal{Node: a.cfg.Node, Line: "unit", Got: "in another deal", Want: "in one"}
		}
	}
	return Refusal{}
}

// inform lets the witnesses of a deal hear who the owner is, with their orders.
func (d *deal) inform(r *UnitRow) {
	for i := range d.items {
		if it := &d.items[i]; it.Role == RoleWitness {
			it.Row.Owner, it.Row.Epoch = r.Owner, r.Epoch
		}
	}
}

// informed ends a promise: there is an owner now.
func (a *Agent) informed(l *Letter) {
	if r := &l.Item.Row; r.Owner != 0 && r.Owner != a.cfg.Node {
		a.routed(r.Unit, r.Owner, r.Epoch)
	}
	if h := a.holdOf(l.Deal, l.Index); h != nil {
		a.dropHold(h)
	}
	a.done(l.Deal, l.Index, l.Item.Row.Unit, Refusal{})
}

// unwitnessed goes on with a wish for which a witness has not stood. Of an owner that it knows
// this node will hear; another deal gives the unit one, or this node asks again.
func (a *Agent) unwitnessed(w *wish, why Refusal) {
	if why.Line == "owner" {
		w.refusals = append(w.refusals, why)
		a.unplaced(w, 0)
		return
	}
	w.lost = max(a.now.Add(-a.cfg.Grace), 1)
	w.next = a.now.Add(a.cfg.Retry * time.Duration(1+a.random(4)))
}
