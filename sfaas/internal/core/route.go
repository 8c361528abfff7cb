// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// A message moves by four verbs:
//
//	route     which unit it is for, and so which runtime and core
//	admit     at the core of its key: is the unit here, has it come before?
//	line up   it waits for its turn
//	run       its consumer's handler
//
// Within a unit nothing leaves the runtime, and the stages of a key follow each
// other at once on one core. Between units a message that its edge promises is
// stamped and kept on the producer's side until its consumer has committed.

// way says how messages of one edge travel from a core.
type way uint8

const (
	wayOpen  way = iota // to the core that owns the key
	wayPlain            // the same; a stage of the same key may follow at once
	wayCross            // to another unit, perhaps
	wayVoid             // to a sink to which nobody listens
)

// waysFrom returns the way of each edge, by EdgeID.
//
// Deciding it once per edge keeps the question "can this message leave the unit?" out of
// the way of a message.
func waysFrom(app *plan.App, set *Settings) []way {
	ways := make([]way, len(app.Edges)+1)
	for _, e := range app.Edges {
		switch {
		case e.Node.Sink && set.Sinks.Get(e.Node.Index) == nil && !e.Cross:
			ways[e.ID] = wayVoid
		case e.Cross:
			ways[e.ID] = wayCross
		case e.Plain:
			ways[e.ID] = wayPlain
		}
	}
	return ways
}

// unheard drops a message for a sink to which nobody listens here, counted. Ks is the
// state of its key, nil if that is not known.
func (k *Core) unheard(e *plan.Edge, m *Message, ks *keyState) {
	if ks == nil {
		for _, c := range k.countsAt(e.Node, m.Key) {
			c.Unheard++
		}
		m.release(k.lane)
		return
	}
	k.stats[e.Node.Index].Unheard++
	if u := k.unitOf(e.Node.Part, ks); u.phase != unitAway { // without what counts returns: this happens to each message
		k.ledger(u).Unheard++
	}
	m.release(k.lane)
}

// pass routes a message of an instance under the message's own key. Ks is the
// state of that key, nil if this core knows none. The caller has taken a hold
// on the message.
func (k *Core) pass(e *plan.Edge, m *Message, ks *keyState, by *instance) {
	// The common case of a chain: the next stage of the same key in the same unit.
	// Nothing has to be looked up.
	if k.ways[e.ID] == wayPlain && ks != nil && ks.here {
		if u := k.unitOf(e.Node.Part, ks); u.phase == unitHere {
			k.follow(e, m, ks, nil)
			return
		}
	}
	k.route(e, m, m.Key, ks, by)
}

// route brings a message of an instance, nil for one without, to one consumer
// under any key. Ks is the state of that key, nil if this core knows none. The
// caller has taken a hold on the message.
func (k *Core) route(e *plan.Edge, m *Message, key base.Key, ks *keyState, by *instance) {
	switch k.ways[e.ID] {
	case wayVoid:
		k.unheard(e, m, ks)
		return
	// Keeping comes before the look at where the owner is: a message that is stamped may
	// be sent again to whoever owns the unit then.
	case wayCross:
		if ks == nil {
			ks = k.keys[key]
		}
		u := k.unitFor(e.Node.Part, key, ks)
		var s *Stamp
		if e.Config.Guarantee != base.AtMostOnce && by != nil && by.unit != u {
			s = k.keep(u, e, m, key, by)
		}
		k.transmit(u, e, m, key, ks, s)
		return
	}
	k.within(e, m, key, ks, nil, fromWork)
}

// transmit brings a message to the owner of a unit, or to both owners while
// both are fed. Ks is the state of the key, nil if it has to be looked up.
//
// Who owns the unit is asked at the last moment, here, and the answer goes with the
// message as an epoch: a receiver that has another opinion answers with its own.
func (k *Core) transmit(u *unit, e *plan.Edge, m *Message, key base.Key, ks *keyState, s *Stamp) {
	k.sees(u, m.Slot)
	if u.more != nil && u.more.feed != nil {
		k.feedTo(u, e, m, key)
		return
	}
	if s != nil && e.Queue() {
		if x := k.out.entries[s.id()]; x != nil {
			k.countAway(x, u.phase == unitAway && !x.waits)
		}
	}
	if u.phase == unitAway {
		k.depart(u.owner, u.epoch, e, m, key, s)
		return
	}
	k.within(e, m, key, ks, s, fromOutside)
}

// depart hands a message to the shell, for another runtime and under the epoch of
// its ownership. What cannot get there is dropped and counted, unless it is kept.
func (k *Core) depart(to base.NodeID, epoch uint32, e *plan.Edge, m *Message, key base.Key, s *Stamp) {
	// A kept message waits at home until there is a link. One that is not kept cannot
	// wait: nobody would send it again.
	if !slices.Contains(k.peers, to) {
		switch {
		case s != nil:
			m.release(k.lane)
		case to == 0:
			k.refuse(e, m, key)
		default:
			k.drop(e, m, key, "no link to its owner")
		}
		return
	}
	k.flowOn(e.ID).Sent.count(m.size)
	k.effect(Effect{Kind: EffectSend, Edge: e.ID, Msg: m, Key: key, To: Endpoint{to, int(key.KeyGroup())}, Epoch: epoch, Stamp: s})
}

// within brings a message to the core of its key in this runtime.
//
// touched keeps the key from being forgotten as idle while messages pass through it to
// other cores.
func (k *Core) within(e *plan.Edge, m *Message, key base.Key, ks *keyState, s *Stamp, from origin) {
	if e.IsWide() {
		k.spreadOnce(e, m, key, s, from, k.self.Node)
		return
	}
	if ks == nil {
		ks = k.keys[key]
	}
	var g uint8
	if ks != nil {
		g, ks.touched = ks.group, k.now
	} else {
		g = key.KeyGroup()
	}
	if c := k.coreOf(g); c != k.self.Core {
		k.handOn(e, m, key, c, s)
		return
	}
	if ks == nil {
		ks = k.state(key, g)
	}
	k.admit(e, m, ks, s, from, k.self.Node)
}

// handOn hands a message to the shell, for another core of this runtime.
func (k *Core) handOn(e *plan.Edge, m *Message, key base.Key, core int, s *Stamp) {
	k.gauges[e.ID-1].add(e, m.size)
	k.effect(Effect{Kind: EffectSend, Edge: e.ID, Msg: m, Key: key, To: Endpoint{k.self.Node, core}, Stamp: s})
}
