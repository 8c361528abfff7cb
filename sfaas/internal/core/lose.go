// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// lose gives up a unit of which another runtime has become the owner: its
// instances, everything that has not left, and what they wanted to do later.
// What other units keep comes to the new owner from them.
//
// What of its content is still needed somewhere, and why it is safe to let go:
//
//	instances, cells      the new owner has its own, or they were soft
//	batches under way     their outputs have not left; a record that was written is refused for its epoch
//	messages of others    kept by their senders until the new owner commits
//	pushes, promised      pushed again from here, as by a source
//	all else              counted as refused
func (k *Core) lose(u *unit) {
	var again pushes
	k.clearUnit(u, again.orRefused(k))
	k.closeLedger(u)
	// The owner is not known yet: 0 is nobody, to whom nothing can be sent.
	u.phase, u.owner = unitAway, 0 // until news of the new owner comes
	again.push(k)
	k.voidMove(u)
}

// loseImage gives up this core's share of an image that goes nowhere, as [Core.lose] does with what
// has not left: its unit is somebody else's.
func (k *Core) loseImage(img *Image) {
	var again pushes
	k.clearImage(img, func(key base.Key) bool { return k.coreOf(key.KeyGroup()) == k.self.Core }, again.orRefused(k))
	again.push(k)
}

// pushes is what was pushed here and promised, of a unit that is lost.
type pushes []heldSend

// orRefused returns what adds a message that is one of them, and refuses all others.
func (p *pushes) orRefused(k *Core) func(*plan.Edge, *Message, base.Key) {
	return func(e *plan.Edge, m *Message, key base.Key) {
		if e.From.Source && e.Config.Guarantee != base.AtMostOnce && m.Node == k.self.Node {
			*p = append(*p, heldSend{edge: e, msg: m, key: key})
			return
		}
		k.refuse(e, m, key)
	}
}

// push pushes them again.
func (p pushes) push(k *Core) {
	for _, x := range p {
		k.routePush(x.edge, x.msg, k.state(x.key, x.key.KeyGroup()))
	}
}

// voidMove ends a move of a unit that has another owner now, or another epoch.
func (k *Core) voidMove(u *unit) {
	if u.more == nil || u.more.move == nil {
		return
	}
	m := u.more.move
	u.more.move = nil
	k.goesNowhere(u, m, m.image)
	m.image = nil
	k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}, Err: base.ErrStaleEpoch})
}

// goesNowhere lets all cores lose what they have given to an image of a move that has ended. In mode
// Fed an image is a copy, and what engines have recorded is theirs.
func (k *Core) goesNowhere(u *unit, m *Move, img *Image) {
	if img == nil || m.Mode == base.Fed || m.Recorded {
		return
	}
	k.tell(u, &Signal{Kind: signalLost, Move: m, Image: img})
}

// clearUnit empties a unit; gone counts the messages that go with it.
//
// It goes through everything that an image may hold, by way of export, so that whatever
// is added to images is let go of here as well.
func (k *Core) clearUnit(u *unit, gone func(*plan.Edge, *Message, base.Key)) {
	if u.phase == unitHere {
		k.stop(u)
	}
	m := u.busy()
	for m.commits.len() > 0 {
		b := m.commits.pop()
		k.give(&b.input, gone)
		k.loseBatch(b)
	}
	m.changes.writes, m.changes.settles, m.changes.acks, m.acks = nil, nil, 0, 0
	k.clearImage(k.export(u), func(base.Key) bool { return true }, gone)
}

// give gives up the messages of an item, for gone to count; who keeps one that has come counts
// itself.
func (k *Core) give(it *item, gone func(*plan.Edge, *Message, base.Key)) {
	if it.edge == nil {
		return
	}
	if it.stamp != nil && it.stamp.kind == stampOther {
		it.msg.release(k.lane)
	} else {
		gone(it.edge, it.msg, it.ks.key)
	}
	if it.rest != nil {
		for _, x := range it.rest.msgs {
			if x != nil && x != it.msg {
				x.release(k.lane)
			}
		}
	}
}

// clearImage gives up what an image holds under the keys that are mine.
func (k *Core) clearImage(img *Image, mine func(base.Key) bool, gone func(*plan.Edge, *Message, base.Key)) {
	for _, x := range img.kept {
		if mine(x.stamp.Source) {
			x.msg.release(k.lane)
		}
	}
	for i := range img.waits {
		if w := &img.waits[i]; mine(w.ks.key) {
			k.give(&w.item, gone)
		}
	}
	for _, b := range img.joins {
		if b == nil {
			continue
		}
		for h := b.narrow.first; h != nil; h = h.after {
			if mine(h.key) {
				it := item{ks: h.ks, rest: &h.joined}
				it.edge, it.msg, it.stamp = h.lead()
				k.give(&it, gone)
			}
		}
		for i := range b.wide {
			if mine(b.wide[i].key) {
				k.releaseRest(&b.wide[i].joined)
			}
		}
	}
	for _, inst := range img.insts {
		if mine(inst.ks.key) {
			k.clearInstance(inst, gone)
		}
	}
}

// clearInstance gives up what an instance holds.
func (k *Core) clearInstance(inst *instance, gone func(*plan.Edge, *Message, base.Key)) {
	few := inst.few
	if few == nil {
		return
	}
	for few.waiting.len() > 0 {
		it := few.waiting.pop()
		k.give(&it, gone)
	}
	for _, c := range few.controls {
		k.give(&item{edge: c.edge, msg: c.msg, ks: inst.ks, stamp: c.stamp}, gone)
	}
	for _, c := range few.settings {
		c.msg.release(k.lane)
	}
	for _, t := range few.timers {
		if t.msg != nil {
			gone(t.edge, t.msg, t.key)
		}
	}
}

// loseBatch gives up a batch that will not be committed; its input is the
// caller's.
//
// Outputs have not left, so nobody misses them.
func (k *Core) loseBatch(b *Batch) {
	for _, o := range b.Outbox {
		o.Msg.release(k.lane)
	}
	for _, r := range b.replies {
		if r.msg != nil {
			r.msg.release(k.lane)
		}
	}
	if b.input.edge != nil {
		k.gauges[b.input.edge.ID-1].sub(b.input.edge, b.input.msg.size)
	}
	k.retire(b)
}
