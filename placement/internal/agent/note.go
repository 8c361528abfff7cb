// SPDX-License-Identifier: Apache-2.0

package agent

import "slices"

// A retirement is answered when all members have noted it. So when a call that retires a unit
// returns, each member knows of an epoch that is not older than the one under which the unit went
// out of service. Two things follow from it, of calls at any two nodes:
//
//  1. A wish that is made later is not taken for an older one. Its agent does not believe an
//     owner that has let go before; and no news that is still under way can end the wish, since
//     all that a call has answered for is known there.
//  2. A wish that had been answered before it began is ended. The agent with that wish knows who
//     owned the unit then, and so does that owner if the agent is gone; either says so, however
//     little was known where the unit was retired.
//
// Of a wish and a retirement at the same time either may win. A wish that still waits when its
// unit goes out of service has it placed again. The price is that one member that does not
// answer is waited for, until it does or is none any more. A node that others take for gone
// while it is not, and which comes back, is told by the epoch alone, as all news is: that ends
// what it has, and its wishes.

// renew begins anew with the epoch that is known now.
func (r *retirement) renew(epoch uint32) {
	r.epoch, r.number, r.next, r.silent = epoch, 0, 0, r.silent[:0]
}

// pressNotes lets all members know that nobody owns a unit, as its row says, and answers who
// waits for the retirement when they do.
func (a *Agent) pressNotes(r *retirement, row *UnitRow) {
	if r.number == 0 {
		a.number++
		r.number, r.gap = a.number, a.cfg.Retry
		for i := range a.nodes {
			if n := a.nodes[i].Node; n != a.cfg.Node {
				r.silent = append(r.silent, n)
			}
		}
	}
	r.silent = slices.DeleteFunc(r.silent, func(n NodeID) bool { return !a.up(n) })
	switch {
	case len(r.silent) == 0:
		a.answerRetirement(r, row.Epoch, nil)
	case a.now >= r.next:
		r.next, r.gap = a.now.Add(r.gap), min(2*r.gap, 8*a.cfg.Retry)
		l := a.letter(Retired, len(r.silent))
		l.Deal = DealID{a.cfg.Node, r.number}
		l.Item.Row.Unit, l.Item.Row.Epoch = r.unit, row.Epoch
		for _, n := range r.silent {
			a.out = append(a.out, Effect{Kind: Send, Node: n, Letter: l})
		}
	}
}

// tellRetirements lets a member that is new note what all others do.
func (a *Agent) tellRetirements(n NodeID) {
	for _, r := range a.retires {
		if r.number != 0 && !slices.Contains(r.silent, n) {
			r.silent, r.next = append(r.silent, n), 0
		}
	}
}

// onRetired notes that nobody owns a unit, unless there is a newer owner. Wishes end even where
// the epoch was known: it may be that of a deal that was undone, under which they stand.
func (a *Agent) onRetired(l *Letter) {
	u, epoch := l.Item.Row.Unit, l.Item.Row.Epoch
	if is, _ := retired(epoch); !is && epoch != 0 {
		return
	}
	a.routed(u, 0, epoch)
	row := UnitRow{Unit: u}
	if i, ok := a.place[u]; ok {
		row = a.units[i]
	}
	if row.Epoch == epoch {
		a.endWish(u)
	}
	n := a.letter(Noted, 1)
	n.Deal, n.Item.Row = l.Deal, row
	a.send(l.From, n)
}

// onNoted takes in that a member knows what this node does of a unit that it retires, or more.
func (a *Agent) onNoted(l *Letter) {
	u := l.Item.Row.Unit
	r := a.retirementOf(u)
	if r == nil || l.Deal != (DealID{a.cfg.Node, r.number}) {
		return
	}
	if i := a.unit(u); l.Item.Row.newerThan(&a.units[i]) {
		a.hearUnit(&l.Item.Row)
	} else {
		r.silent = slices.DeleteFunc(r.silent, func(n NodeID) bool { return n == l.From })
	}
	if r = a.retirementOf(u); r != nil {
		a.pressRetirement(r)
	}
}
