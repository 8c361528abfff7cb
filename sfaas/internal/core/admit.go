// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// origin says where a message comes from, as the core sees that admits it.
type origin uint8

// The difference matters for lines: what follows from running work runs before anything
// else, so that a slot goes through its stages at once; what comes from outside waits for
// its turn, so that no source starves another.
const (
	fromWork    origin = iota // from the handler that has just run here, or from a timer
	fromOutside               // from a source, another core or another runtime
)

// receive takes a message that the shell brings.
//
// Five questions in this order, of which each may end the way of the message:
//
//  1. Is it a call of host code? Then it is routed as if a function had sent it, since
//     the unit may be elsewhere.
//  2. Was it sent under an older epoch of the unit? Then it has been outrun.
//  3. Is it a spread input? Every core of the owner gets it, once.
//  4. Does its key fall to another core of this runtime? The sender may count its cores
//     otherwise. It is handed on.
//  5. Else it is admitted here.
func (k *Core) receive(ev *Event) {
	e, m := k.app.Edges[ev.Edge-1], ev.Msg
	here := ev.From.Node == k.self.Node
	if here && ev.Host {
		k.transmit(k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key]), e, m, ev.Key, k.keys[ev.Key], nil) // a call of host code
		return
	}
	if here {
		k.gauges[e.ID-1].sub(e, m.size)
	} else {
		k.stats[e.Node.Index].Remote += uint64(m.size)
		k.flowOn(e.ID).Received.count(m.size)
		if u := k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key]); u.phase != unitAway {
			k.ledger(u).heard(e, m.size)
		}
		if k.outrun(ev) {
			return
		}
		if ev.Stamp == nil && e.Queue() && e.Kind == plan.PortData && e.Config.Drop == base.DropNone && k.gauges[e.ID-1].full(e, m.size) {
			k.drop(e, m, ev.Key, "edge is full") // its sources are elsewhere: nothing here can push back to them
			return
		}
	}
	g := ev.Key.KeyGroup()
	switch {
	case e.IsWide() && here:
		k.admitWide(e, m, ev.Key, nil, fromOutside)
	case e.IsWide():
		if u := k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key]); u.phase == unitAway {
			k.elsewhere(u, e, m, ev.Key, ev.Stamp, ev.From.Node)
			return
		}
		k.spreadOnce(e, m, ev.Key, ev.Stamp, fromOutside, ev.From.Node)
	case k.coreOf(g) != k.self.Core: // a runtime with another number of cores
		k.handOn(e, m, ev.Key, k.coreOf(g), ev.Stamp)
	default:
		k.admit(e, m, k.state(ev.Key, g), ev.Stamp, fromOutside, ev.From.Node)
	}
}

// outrun reports whether a message was sent here before its unit went away and came
// back: later ones of its producer may have been taken elsewhere meanwhile, or the
// same one. It is dropped, and its sender learns the route. What is kept comes again,
// the rest is counted.
func (k *Core) outrun(ev *Event) bool {
	// The unit was here, went away and is here again, all while the message was on its
	// way.
	e := k.app.Edges[ev.Edge-1]
	u := k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key])
	if u.phase == unitAway || ev.Epoch >= u.epoch {
		return false
	}
	k.elsewhere(u, e, ev.Msg, ev.Key, ev.Stamp, ev.From.Node)
	return true
}

