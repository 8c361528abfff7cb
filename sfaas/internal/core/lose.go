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
	var again []heldSend // what was pushed here and promised
	k.clearUnit(u, func(e *plan.Edge, m *Message, key base.Key) {
		if e.From.Source && e.Config.Guarantee != base.AtMostOnce && m.Node == k.self.Node {
			again = append(again, heldSend{edge: e, msg: m, key: key})
			return
		}
		k.refuse(e, m, key)
	})
	k.closeLedger(u)
	// The owner is not known yet: 0 is nobody, to whom nothing can be sent.
	u.phase, u.owner = unitAway, 0 // until news of the new owner comes
	for _, x := range again {
		k.routePush(x.edge, x.msg, k.state(x.key, x.key.KeyGroup()))
	}
	k.voidMove(u)
}

// voidMove ends a move of a unit that has another owner now, or another epoch.
func (k *Core) voidMove(u *unit) {
	if u.more == nil || u.more.move == nil {
		return
	}
	m := u.more.move
	u.more.move = nil
	k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalOutcome, Move: m}, Err: base.ErrStaleEpoch})
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
	give := func(it *item) {
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
	for m.commits.len() > 0 {
		b := m.commits.pop()
		give(&b.input)
		k.loseBatch(b)
	}
	m.changes.writes, m.changes.settles, m.changes.acks, m.acks = nil, nil, 0, 0
	img := k.export(u)
	for _, x := range img.kept {
		x.msg.release(k.lane)
	}
	for i := range img.waits {
		give(&img.waits[i].item)
	}
	for _, b := range img.joins {
		if b == nil {
			continue
		}
		for h := b.narrow.first; h != nil; h = h.after {
			it := item{ks: h.ks, rest: &h.joined}
			it.edge, it.msg, it.stamp = h.lead()
			give(&it)
		}
		for i := range b.wide {
			k.releaseRest(&b.wide[i].joined)
		}
	}
	for _, inst := range img.insts {
		few := inst.few
		if few == nil {
			continue
		}
		for few.waiting.len() > 0 {
			it := few.waiting.pop()
			give(&it)
		}
		for _, c := range few.controls {
			give(&item{edge: c.edge, msg: c.msg, ks: inst.ks, stamp: c.stamp})
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
