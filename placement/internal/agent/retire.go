// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// A unit goes out of service in an era that nobody begins: the route of [RetireEpoch] has no
// owner. It spreads as all news of owners does, and whoever hears of it lets go: the owner of
// its lease, standbys of theirs, and hosts of their wishes. So a letter that is lost costs a
// retry, and an owner that was cut off lets go when it comes back. A later wish has the unit
// placed again, under a later era.
//
//	who wants it                     owner                            all
//	  End  ────────────────────────►  lets its runtime release it
//	                                    route without an owner  ────►  leases and wishes end
//	  Retired  ────────────────────────────────────────────────────►  know that epoch
//	           ◄────────────────────────────────────────────────────  Noted, or a newer owner
//	  (all have noted it: who waits is answered)
//
// Of a unit whose owner is gone, the runtime of who wants it says what the owner would. If a
// member knows of a newer owner it begins anew, with that one. Why all are asked is said in
// note.go.
//
// A deal whose wish was taken back when its orders had left cannot be called back. What it has
// placed is retired as well; but as nobody has asked for that, wishes that others have made
// meanwhile stand, and have the unit placed again: so the epoch says which of the two it was.
// A kept unit may have content by then, and stays.

// RetireEpoch returns the epoch under which a unit goes out of service whose newest known epoch
// is after, 0 if there is none left: with its wishes, or undone, without them.
func RetireEpoch(after uint32, undone bool) uint32 {
	e := ClaimEpoch(after, 0)
	if e != 0 && !undone {
		e++ // of two at once it is the newer one
	}
	return e
}

// retired reports whether an epoch is that of a unit out of service, and whether wishes end.
func retired(epoch uint32) (is, wishes bool) {
	is = epoch>>eraShift > 0 && claimant(epoch) == 0
	return is, is && epoch&(1<<moveBits-1) == 1
}

// retirement is a unit that this node wants out of service.
type retirement struct {
	unit   UnitID
	name   string
	tokens []uint64   // of those who wait for Placed
	undo   NodeID     // where the deal has placed it that nobody wanted any more; 0: it is none of those
	until  sfaas.Time // that deal may still bring it into service
	next   sfaas.Time // nobody is asked again before

	epoch  uint32        // that was known when it was pressed last
	number uint64        // of the letters that say that nobody owns the unit, under epoch; 0: none
	silent []NodeID      // have not noted that
	gap    time.Duration // until those are told again
}

func (a *Agent) retirementOf(u UnitID) *retirement {
	for _, r := range a.retires {
		if r.unit == u {
			return r
		}
	}
	return nil
}

// retire takes in that the host wants a unit out of service. It is answered by Placed, without
// a node.
func (a *Agent) retire(e *Event) {
	u := e.Row.Unit
	a.heardFromHost(e)
	a.endWish(u)
	r := a.retirementOf(u)
	if r == nil {
		r = &retirement{unit: u}
		a.retires = append(a.retires, r)
	}
	r.name, r.undo, r.tokens = e.Name, 0, append(r.tokens, e.Token)
	r.renew(r.epoch) // what others have noted for an earlier call may not be true any more
	a.pressRetirement(r)
}

// undo retires what a deal has placed at a node, or may have placed, for a wish that was taken
// back. Once that is done, or was done by others, it is over: what comes after is no deal's of it.
func (a *Agent) undo(u UnitID, at NodeID, kept bool, name string) {
	if !kept && a.retirementOf(u) == nil {
		a.retires = append(a.retires, &retirement{unit: u, name: name, undo: at, until: a.now.Add(a.cfg.LeaseTTL)})
	}
}

// pressRetirements is the retirements' part of a round.
func (a *Agent) pressRetirements() {
	for i := len(a.retires) - 1; i >= 0; i-- {
		a.pressRetirement(a.retires[i])
	}
}

// retireAgain is for how long a runtime is not told again to release a unit.
const retireAgain = time.Second

