// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// batchFor returns the batch of a successful invocation, or nil if nothing of
// it needs a commit.
func (k *Core) batchFor(c *Invocation, it item) *Batch {
	e := it.edge
	if e.Config.Guarantee != base.ExactlyOnce && len(c.touched) == 0 && !k.holdsOutput(c, it) {
		return nil
	}
	return k.newBatch(it)
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
	u := b.unit
	u.records++
	b.Record.Unit, b.Record.Epoch, b.Record.Core, b.Record.Seq = u.Unit(), u.epoch, k.self.Core, u.records
	k.offer(b)
	if k.set.Bugs.outboxFirst {
		for i := range b.Outbox {
			b.Outbox[i].Msg.take(1)
			k.leaveOutbox(b, &b.Outbox[i])
		}
	}
}

// offer hands the record of a batch to the engine.
func (k *Core) offer(b *Batch) {
	b.state = batchOffered
	b.offer++
	k.effect(Effect{Kind: EffectCommit, Batch: b})
}

// committed takes the answer to an offer of a batch. A second one, or one to an
// earlier offer, changes nothing.
func (k *Core) committed(b *Batch, offer uint32, err error) {
	if b.state != batchOffered || offer != b.offer {
		if line := &b.unit.busy().commits; k.set.Bugs.lateAnswer && line.len() > 0 && (*line.at(0)).state == batchOffered {
			k.committed(*line.at(0), (*line.at(0)).offer, nil)
		}
		return
	}
	switch {
	case err == nil, k.set.Bugs.ackFirst && !errors.Is(err, base.ErrStaleEpoch):
		b.state = batchLanded
		k.releaseLanded(b.unit)
	case errors.Is(err, base.ErrStaleEpoch):
		for _, c := range k.counts(b.node, b.unit) {
			c.Stale++
		}
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
		k.offer(b)
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
	b.Outbox = b.Outbox[:0]
	b.replies, b.cancelled, b.input = b.replies[:0], b.cancelled[:0], item{}
	k.free = append(k.free, b)
}
