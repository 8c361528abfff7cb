// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Without records too, nobody can know whether an image arrived whose connection was lost
// before an outcome came. Let e+1 be the epoch under which the target was to own the unit.
//
//  1. The old owner keeps image and move, and serves the unit no more: two owners would be
//     worse than none. Who asked for the move goes on waiting.
//  2. When it is linked with the same life of the target again, it asks, as in a hand-over
//     (hand.go, steps 6 and 7). Yes ends the move.
//  3. No is a promise of that life never to take an image of e+1, so that one that is late
//     changes nothing. The unit goes on where it was, under e+2.
//  4. If the life of the target is over, there is nobody to ask. A unit that is known to
//     have arrived is gone with it. A soft one goes on where it was, under e+2. Of a kept
//     one the target may have served messages since, and have moved it on to a runtime of
//     which nothing is known here: it waits for news of a route, or for somebody who knows
//     better and lets it go on with a claim.

// linked notes that another runtime is linked, in one life of it: for the first time, or
// again, with what was on its way lost. It learns the routes that this core leads, and gets
// what is kept for its units.
func (k *Core) linked(node base.NodeID, life uint32) {
	k.untell(node)
	again := slices.Contains(k.peers, node)
	if !again {
		k.peers = append(k.peers, node)
	}
	k.lives[node] = life
	if k.restLead() == k.self.Core {
		k.askHeir(node)
		k.tellRests(node)
	}
	// An order that does not depend on the map, for one sequence of effects.
	for _, u := range k.sortedUnits() {
		if k.lead(u.UnitID) == k.self.Core {
			k.tellRoute(u, node)
		}
		if u.phase == unitAway && u.owner == node {
			k.resend(u, again)
		}
		if again && u.more != nil {
			k.fedAgain(u, node)
		}
		if m := u.unanswered(node); m != nil {
			m.adrift = true
			k.ask(u, m)
		}
	}
}

// unlinked notes that another runtime is not linked any more, and perhaps that its life is
// over.
func (k *Core) unlinked(node base.NodeID, over bool) {
	k.untell(node)
	if at := slices.Index(k.peers, node); at > 0 {
		k.peers = slices.Delete(k.peers, at, at+1)
	}
	if over || k.set.Bugs.restBack {
		k.restGone(node)
	}
	for _, u := range k.sortedUnits() {
		if u.more == nil {
			continue
		}
		k.fedGone(u, node)
		m := u.unanswered(node)
		switch {
		case m == nil || m.Recorded:
		case u.phase != unitLeft:
			k.wentAway(u, m)
		case k.set.Bugs.lossIsYes:
			k.goneWith(u, m)
		case k.set.Bugs.lossIsNo:
			k.goOnHere(u, m, m.Epoch+1, base.ErrUnlinked)
		case over:
			m.adrift = true
			k.orphan(u, m)
		default:
			m.adrift = true
		}
	}
}

// untell lets a runtime be told of the rests again.
func (k *Core) untell(node base.NodeID) {
	k.told = slices.DeleteFunc(k.told, func(x base.NodeID) bool { return x == node })
}

// unanswered returns the move of a unit whose image has left for a runtime that has not
// answered, if this core is the lead. In mode Fed nothing has left: the unit is here, and goes
// on, see fedGone.
func (u *unit) unanswered(node base.NodeID) *Move {
	if u.more == nil {
		return nil
	}
	m := u.more.move
	if m == nil || m.Mode == base.Fed || m.To != node || !m.sent || m.ended {
		return nil
	}
	return m
}

// ask is step 2. A unit whose route has become known before the outcome has gone already.
func (k *Core) ask(u *unit, m *Move) {
	switch {
	case u.phase != unitLeft:
		k.wentAway(u, m)
	case m.Recorded || m.life == k.lives[m.To]:
		k.toNode(u, m.To, &Signal{Kind: signalInquire, Move: m})
	default:
		k.orphan(u, m)
	}
}

// orphan is step 4.
func (k *Core) orphan(u *unit, m *Move) {
	switch {
	case m.image.taken.Load():
		k.goneWith(u, m)
	case !u.Part.Kept:
		k.goOnHere(u, m, m.Epoch+1, base.ErrClosed)
	case !m.orphaned:
		m.orphaned = true
		err := &base.KeptError{Unit: m.Unit, Owner: m.To, Epoch: m.Epoch}
		k.set.Logger.Warn("sfaas: the target of a move has ended without an answer; a claim lets its unit go on", "unit", m.Unit.String(), "target", m.To, "epoch", m.Epoch)
		k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}, Err: err})
	}
}

// goneWith ends a move to a runtime that has taken the unit, and is gone.
func (k *Core) goneWith(u *unit, m *Move) {
	u.more.move = nil
	k.tell(u, &Signal{Kind: signalGone, Route: base.Route{Unit: m.Unit, Owner: m.To, Epoch: m.Epoch}})
	k.ended(m, base.ErrClosed, nil)
}