// pressRetirement asks who can end the service of a unit, or ends the wait for that.
func (a *Agent) pressRetirement(r *retirement) {
	row := &a.units[a.unit(r.unit)]
	asked := r.next != 0
	if r.epoch != row.Epoch {
		r.renew(row.Epoch)
	}
	switch {
	case r.undo != 0 && (a.wishOf(r.unit) != nil || a.now >= r.until || asked && row.Owner == 0):
		a.dropRetirement(r)
	case slices.ContainsFunc(a.deals, func(d *deal) bool { return d.why == forWish && d.unit == r.unit }):
		// It is being placed: what comes of that ends next.
	case r.undo != 0 && claimant(row.Epoch) != r.undo:
		// It may come yet.
	case row.Owner == 0:
		a.pressNotes(r, row)
	case a.now < r.next:
	case row.Owner == a.cfg.Node || !a.served(row):
		r.next = a.now.Add(retireAgain)
		if !a.letRetire(row, r.name, r.undo != 0) {
			a.answerRetirement(r, 0, []Refusal{noEpoch(row.Kept)})
		}
	case RetireEpoch(row.Epoch, r.undo != 0) == 0:
		a.answerRetirement(r, 0, []Refusal{noEpoch(false)})
	default:
		r.next = a.now.Add(a.cfg.Retry)
		l := a.letter(End, 1)
		l.Item.Row.Unit, l.Item.Row.Epoch = r.unit, RetireEpoch(row.Epoch, r.undo != 0)
		a.send(row.Owner, l)
	}
}

// letRetire tells the host to release a unit, and reports whether that can be.
func (a *Agent) letRetire(row *UnitRow, name string, undone bool) bool {
	e := RetireEpoch(row.Epoch, undone)
	if e == 0 || row.Kept {
		return false
	}
	a.out = append(a.out, Effect{Kind: LetGo, Unit: row.Unit, Name: name, Epoch: e})
	return true
}

func (a *Agent) answerRetirement(r *retirement, epoch uint32, refusals []Refusal) {
	for _, t := range r.tokens {
		a.out = append(a.out, Effect{Kind: Placed, Unit: r.unit, Name: r.name, Token: t, Epoch: epoch, Refusals: refusals})
	}
	a.dropRetirement(r)
}

func (a *Agent) dropRetirement(r *retirement) {
	a.retires = slices.DeleteFunc(a.retires, func(o *retirement) bool { return o == r })
}

// onEnd lets the host release a unit of this node. One that is on its way elsewhere is asked
// for again, there; and one that has come into service since, by who hears of that.
func (a *Agent) onEnd(l *Letter) {
	u := l.Item.Row.Unit
	h := a.activeHold(u, RoleOwner)
	switch {
	case h == nil || a.units[a.unit(u)].Epoch >= l.Item.Row.Epoch:
		if i, ok := a.place[u]; ok && a.units[i].Epoch > 0 { // who asks does not know what this node does
			a.tellOne(l.From, &a.units[i])
		}
	case h.leaving == DealID{} && a.now >= h.ends:
		h.ends = a.now.Add(retireAgain)
		_, wishes := retired(l.Item.Row.Epoch)
		a.letRetire(&a.units[a.unit(u)], h.item.Name, !wishes)
	}
}

// ended takes in that a unit is out of service, after its row says so.
func (a *Agent) ended(i int32) {
	r := &a.units[i]
	r.Standbys, r.Life = [MaxStandbys]NodeID{}, 0
	for k := len(a.holds) - 1; k >= 0; k-- {
		if h := a.holds[k]; h.item.Row.Unit == r.Unit && h.item.Role == RoleStandby && h.state == active {
			a.standNoMore(h)
		}
	}
	if _, wishes := retired(r.Epoch); wishes {
		a.endWish(r.Unit)
	}
	if w := a.wishOf(r.Unit); w != nil && len(w.tokens) > 0 && w.deal == (DealID{}) {
		a.placeWish(w)
	}
	if x := a.retirementOf(r.Unit); x != nil {
		a.pressRetirement(x)
	}
}

// standNoMore ends standing by.
func (a *Agent) standNoMore(h *hold) {
	a.out = append(a.out, Effect{Kind: Unprepare, Unit: h.item.Row.Unit, Name: h.item.Name})
	a.dropHold(h)
}
