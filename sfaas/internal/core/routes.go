// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// learn takes news of a route; older news changes nothing. One of epoch 0 says where
// a unit was when the rest of its part was passed on, see [Rest].
//
// What the news may change, in the order of the code:
//
//  1. News of epoch 0 is no ownership, but a memory: the unit was at that node when the
//     rest of its part went elsewhere.
//  2. Older news, or the same again, changes nothing: routes are compared by epoch, and
//     among equal ones by node, so that all runtimes come to one opinion, whatever order
//     they hear of it in.
//     Who owns the unit under that epoch, and has not said so yet, says so.
//  3. That this runtime owns a unit it learns from an image or a claim, never from news;
//     but that both owners need not be fed any more, the old one says.
//  4. A fence ends when the new owner is announced: for the old owner that is the moment
//     to finish. It ends as well when somebody else is, or nobody: whoever holds slots for
//     its sake would hold them for ever.
//  5. Whoever had the unit has lost it.
//  6. What waited for it goes to the owner, and who watches routes is told.
func (k *Core) learn(u *unit, r base.Route) {
	if r.Epoch == 0 {
		if u.epoch == 0 && !u.pinned {
			u.pinned, k.told = true, nil
			k.settleOwner(u, r.Owner)
			if k.lead(u.UnitID) == k.self.Core {
				k.recordRoute(r)
				k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: r}})
			}
		}
		return
	}
	if r.Owner == k.self.Node && r.Epoch == u.epoch && u.phase == unitHere && u.more != nil && u.more.feed != nil {
		if u.more.feed.move.Epoch == u.epoch { // else it is the old owner, whose route others know
			k.feedEnded(u)
		}
		return
	}
	if !base.Newer(r.Epoch, r.Owner, u.epoch, u.owner) && !k.set.Bugs.staleEpoch {
		k.contest(u, r)
		return
	}
	if r.Owner == k.self.Node || (r.Owner == 0 && u.phase == unitHere && k.set.Bugs.keepFreed) {
		return // it will be, or was: images and claims say so, not news
	}
	if f := u.feeding(); f != nil && f.from == k.self.Node && f.to == r.Owner && f.move.Epoch == r.Epoch {
		k.finishFed(u)
		return
	}
	var fence *feed
	if u.more != nil && u.more.feed != nil && r.Epoch >= u.more.feed.move.Epoch { // else it is news of the old owner
		fence = u.unfence()
	}
	pending := u.pendingMove()
	if u.phase == unitHere || u.phase == unitStopping {
		k.lose(u)
	}
	k.closeLedger(u)
	u.phase, u.owner, u.epoch = unitAway, r.Owner, r.Epoch
	k.goOn(u)
	k.sendHeld(u, fence)
	if fence != nil && fence.ending { // the lead may have dropped it already, and counts
		k.toLead(u, &Signal{Kind: signalDropped, Move: fence.move})
	}
	if k.lead(u.UnitID) == k.self.Core {
		k.recordRoute(u.route())
		k.keptPromise(u)
		k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
		switch {
		case pending != nil:
			k.wentAway(u, pending)
		case u.more != nil && u.more.move != nil && !u.more.move.sent: // its image is not whole yet, and goes nowhere
			k.voidMove(u)
		}
	}
}

// contest lets this runtime say that it owns a unit, which somebody else, of a lower number,
// has claimed under the same epoch: a new owner in mode Fed has told nobody yet, and all
// others, the old one too, believe the claim.
func (k *Core) contest(u *unit, r base.Route) {
	if r.Epoch == u.epoch && r.Owner != u.owner && u.owner == k.self.Node && u.phase == unitHere && k.lead(u.UnitID) == k.self.Core {
		k.everywhere(u, &Signal{Kind: signalRoute, Route: u.route()})
	}
}

// feedEnded takes, at the new owner, that the old one ends: all slots are this runtime's
// now, and who watches routes here hears that the unit has come.
func (k *Core) feedEnded(u *unit) {
	k.unfeed(u)
	if k.lead(u.UnitID) == k.self.Core {
		k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
	}
}

// own takes a unit over, empty: one that nobody has owned yet, or a soft one
// whose owner is gone. A kept one that is claimed goes on, if it was handed over and there
// is no answer.
//
// Two runtimes may claim one unit at once. Both take it under the same epoch, announce
// it, and hear of each other: the higher node number stays the owner, the other one loses
// what it has taken in meanwhile. For a soft unit that is what its losing a slot would
// be.
func (k *Core) own(u *unit, s *Signal) {
	if k.lead(u.UnitID) == k.self.Core {
		if s.Route.Owner != k.self.Node {
			k.renounce(u, s)
			return
		}
		m := u.pendingMove()
		if m != nil && m.image.taken.Load() {
			k.goneWith(u, m)
			m = nil
		}
		switch {
		case s.claims && m != nil && !m.sent:
			k.effect(Effect{Kind: EffectMoved, Signal: s, Err: base.ErrMoving})
			return
		case s.claims && m != nil && s.Route.Epoch > m.Epoch:
			m.claim = s
			k.goOnHere(u, m, s.Route.Epoch, base.ErrUnlinked)
			return
		case s.claims && m != nil:
			k.effect(Effect{Kind: EffectMoved, Signal: s, Err: base.ErrStaleEpoch})
			return
		case s.claims && u.Part.Kept && u.phase == unitHere && u.owner == k.self.Node && s.Route.Epoch == u.epoch:
			k.effect(Effect{Kind: EffectMoved, Signal: s}) // the answer it was claimed for the lack of has come
			return
		case s.claims && u.Part.Kept:
			k.effect(Effect{Kind: EffectMoved, Signal: s, Err: &base.KeptError{Unit: u.Unit(), Owner: u.owner, Epoch: u.epoch}})
			return
		case u.phase == unitStopping || u.phase == unitLeft:
			k.effect(Effect{Kind: EffectMoved, Signal: s, Err: base.ErrMoving})
			return
		case !base.Newer(s.Route.Epoch, k.self.Node, u.epoch, u.owner):
			k.effect(Effect{Kind: EffectMoved, Signal: s, Err: base.ErrStaleEpoch})
			return
		}
		k.voidMove(u) // in mode Fed, or one that waits for its slot
		r := base.Route{Unit: u.Unit(), Owner: k.self.Node, Epoch: s.Route.Epoch}
		k.tell(u, &Signal{Kind: signalTake, Route: r})
		k.announce(u) // before who asked hears of it
		k.effect(Effect{Kind: EffectMoved, Signal: s})
	}
}

// renounce lets nobody own a soft unit: whoever has it loses it, as to a new owner, and what
// comes for it is refused until somebody claims it. Any runtime may say so, of a unit whose
// owner is gone too: the epoch decides, as between two claims.
func (k *Core) renounce(u *unit, s *Signal) {
	var err error
	switch {
	case u.Part.Kept:
		err = &base.KeptError{Unit: u.Unit(), Owner: u.owner, Epoch: u.epoch}
	case u.inMove() || u.pendingMove() != nil || u.phase == unitStopping || u.phase == unitLeft:
		err = base.ErrMoving
	case !base.Newer(s.Route.Epoch, s.Route.Owner, u.epoch, u.owner):
		err = base.ErrStaleEpoch
	default:
		k.tell(u, &Signal{Kind: signalGone, Route: s.Route})
		k.spreadRoute(u)
	}
	k.effect(Effect{Kind: EffectMoved, Signal: s, Err: err})
}
