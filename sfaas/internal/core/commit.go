// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// batchFor returns the batch of a successful invocation, or nil if nothing of
// it needs a commit.
//
// The protocol of a commit. A batch is everything that an invocation has changed outside
// itself: that its input is done with, cells, outputs, replies, timers.
//
//  1. Offer. The batch takes its number and its place in the line of its unit, and its
//     record goes to the engine (commit, begin, offer). Its outputs stay in it. Staged
//     cells have been applied: a later invocation of the instance sees them, but nothing
//     of it can leave before this batch, since its batch stands behind.
//  2. Answer. The engine says that the record is durable (landed), that it could not
//     write it (refused), or that another runtime has the unit (stale). An answer
//     belongs to an offer, by number; a second answer, or one to an earlier offer, says
//     nothing.
//  3. Landing. In the order of the line, landed batches let their outputs and replies
//     leave, acknowledge their inputs, and are retired (releaseLanded). One that landed
//     early waits for those before it.
//  4. Refusal. Only the first of the line sets a timer and is offered again; those
//     behind it that were refused follow at once when it lands, since the engine takes
//     records of a unit in order.
//  5. Stale. The unit is given up, with all that stands in its line: its outputs never
//     left, and the new owner has its inputs or will get them again.
//
// Invariant: nothing that a batch has caused can be seen outside its core before the
// batch and all before it in its unit are durable. So a crash at any moment leaves either
// no trace of an invocation or all of it.
func (k *Core) batchFor(c *Invocation, it item) *Batch {
	e := it.edge
	// Three reasons: the edge promises to count the input once, cells have changed, or an
	// output leaves on an edge that promises.
	if e.Config.Guarantee != base.ExactlyOnce && len(c.touched) == 0 && !k.holdsOutput(c, it) {
		return nil
	}
	return k.newBatch(it)
}

// holdsOutput reports whether an output leaves on an ExactlyOnce edge.
func (k *Core) holdsOutput(c *Invocation, it item) bool {
	return it.edge.Node.Exact && (c.out != nil || len(c.sends) > 0)
}

// bareBatch returns a batch without an input, of a function at a key or of none.
//
// Batches are recycled where the engine cannot have kept them: a commit in memory
// allocates nothing.
func (k *Core) bareBatch(u *unit, n *plan.Node, ks *keyState) *Batch {
	var b *Batch
	if n := len(k.free); n > 0 {
		b = k.free[n-1]
		k.free = k.free[:n-1]
	} else {
		b = &Batch{done: k.set.BatchDone, From: k.self}
	}
	k.nextID++
	b.ID, b.Function, b.Key = k.nextID, "", base.Key{}
	b.node, b.ks, b.unit, b.state = n, ks, u, batchOffered
	if ks != nil {
		b.Function, b.Key = n.Fn.Name, ks.key
		ks.held++
	}
	return b
}

func (k *Core) newBatch(it item) *Batch {
	n := it.edge.Node
	b := k.bareBatch(k.unitOf(n.Part, it.ks), n, it.ks)
	if inst := it.ks.insts[n.Index]; inst != nil {
		inst.uncommitted++
	}
	return b
}

// commit hands a batch to the engine. Its input is given up when it lands.
func (k *Core) commit(b *Batch, it item) {
	b.input = it
	b.unit.busy().commits.push(b)
	if it.edge != nil {
		// The input holds its place on its edge until it is durable: the capacity of the
		// edge is how far a producer may be ahead of the disk.
		k.gauges[it.edge.ID-1].add(it.edge, it.msg.size) // until it lands
	}
	k.offered++
	k.load.commits.Add(1)
	// Nothing of it has to be durable: it stands in line only so that it does not
	// overtake a batch that must be.
	if b.state == batchLanded { // it only keeps the order
		k.releaseLanded(b.unit)
		return
	}
	if !k.bare {
		k.begin(b, &it)
	}
	k.offer(b)
	// A planted bug, for the simulator: outputs that leave before the commit.
	if k.set.Bugs.outboxFirst {
		for i := range b.Outbox {
			b.Outbox[i].Msg.take(1)
			k.leaveOutbox(b, &b.Outbox[i])
		}
	}
}

// begin gives the record of a batch its content and its number.
func (k *Core) begin(b *Batch, it *item) {
	u := b.unit
	if u == k.local || k.recordsOf(u.Part) {
		k.record(b, it)
	}
	u.records++
	b.Record.Epoch, b.Record.Core, b.Record.Seq = u.epoch, k.self.Core, u.records
	if b.Record.Unit = (base.Unit{}); u != k.local {
		b.Record.Unit = u.Unit()
	}
}

// offer hands the record of a batch to the engine.
func (k *Core) offer(b *Batch) {
	b.state = batchOffered
	b.offer++
	if !k.bare && b.unit != k.local {
		l := k.ledger(b.unit)
		for i := range b.Record.Writes {
			w := &b.Record.Writes[i]
			l.Stored += uint64(len(w.Key) + len(w.Value) + len(w.End))
		}
	}
	k.effect(Effect{Kind: EffectCommit, Batch: b})
}