// admit takes in a message at the core of its key. What comes from outside,
// and what is on an edge with a capacity, lines up there; the rest runs right
// after its producer. Sender is the runtime that it comes from.
//
// What admit decides, in this order, and why the order matters:
//
//  1. Is the unit here? Away: the sender learns the route. Stopped or coming: the
//     message waits with the unit, unless its sender keeps it in any case.
//  2. Does the slot concern a move that is under way: the first slot that the new owner
//     sees, or the slot before which the unit must not stop? That comes before taking
//     the message in, since it may change the answer to question 1.
//  3. Has its producer's message been taken already (marks)? This is the only place
//     where a mark rises.
//  4. Was it made by an owner that has been replaced?
//  5. Does it line up, or run at once?
func (k *Core) admit(e *plan.Edge, m *Message, ks *keyState, s *Stamp, from origin, sender base.NodeID) {
	u := k.unitOf(e.Node.Part, ks)
	if u.phase != unitHere {
		switch {
		case u.phase == unitAway:
			k.elsewhere(u, e, m, ks.key, s, sender)
		case s != nil && s.kind == stampOther:
			m.release(k.lane) // its sender keeps it, and will hear of the outcome
		default:
			k.waitFor(u, e, m, ks, s, from)
		}
		return
	}
	if u.mute > 0 && u.more != nil && u.more.reach != nil && e.Enters && !e.Kind.Control() {
		// The target of a Fed move tells the old owner once the slots here have come as
		// far as the fence.
		k.sawSlot(u, m.made)
	}
	if u.more != nil && u.more.await != nil && from == fromOutside {
		if k.sees(u, m.Slot); u.phase != unitHere { // what it moves for goes along
			k.admit(e, m, ks, s, from, sender)
			return
		}
	}
	if s != nil && s.kind == stampOther {
		// Not fresh: a repeat, which has been answered, or one that has overtaken, which
		// comes again.
		if !k.fresh(e, m, ks, s, sender) {
			m.release(k.lane)
			return
		}
		if k.keeps {
			s = s.admitted()
		}
	}
	if s == nil && e.Cross && k.outOfDate(e, m, ks) {
		k.refuse(e, m, ks.key)
		return
	}
	// Control is never in a line: it must be there before the data of its slot, whichever
	// comes first.
	if !e.Kind.Control() && (from == fromOutside || e.Queue()) {
		k.lineUp(u, e, m, ks, s)
		return
	}
	k.accept(e, m, ks, s)
}

// elsewhere answers a message for a unit that another runtime owns, or this one
// under a newer epoch: the sender learns the route. What is kept will come to the owner again; what is not
// would overtake or be overtaken, and is dropped, counted.
//
// Only the owner's answer is a route. A runtime that never owned the unit, and has no
// route, tells what it knows about the rests: who owns what nobody has used.
func (k *Core) elsewhere(u *unit, e *plan.Edge, m *Message, key base.Key, s *Stamp, sender base.NodeID) {
	switch {
	case sender == k.self.Node:
	case u.epoch == 0:
		k.tellRests(sender)
	default:
		k.effect(Effect{Kind: EffectSignal, To: Endpoint{Node: sender, Core: allCores}, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
	}
	if s != nil {
		m.release(k.lane)
		return
	}
	k.refuse(e, m, key)
}

// accept lets a message of a unit that is here take its course.
//
// An input of a join waits for its partners, control for the data of its slot; an
// invocation of a parallel function may run on another core; the rest follows at once.
func (k *Core) accept(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	switch {
	case e.Kind.Control():
		k.hold(e, m, ks, s)
	case len(e.Node.Fn.Ins) > 1 && e.Kind == plan.PortData:
		k.join(e, m, ks, s)
	case e.Node.Fn.Config.Parallel && k.count > 1 && e.Kind == plan.PortData:
		k.farm(item{edge: e, msg: m, ks: ks, stamp: s})
	default:
		k.follow(e, m, ks, s)
	}
}

// Sent gives up the hold of a message that the shell has copied into a frame.
func (k *Core) Sent(e *Effect) { e.Msg.release(k.lane) }

// CountLost counts a message that the shell could not bring to its owner.
func (k *Core) CountLost(e *Effect) {
	for _, c := range k.countsAt(k.app.Edges[e.Edge-1].Node, e.Key) {
		c.Dropped++
	}
}

// refuse drops a message for a unit that another runtime owns, counted.
func (k *Core) refuse(e *plan.Edge, m *Message, key base.Key) {
	for _, c := range k.countsAt(e.Node, key) {
		c.Stale++
	}
	k.notice(NoticeStale, e, &m.Header, key, "its unit has another owner", nil)
	// A call must not wait for a timeout that may be a minute away: it gets its error
	// here.
	k.failCall(e, m, base.ErrStaleEpoch)
	m.release(k.lane)
}
