// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// SignalKind says what a [Signal] is.
type SignalKind uint8

const (
	signalMove       SignalKind = iota // a move is asked for, at the owner's lead
	signalStop                         // lead to cores: stop the unit
	signalQuiet                        // core to lead: nothing of it runs
	signalExport                       // lead to cores: hand over your share
	signalShare                        // core to lead: Image is it
	signalImage                        // owner's lead to target's: take the unit
	signalTake                         // lead to cores: the unit is ours, Image is it
	signalOutcome                      // target's lead to owner's: taken, or refused with Err
	signalGone                         // owner's lead to cores: Route holds
	signalRoute                        // news: Route holds
	signalOwn                          // own the unit under the epoch of Route, empty; or nobody shall
	signalFence                        // owner's lead to all leads: can Fence stand?
	signalFenceCore                    // lead to cores: the same
	signalFencedCore                   // core to lead: yes, or no with Err
	signalFenced                       // lead to the owner's lead: yes, or no with Err
	signalHead                         // lead to cores: hand over the last settings
	signalFeed                         // to all cores everywhere: the fence stands
	signalUnfeed                       // to all cores everywhere: it does not
	signalReached                      // target's core to the old owner's lead: the fence is far behind
	signalDropped                      // old owner's core to its lead: the unit is finished here
	signalAwait                        // lead to cores: tell when the slot of the move comes
	signalCame                         // core to lead: it has come
	signalAsk                          // producer's core to the owner's cores: do Asks still wait?
	signalMarks                        // consumer's core to the owners of producers: do you keep messages for Marks?
	signalForget                       // the answer: none for these Marks
	signalResign                       // the rest of a part is to be passed on, see Rest
	signalHush                         // lead to cores: hold what comes for the rest
	signalHushed                       // core to lead: done, but for the units of Used
	signalUnhush                       // lead to cores: the rest stays here
	signalHeir                         // lead to the successor's lead: take the rest
	signalInherited                    // successor's lead to the lead: taken, or refused with Err
	signalRest                         // news: the rest belongs to who Resign says
	signalInquire                      // old owner's lead to target's: has the unit come, as Move says?
	signalFinish                       // old owner's lead to its cores: both need not be fed any more, Route holds
	signalLost                         // lead to cores: Image goes nowhere
)

// Signal is what cores tell each other about units. It does not change once it
// is sent.
//
// Who talks to whom:
//
//	lead → cores     tell: what the lead decides, at every core of its runtime
//	core → lead      toLead: that it has done it
//	lead → lead      toNode: the same lead at another runtime
//	lead → all       everywhere, announce: what holds from now on
//
// The lead is the core of the unit's root, so that every core knows it without asking. A
// signal is sent behind the messages that a core has sent before it, and a core hears of
// it in the order in which it was sent; the protocols of moves, fences and rests stand on
// that.
type Signal struct {
	Kind   SignalKind
	Route  base.Route // of signalGone, signalRoute, signalOwn
	Move   *Move
	Image  *Image
	Packed Packed // of signalImage, instead of Image: it comes from another process
	Err    error
	From   Endpoint    // of signalFence and signalAsk: who asks
	Asks   []Ask       // of signalAsk
	Marks  []MarkAsk   // of signalMarks and signalForget
	Fence  base.Slot   // of signalFence
	Slot   base.Slot   // the newest slot sent
	reply  func(error) // of signalOwn
	claims bool        // of signalOwn: the unit has, or had, another owner

	Resign *Resignation // of what concerns the rest of a part
	Used   []base.Route // of signalHushed: units that are here

	id plan.UnitID
}

// String returns one word.
func (k SignalKind) String() string {
	return [...]string{
		"move", "stop", "quiet", "export", "share", "image", "take", "outcome", "gone", "route", "own",
		"fence", "fence core", "fenced core", "fenced", "head", "feed", "unfeed", "reached", "dropped", "await", "came", "ask", "marks", "forget",
		"resign", "hush", "hushed", "unhush", "heir", "inherited", "rest", "inquire", "finish", "lost",
	}[k]
}

// Unit returns the unit that the signal is about.
func (s *Signal) Unit() base.Unit {
	switch {
	case s.id.Part != nil:
		return s.id.Unit()
	case s.Move != nil:
		return s.Move.Unit
	case s.Resign != nil:
		return base.Unit{Part: s.Resign.Part}
	}
	return s.Route.Unit
}

// Carried returns the move whose image the signal carries, nil for other
// signals: a shell that cannot deliver it says so to who sent it.
func (s *Signal) Carried() *Move {
	if s.Kind == signalImage {
		return s.Move
	}
	return nil
}

