// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// feed is what a core knows about a fence.
//
// How a unit is fed at two owners. The fence F is the slot from which the new owner
// publishes, h the history that its state needs:
//
//		slots        …  F-h-1 | F-h  …  F-1 |  F  …
//		old owner       runs  |   runs      |
//		new owner             | runs, mute  | runs, publishes
//
//	 1. Slots before F−h go to the old owner alone, those from F on to the new one alone,
//	    and those between to both: the new owner builds its state from them and is mute,
//	    that is, publishes nothing.
//	 2. Settings hold beyond their slot and go to both.
//	 3. Grants that the old owner makes ahead, for slots that the new one gets, are passed
//	    on (feedControl).
//	 4. Until the fence stands on all runtimes it is pending: what would cross it is held,
//	    since nobody knows yet whom it concerns. Before F−h nothing is held, so slots go
//	    on meanwhile.
//
// Invariant: each slot is published by exactly one owner, whatever arrives in which
// order.
type feed struct {
	move     *Move
	from, to base.NodeID
	start    base.Slot // F-h
	fence    base.Slot // F
	pending  bool      // it does not stand yet: what would cross it is held
	ending   bool      // the old owner is about to drop the unit
	headed   bool      // the head has left the old owner: what is held from then on follows it
	held     []heldSend
}

// heldSend is a message that waits until a fence stands.
type heldSend struct {
	edge   *plan.Edge
	msg    *Message
	key    base.Key
	copied bool // control that the old owner has made and has
}

// feedControl lets the target have control that the old owner makes ahead, in slots
// that the target does not get: grants for slots that it gets, and settings. They
// follow the head. What comes from outside goes its own way, see [Core.feedTo].
//
// Control from a source or from another unit is fed by whoever sends it. Only what the
// old owner's own functions make would be missing.
func (k *Core) feedControl(e *plan.Edge, m *Message, ks *keyState) {
	if e.From.Source || e.Cross {
		return
	}
	u := k.unitOf(e.Node.Part, ks)
	if u.more == nil || u.more.feed == nil {
		return
	}
	f := u.more.feed
	if f.from != k.self.Node || !f.headed || m.made >= f.start || (m.Slot < f.start && e.Kind != plan.PortSetting) {
		return
	}
	m.take(1)
	if f.pending {
		f.held = append(f.held, heldSend{edge: e, msg: m, key: ks.key, copied: true})
		return
	}
	k.feedOne(u, f.to, e, m, ks.key)
}

// feedTo brings a message to the owner of its slot, or to both. A setting holds
// beyond its slot, so both get it, in whatever slot before the fence it comes.
//
// The cases, from the earliest slot on, are those of the picture of [feed].
func (k *Core) feedTo(u *unit, e *plan.Edge, m *Message, key base.Key) {
	f := u.more.feed
	switch setting := e.Kind == plan.PortSetting; {
	case m.Slot < f.start && setting && f.pending:
		m.take(1)
		k.feedOne(u, f.from, e, m, key)
		f.held = append(f.held, heldSend{edge: e, msg: m, key: key})
	case m.Slot < f.start && !setting:
		k.feedOne(u, f.from, e, m, key)
	case f.pending:
		f.held = append(f.held, heldSend{edge: e, msg: m, key: key})
	case m.Slot < f.fence:
		m.take(1)
		k.feedOne(u, f.from, e, m, key)
		k.feedOne(u, f.to, e, m, key)
	default:
		k.feedOne(u, f.to, e, m, key)
	}
}

func (k *Core) feedOne(u *unit, to base.NodeID, e *plan.Edge, m *Message, key base.Key) {
	if to == k.self.Node {
		k.within(e, m, key, k.keys[key], nil, fromOutside)
		return
	}
	epoch := u.epoch
	if f := u.more.feed; to == f.to {
		epoch = f.move.Epoch
	}
	k.depart(to, epoch, e, m, key, nil)
}

// muted reports whether what a unit makes of a slot is not to be published: the
// old owner does that.
func (k *Core) muted(n *plan.Node, key base.Key, slot base.Slot) bool {
	return k.mutes && slot < k.muteOf(n.Part, key)
}

// muteOf returns the first slot that the unit of a key publishes.
func (k *Core) muteOf(p *plan.Part, key base.Key) base.Slot {
	return k.unit(plan.UnitID{Part: p, Root: p.Root(key)}).mute
}

// sawSlot notes, at a core of the target, how far the slots have come.
//
// The old owner ends once the new one has seen slots up to the fence on every core: then
// everything before it has been made.
func (k *Core) sawSlot(u *unit, slot base.Slot) {
	r := u.more.reach
	if r == nil || slot < r.slot {
		return
	}
	u.more.reach = nil
	k.toNode(u, r.move.From, &Signal{Kind: signalReached, Move: r.move})
}

// reach is what a core of the target watches for.
type reach struct {
	slot base.Slot
	move *Move
}

// feeding returns the fence that holds for the unit, nil if there is none.
func (u *unit) feeding() *feed {
	if u.more == nil || u.more.feed == nil || u.more.feed.pending {
		return nil
	}
	return u.more.feed
}
