// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"strconv"

	"github.com/neuroran/neuroran/sfaas"
)

// wish is a unit that the host of this node wants to be somewhere: it feeds it. As long as
// it does, this agent places it, and places it anew when its owner is gone and none of its
// standbys has claimed it.
//
// Each call of the host that wants the unit has a token. It waits for Placed; if that says that
// the unit has a place, the host says whether the call has succeeded (Stand), or not (Withdraw).
// A wish is there as long as a call waits or has been told, and for good once one stands.
type wish struct {
	row      UnitRow // what is wanted
	name     string
	tokens   []uint64 // of those who wait for Placed
	told     []uint64 // of those who have been told that the unit has a place
	stands   bool
	made     NodeID // where a deal of it has placed the unit, 0: nowhere
	since    sfaas.Time
	deal     DealID
	nodes    candidates // of the last try
	tried    []NodeID   // have refused since the wish came
	refusals []Refusal
	lost     sfaas.Time // since when nobody serves the unit; 0: somebody does
	next     sfaas.Time // a try without a host that waits is not before
	heard    sfaas.Time // when its owner was heard of, or asked
}

func (a *Agent) wishOf(u UnitID) *wish {
	for _, w := range a.wishes {
		if w.row.Unit == u {
			return w
		}
	}
	return nil
}

// wish takes in what the host wants. It is answered by Placed, each time.
func (a *Agent) wish(e *Event) {
	a.heardFromHost(e)
	w := a.wishOf(e.Row.Unit)
	if w == nil {
		w = &wish{}
		a.wishes = append(a.wishes, w)
	}
	w.row, w.name, w.tokens, w.since, w.heard = e.Row, e.Name, append(w.tokens, e.Token), a.now, a.now
	if r := &a.units[a.unit(w.row.Unit)]; a.served(r) {
		a.fulfil(w.row.Unit)
		return
	}
	if w.deal == (DealID{}) {
		w.tried, w.refusals = w.tried[:0], nil
		a.placeWish(w)
	}
}

// heardFromHost takes in the route that the host knows: it may be newer than what was heard.
func (a *Agent) heardFromHost(e *Event) {
	if e.Epoch > 0 && e.Node != a.cfg.Node {
		a.routed(e.Row.Unit, e.Node, e.Epoch)
	}
}

// stands takes in that a call has succeeded.
func (a *Agent) stands(u UnitID, token uint64) {
	if w := a.wishOf(u); w != nil {
		w.stands = true
		w.told = without(w.told, token)
	}
}

// withdraw takes in that a call has failed or was cancelled, and ends what it has begun, unless
// others have begun the same.
func (a *Agent) withdraw(u UnitID, token uint64) {
	if w := a.wishOf(u); w != nil {
		w.tokens, w.told = without(w.tokens, token), without(w.told, token)
		if !w.stands && len(w.tokens)+len(w.told) == 0 {
			a.dropWish(w)
			if w.made != 0 {
				a.undo(u, w.made, w.row.Kept, w.name)
			}
		}
	}
	if r := a.retirementOf(u); r != nil && r.undo == 0 {
		if r.tokens = without(r.tokens, token); len(r.tokens) == 0 {
			a.dropRetirement(r)
		}
	}
}

func without(tokens []uint64, token uint64) []uint64 {
	return slices.DeleteFunc(tokens, func(t uint64) bool { return t == token })
}

// endWish ends the wish of those who have been told that a unit has a place, as it is out of
// service now. Those who wait have asked while that was under way, or later: for them it is
// placed again.
func (a *Agent) endWish(u UnitID) {
	w := a.wishOf(u)
	if w == nil {
		return
	}
	w.stands, w.made, w.told = false, 0, w.told[:0]
	if len(w.tokens) == 0 {
		a.dropWish(w)
	}
}

// dropWish ends a wish for which nobody waits. What its deal has asked for is released; what has
// been ordered is not called back, see undo.
func (a *Agent) dropWish(w *wish) {
	a.wishes = slices.DeleteFunc(a.wishes, func(o *wish) bool { return o == w })
	for _, d := range a.deals {
		if d.id == w.deal && d.phase < ordering {
			a.cancel(d)
			break
		}
	}
}

// placeWish begins a deal for a unit that nobody serves: an owner and its standbys, on
// different nodes.
func (a *Agent) placeWish(w *wish) {
	known := a.units[a.unit(w.row.Unit)]
	row := w.row
	row.Epoch, row.Owner, row.Standbys = known.Epoch, 0, [MaxStandbys]NodeID{}
	nodes := a.nodesFor(w, &row)
	if len(nodes) < 1+int(row.Want) || len(a.deals) >= MaxDeals {
		a.unplaced(w, len(nodes))
		return
	}
	d := a.newDeal(forWish, row.Unit)
	for i := range int(row.Want) {
		row.Standbys[i] = nodes[1+i]
	}
	d.add(&row, RoleOwner, nodes[0], 0, w.name)
	for i := range int(row.Want) {
		d.add(&row, RoleStandby, nodes[1+i], i, w.name)
	}
	if firstPlace(&d.items[0].Item) {
		a.addWitnesses(d, &row, w.name)
	}
	w.deal = d.id
	a.begin(d)
}

