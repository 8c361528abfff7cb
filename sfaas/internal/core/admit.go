// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// origin says where a message comes from, as the core sees that admits it.
type origin uint8

const (
	fromWork    origin = iota // from the handler that has just run here, or from a timer
	fromOutside               // from a source, another core or another runtime
)

// receive takes a message that the shell brings.
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
		if u := k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key]); u.phase != unitAway {
			k.ledger(u).heard(e, m.size)
		}
		if k.outrun(ev) {
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
		k.sawSlot(u, m.made)
	}
	if u.more != nil && u.more.await != nil && from == fromOutside {
		if k.sees(u, m.Slot); u.phase != unitHere { // what it moves for goes along
			k.admit(e, m, ks, s, from, sender)
			return
		}
	}
	if s != nil && s.kind == stampOther {
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
	if !e.Kind.Control() && (from == fromOutside || e.Queue()) {
		k.lineUp(u, e, m, ks, s)
		return
	}
	k.accept(e, m, ks, s)
}

// elsewhere answers a message for a unit that another runtime owns, or this one
// under a newer epoch: the sender learns the route. What is kept will come to the owner again; what is not
// would overtake or be overtaken, and is dropped, counted.
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
	k.notice(NoticeStale, e.Node, &m.Header, key, "its unit has another owner", nil)
	k.failCall(e, m, base.ErrStaleEpoch)
	m.release(k.lane)
}