// committed takes the answer to an offer of a batch. A second one, or one to an
// earlier offer, changes nothing.
func (k *Core) committed(b *Batch, offer uint32, err error) {
	if b.state != batchOffered || offer != b.offer {
		if b.state == batchHand && offer == b.offer {
			k.handed(b, err)
			return
		}
		if line := &b.unit.busy().commits; k.set.Bugs.lateAnswer && line.len() > 0 && (*line.at(0)).state == batchOffered {
			k.committed(*line.at(0), (*line.at(0)).offer, nil)
		}
		return
	}
	switch {
	case err == nil, k.set.Bugs.ackFirst && !errors.Is(err, base.ErrStaleEpoch):
		b.state = batchLanded
		k.releaseLanded(b.unit)
		k.offerNext(b.unit)
	case errors.Is(err, base.ErrStaleEpoch):
		k.staleRecord(b, err)
	default:
		// Records behind it were refused for its sake, since the engine takes none out of
		// order. One timer for the first is enough: landing it offers the others.
		if b.state = batchRefused; *b.unit.more.commits.at(0) != b {
			return // an earlier one has to land first
		}
		k.setTimer(timer{at: k.now.Add(k.set.CommitRetry), kind: timerRetry, batch: b})
	}
}

// staleRecord gives up what another owner has now.
func (k *Core) staleRecord(b *Batch, err error) {
	if b.unit == k.local { // a later life of this runtime has begun
		// The engine belongs to a later life of this runtime. Nothing can be made durable
		// any more, and nothing that was not may leave.
		k.set.Logger.Error("sfaas: another runtime of the same number has the engine", "node", k.self.Node, "err", err)
		return
	}
	if b.input.edge != nil {
		for _, c := range k.counts(b.node, b.unit) {
			c.Stale++
		}
		k.notice(NoticeStale, b.input.edge, &b.input.msg.Header, b.Key, "commit of an old owner", err)
	}
	k.lose(b.unit)
}

// offerAgain offers a batch that the engine has refused.
func (k *Core) offerAgain(b *Batch) {
	switch {
	case b.state != batchRefused:
	case b.hand != nil:
		k.offerHand(b)
	default:
		k.offer(b)
	}
}

// offerNext offers again what was refused for want of an earlier one that has landed.
func (k *Core) offerNext(u *unit) {
	line := &u.more.commits
	for i := 0; i < line.len() && (*line.at(i)).state == batchRefused; i++ {
		k.offer(*line.at(i))
	}
}

// releaseLanded sends the outputs of batches that have landed, in the order of
// the batches of their unit.
func (k *Core) releaseLanded(u *unit) {
	// One loop for all that has become first: several batches may have landed while the
	// first had not.
	line := &u.more.commits
	for line.len() > 0 && (*line.at(0)).state == batchLanded {
		b := line.pop()
		var by *instance
		if b.ks != nil {
			by = b.ks.insts[b.node.Index]
		}
		for i := range b.Outbox {
			if k.set.Bugs.outboxFirst {
				b.Outbox[i].Msg.release(k.lane)
				continue
			}
			k.leaveOutbox(b, &b.Outbox[i])
		}
		for _, r := range b.replies {
			if r.stamp != nil {
				k.leave(b, r.stamp, k.app.Edges[r.to.port-1], r.msg, r.to.key)
			} else {
				k.sendReply(r.to, r.msg, r.err, by)
			}
		}
		if !k.bare {
			k.recorded(b)
		}
		if b.input.edge != nil {
			k.gauges[b.input.edge.ID-1].sub(b.input.edge, b.input.msg.size)
			k.giveBack(&b.input)
		}
		k.retire(b)
	}
}

// recorded does what has waited for the record of a batch beside its outputs.
func (k *Core) recorded(b *Batch) {
	b.unit.more.acks -= b.acks
	// Inputs that waited elsewhere, such as the partners of a join, are acknowledged
	// with the one that the batch belongs to.
	for _, x := range b.settles {
		k.close(x.node, x.ks, x.stamp)
	}
	if b.then != nil {
		b.then()
	}
}

// leaveOutbox lets one output of a batch leave.
//
// An output whose time is still to come leaves by a timer, which from now on is part of
// the state.
func (k *Core) leaveOutbox(b *Batch, o *Outgoing) {
	switch {
	case o.At != 0 && b.hasCancelled(o.Token):
		o.Msg.release(k.lane)
	case o.At != 0:
		k.sendLater(b.node, b.ks, o)
	case o.stamp != nil:
		k.leave(b, o.stamp, k.app.Edges[o.Edge-1], o.Msg, o.Key)
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
	if b.ks != nil {
		b.ks.held--
	}
	if b.input.edge != nil {
		if inst := b.ks.insts[b.node.Index]; inst != nil && inst.uncommitted > 0 {
			inst.uncommitted--
		}
	}
	k.offered--
	k.load.commits.Add(-1)
	if !k.set.InMemory() {
		b.input, b.replies, b.settles, b.then, b.hand = item{}, nil, nil, nil, nil
		return
	}
	clear(b.Outbox)
	clear(b.replies)
	b.Outbox = b.Outbox[:0]
	b.replies, b.cancelled, b.input = b.replies[:0], b.cancelled[:0], item{}
	k.free = append(k.free, b)
}