// wishDone goes on with a wish when its deal has ended.
func (a *Agent) wishDone(d *deal) {
	w := a.wishOf(d.unit)
	if w == nil && d.phase == ordering {
		a.undo(d.unit, d.items[0].To, d.items[0].Row.Kept, d.items[0].Name)
	}
	if w == nil || w.deal != d.id {
		return
	}
	if d.items[0].state == itemDone {
		w.made = d.items[0].To
	}
	w.deal = DealID{}
	var unwitnessed Refusal
	for i := range d.items { // a standby that failed after its owner was there is the owner's to replace
		it := &d.items[i]
		if it.Role == RoleWitness {
			if it.refusal.Refused() {
				unwitnessed = it.refusal
			}
			continue
		}
		if it.refusal.Refused() && !slices.Contains(w.tried, it.To) {
			w.tried = append(w.tried, it.To)
			w.refusals = append(w.refusals, it.refusal)
		}
	}
	if a.served(&a.units[a.unit(d.unit)]) { // by this deal, or somebody else was faster
		a.fulfil(d.unit)
		return
	}
	if unwitnessed.Refused() {
		a.unwitnessed(w, unwitnessed)
		return
	}
	a.placeWish(w)
}

// unplaced tells the host why nobody takes a unit: what each node has said, and of those
// that were not asked, why. Left is how many nodes have not refused.
func (a *Agent) unplaced(w *wish, left int) {
	refusals := slices.Clone(w.refusals)
	for i := range a.nodes {
		n := &a.nodes[i]
		switch {
		case slices.ContainsFunc(refusals, func(r Refusal) bool { return r.Node == n.Node }):
		case n.Deployed&DeploymentBit(w.row.Deployment) == 0:
			refusals = append(refusals, Refusal{n.Node, "deployment", "not deployed", "deployed"})
		case n.State == NodeDraining:
			refusals = append(refusals, Refusal{n.Node, "state", "draining", "open"})
		case !a.open(n.Node):
			refusals = append(refusals, Refusal{n.Node, "state", "suspect", "there"})
		case left > 0:
			refusals = append(refusals, Refusal{n.Node, "standbys", strconv.Itoa(left-1) + " other nodes", strconv.Itoa(int(w.row.Want))})
		}
	}
	w.tried, w.refusals = w.tried[:0], nil
	w.next = a.now.Add(a.cfg.Grace)
	a.placed(w, nil, refusals)
}

// placed answers those who wait. Without a row the unit is nowhere.
func (a *Agent) placed(w *wish, r *UnitRow, refusals []Refusal) {
	e := Effect{Kind: Placed, Unit: w.row.Unit, Name: w.name, Refusals: refusals}
	if r != nil {
		e.Node, e.Epoch = r.Owner, r.Epoch
		w.lost = 0
		w.tried, w.refusals = w.tried[:0], nil
		w.told = append(w.told, w.tokens...)
	}
	for _, e.Token = range w.tokens {
		a.out = append(a.out, e)
	}
	w.tokens = w.tokens[:0]
	if r == nil && !w.stands && len(w.told) == 0 { // all who wanted it have been refused
		a.wishes = slices.DeleteFunc(a.wishes, func(o *wish) bool { return o == w })
	}
}

// fulfil ends the wait of a wish if its unit is owned and has its standbys; those that are
// missing are for the owner to find.
func (a *Agent) fulfil(u UnitID) {
	w := a.wishOf(u)
	if w == nil {
		return
	}
	if r := &a.units[a.unit(u)]; w.deal == (DealID{}) && a.served(r) && r.numStandbys() >= int(w.row.Want) {
		a.placed(w, r, nil)
	}
}

// standbyPatience is for how many times Config.Grace a host waits for the standbys of a unit
// that has an owner.
const standbyPatience = 3

// lookAfterWishes places units anew whose owner is gone. Their standbys have the first
// word: they know of it sooner, and are warm.
func (a *Agent) lookAfterWishes() {
	for _, w := range slices.Clone(a.wishes) { // some end
		r := &a.units[a.unit(w.row.Unit)]
		switch {
		case w.deal != (DealID{}):
		case r.Owner != 0 && a.served(r):
			w.lost = 0
			a.fulfil(w.row.Unit)
			a.doubt(w, r)
			if len(w.tokens) > 0 && a.now.Sub(w.since) >= standbyPatience*a.cfg.Grace {
				a.placed(w, nil, []Refusal{{r.Owner, "standbys", strconv.Itoa(r.numStandbys()), strconv.Itoa(int(w.row.Want))}})
			}
		case w.lost == 0:
			w.lost = max(a.now, 1)
		case a.now.Sub(w.lost) >= a.cfg.Grace && a.now >= w.next:
			a.placeWish(w)
		}
	}
}