// Done reports the outcome of a move, a claim or a resignation to who asked for it.
//
// Exactly one of the three asks, and hears once.
func (s *Signal) Done(err error) {
	switch {
	case s.Move != nil:
		s.Move.Done(err)
	case s.Resign != nil:
		s.Resign.done(s.Resign.Used, err)
	case s.reply != nil:
		s.reply(err)
	}
}

// OwnEvent returns the event that lets the lead of this runtime take over a
// unit, empty, under the epoch of a route. Reply gets the outcome.
func OwnEvent(r base.Route, reply func(error)) Event {
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalOwn, Route: r, reply: reply}}
}

// ClaimEvent is [OwnEvent] for a unit that has, or had, another owner. A kept one is not
// empty: it goes on, if its records are here.
func ClaimEvent(r base.Route, reply func(error)) Event {
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalOwn, Route: r, reply: reply, claims: true}}
}

// ReleaseEvent returns the event that lets nobody own a soft unit, under the epoch of a route
// without an owner. Reply gets the outcome.
func ReleaseEvent(r base.Route, reply func(error)) Event {
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalOwn, Route: r, reply: reply}}
}

// allCores is the place of an [Endpoint] that stands for all cores.
//
// It is negative, so that no core has it.
const allCores = -1

// IsAll reports whether the endpoint stands for all cores of its runtime.
func (e Endpoint) IsAll() bool { return e.Core == allCores }

func (u *unit) route() base.Route { return base.Route{Unit: u.Unit(), Owner: u.owner, Epoch: u.epoch} }

// signal handles what another core, or host code, says about a unit.
//
// A name that this graph does not have is of no interest here, unless somebody waits for
// an answer.
func (k *Core) signal(s *Signal) {
	if s.Resign != nil {
		k.signalOfRest(s)
		return
	}
	id := s.id
	if id.Part == nil {
		name := s.Route.Unit
		if s.Move != nil {
			name = s.Move.Unit
		}
		var err error
		if id, err = k.app.Unit(name); err != nil {
			if s.Move != nil && s.Kind == signalMove {
				k.effect(Effect{Kind: EffectMoved, Signal: s, Err: err})
			}
			return
		}
	}
	u := k.unit(id)
	switch s.Kind {
	case signalMove:
		k.startMove(u, s)
	case signalStop:
		k.stopFor(u, s.Move)
	case signalQuiet:
		k.countQuiet(u, s)
	case signalExport:
		k.exportShare(u, s.Move)
	case signalLost:
		k.loseImage(s.Image)
	case signalShare:
		k.collect(u, s)
	case signalImage:
		k.considerImage(u, s)
	case signalTake:
		k.takeUnit(u, s)
	case signalOutcome:
		k.endMove(u, s)
	case signalGone, signalRoute:
		k.learn(u, s.Route)
	case signalOwn:
		k.own(u, s)
	case signalInquire:
		k.inquired(u, s.Move)
	case signalAwait:
		k.await(u, s.Move)
	case signalCame:
		k.slotCame(u, s.Move)
	case signalAsk:
		k.asked(u, s)
	case signalMarks:
		k.answerMarks(u, s)
	case signalForget:
		k.forgetMarks(s)
	default:
		k.signalFed(u, s)
	}
}

// tell sends a signal to the cores of this runtime, this one included, which
// hears it at once.
//
// This core hears it last, after the effects for the others are in order: what it does at
// once may send them further signals, which must not overtake this one.
func (k *Core) tell(u *unit, s *Signal) {
	s.id = u.UnitID
	for c := range k.count {
		if c != k.self.Core {
			k.effect(Effect{Kind: EffectSignal, To: Endpoint{k.self.Node, c}, Signal: s})
		}
	}
	k.signal(s)
}

// toLead sends a signal to the lead of this runtime.
func (k *Core) toLead(u *unit, s *Signal) {
	s.id = u.UnitID
	if c := k.lead(u.UnitID); c != k.self.Core {
		k.effect(Effect{Kind: EffectSignal, To: Endpoint{k.self.Node, c}, Signal: s})
		return
	}
	k.signal(s)
}

// toNode sends a signal to the lead of another runtime.
//
// Runtimes may have different numbers of cores: the key group says who leads there.
func (k *Core) toNode(u *unit, to base.NodeID, s *Signal) {
	k.effect(Effect{Kind: EffectSignal, To: Endpoint{to, int(u.Root.KeyGroup())}, Signal: s})
}

// announce tells all other runtimes the route of a unit, and who watches here.
//
// The route is recorded with it: after a crash this runtime knows where its units went.
func (k *Core) announce(u *unit) {
	k.recordRoute(u.route())
	k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
	k.spreadRoute(u)
}

// spreadRoute tells all other runtimes the route of a unit.
func (k *Core) spreadRoute(u *unit) {
	k.effect(Effect{Kind: EffectSignal, To: Endpoint{base.AllNodes, allCores}, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
}
