// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// batchFor returns the batch of a successful invocation, or nil if nothing of
// it needs a commit.
func (k *Core) batchFor(c *Invocation, it item) *Batch {
	e := it.edge
	if e.Config.Guarantee != base.ExactlyOnce && len(c.touched) == 0 && !k.holdsOutput(c, it) {
		return nil
	}
	b := k.newBatch(it)
	if e.Config.Guarantee == base.ExactlyOnce {
		b.mark(&it)
	}
	encodes := k.set.Engine.Encodes()
	for _, s := range c.touched {
		d := s.Head().Decl
		w := CellWrite{Cell: d.Name, Class: d.Class, Version: d.Version}
		if encodes {
			n := len(b.bytes)
			b.bytes = AppendCell(b.bytes, k.set.Sealer, base.Address{Function: b.Function, Key: b.Key}, s, k.now)
			w.Content = b.bytes[n:len(b.bytes):len(b.bytes)]
		}
		b.Cells = append(b.Cells, w)
	}
	return b
}

// mark notes the inputs of an item that come by ExactlyOnce edges. A spread
// input has no mark: what leads a join tells repeats apart.
func (b *Batch) mark(it *item) {
	one := func(e *plan.Edge, m *Message) {
		if e.Config.Guarantee == base.ExactlyOnce && !e.Wide {
			b.Marks = append(b.Marks, Mark{Edge: e.ID, Node: m.Node, Source: m.Source, ID: m.ID, Index: m.Index})
		}
	}
	if it.rest == nil {
		one(it.edge, it.msg)
		return
	}
	for i, m := range it.rest.msgs {
		if m != nil {
			one(it.rest.edges[i], m)
		}
	}
}

// holdsOutput reports whether an output leaves on an ExactlyOnce edge.
func (k *Core) holdsOutput(c *Invocation, it item) bool {
	return it.edge.Node.Exact && (c.out != nil || len(c.sends) > 0)
}

func (k *Core) newBatch(it item) *Batch {
	var b *Batch
	if n := len(k.free); n > 0 {
		b = k.free[n-1]
		k.free = k.free[:n-1]
	} else {
		b = &Batch{done: k.set.BatchDone, From: k.self}
	}
	n := it.edge.Node
	u := k.unitOf(n.Part, it.ks)
	k.nextID++
	b.ID, b.Function, b.Key = k.nextID, n.Fn.Name, it.ks.key
	b.Unit, b.Epoch = u.Unit(), u.epoch
	b.node, b.ks, b.unit, b.state = n, it.ks, u, batchOffered
	if inst := it.ks.insts[n.Index]; inst != nil {
		inst.uncommitted++
	}
	it.ks.held++
	return b
}

// commit hands a batch to the engine. Its input is given up when it lands.
func (k *Core) commit(b *Batch, it item) {
	b.input = it
	b.unit.busy().commits.push(b)
	k.gauges[it.edge.ID-1].add(it.edge, it.msg.size) // until it lands
	k.offered++
	k.load.commits.Add(1)
	if b.state == batchLanded { // it only keeps the order
		k.releaseLanded(b.unit)
		return
	}
	k.effect(Effect{Kind: EffectCommit, Batch: b})
	if k.set.Bugs.outboxFirst {
		for i := range b.Outbox {
			b.Outbox[i].Msg.take(1)
			k.leaveOutbox(b, &b.Outbox[i])
		}
	}
}

// committed takes the outcome of a batch. A batch that is not waiting for one
// gets a second answer, which changes nothing.
func (k *Core) committed(b *Batch, err error) {
	if b.state != batchOffered {
		if line := &b.unit.busy().commits; k.set.Bugs.lateAnswer && line.len() > 0 && (*line.at(0)).state == batchOffered {
			k.committed(*line.at(0), nil)
		}
		return
	}
	switch {
	case err == nil, k.set.Bugs.ackFirst && !errors.Is(err, base.ErrStaleEpoch):
		b.state = batchLanded
		k.releaseLanded(b.unit)
	case errors.Is(err, base.ErrStaleEpoch):
		k.stats[b.node.Index].Stale++
		k.notice(NoticeStale, b.node, &b.input.msg.Header, b.Key, "commit of an old owner", err)
		k.lose(b.unit)
	default:
		b.state = batchRefused
		k.setTimer(timer{at: k.now.Add(k.set.CommitRetry), kind: timerRetry, batch: b})
	}
}

// offerAgain offers a batch that the engine has refused.
func (k *Core) offerAgain(b *Batch) {
	if b.state == batchRefused {
		b.state = batchOffered
		k.effect(Effect{Kind: EffectCommit, Batch: b})
	}
}

// releaseLanded sends the outputs of batches that have landed, in the order of
// the batches of their unit.
func (k *Core) releaseLanded(u *unit) {
	line := &u.more.commits
	for line.len() > 0 && (*line.at(0)).state == batchLanded {
		b := line.pop()
		by := b.ks.insts[b.node.Index]
		for i := range b.Outbox {
			if k.set.Bugs.outboxFirst {
				b.Outbox[i].Msg.release(k.lane)
				continue
			}
			k.leaveOutbox(b, &b.Outbox[i])
		}
		for _, r := range b.replies {
			k.sendReply(r.to, r.msg, r.err, by)
		}
		k.gauges[b.input.edge.ID-1].sub(b.input.edge, b.input.msg.size)
		k.giveBack(&b.input)
		k.retire(b)
	}
}

// leaveOutbox lets one output of a batch leave.
func (k *Core) leaveOutbox(b *Batch, o *Outgoing) {
	switch {
	case o.At != 0 && b.hasCancelled(o.Token):
		o.Msg.release(k.lane)
	case o.At != 0:
		k.sendLater(b.node, b.ks, o)
	default:
		k.route(k.app.Edges[o.Edge-1], o.Msg, o.Key, k.keys[o.Key], b.ks.insts[b.node.Index])
	}
}

func (b *Batch) hasCancelled(t base.Token) bool {
	for _, x := range b.cancelled {
		if x == t {
			return true
		}
	}
	return false
}

// retire ends a batch. Its memory is used again only if the engine cannot have
// kept it.
func (k *Core) retire(b *Batch) {
	b.state = batchRetired
	b.ks.held--
	if inst := b.ks.insts[b.node.Index]; inst != nil && inst.uncommitted > 0 {
		inst.uncommitted--
	}
	k.offered--
	k.load.commits.Add(-1)
	if !k.set.InMemory() {
		b.input, b.replies = item{}, nil
		return
	}
	clear(b.Outbox)
	clear(b.replies)
	b.Marks, b.Cells, b.Outbox, b.bytes = b.Marks[:0], b.Cells[:0], b.Outbox[:0], b.bytes[:0]
	b.replies, b.cancelled, b.input = b.replies[:0], b.cancelled[:0], item{}
	k.free = append(k.free, b)
}
