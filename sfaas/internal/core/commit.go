// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"
	"slices"

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
	if e.Config.Guarantee == base.ExactlyOnce && c.inst != nil {
		k.saw(b, c.inst, &it)
	}
	encodes := k.set.Engine.Encodes()
	for _, s := range c.touched {
		d := s.Head().Decl
		w := CellWrite{Cell: d.Name, Class: d.Class, Version: d.Version}
		if encodes {
			w.Content = k.sealedContent(b, s)
		}
		b.Cells = append(b.Cells, w)
	}
	return b
}

// sealedContent encodes one cell into the batch's memory.
func (k *Core) sealedContent(b *Batch, s plan.CellStore) []byte {
	d := s.Head().Decl
	n := len(b.bytes)
	b.bytes = s.Encode(b.bytes, k.now)
	content := b.bytes[n:len(b.bytes):len(b.bytes)]
	if d.Class == base.Sealed {
		plain := content
		content = k.set.Sealer.Seal(nil, plain, cellLabel(b.Function, b.Key, d.Name))
		clear(plain)
		b.bytes = b.bytes[:n]
	}
	return content
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
	k.nextID++
	b.ID, b.Function, b.Group, b.Key = k.nextID, n.Fn.Name, it.ks.group, it.ks.key
	b.Epoch = k.owned[n.Index].routes[it.ks.group].epoch
	b.node, b.ks, b.landed = n, it.ks, false
	b.Marks, b.Cells, b.Outbox, b.bytes = b.Marks[:0], b.Cells[:0], b.Outbox[:0], b.bytes[:0]
	return b
}

// commit hands a batch to the engine. Its input is given up when it lands.
func (k *Core) commit(b *Batch, it item) {
	b.input, b.sentAt = it, k.now
	if !k.sweeps {
		k.sweeps = true
		k.setTimer(timer{at: k.now.Add(k.set.CommitTimeout), kind: timerCommit})
	}
	k.commits = append(k.commits, b)
	k.effect(Effect{Kind: EffectCommit, Batch: b})
	if k.set.Bugs.outboxFirst {
		for i := range b.Outbox {
			b.Outbox[i].Msg.take(1)
			k.leaveOutbox(b, &b.Outbox[i])
		}
	}
}

// committed takes the outcome of a batch.
func (k *Core) committed(b *Batch, err error) {
	if !k.pending(b) {
		return // a second answer
	}
	switch {
	case err == nil, k.set.Bugs.ackFirst && !errors.Is(err, base.ErrStaleEpoch):
		b.landed = true
		k.releaseLanded()
	case errors.Is(err, base.ErrStaleEpoch):
		k.stats[b.node.Index].Stale++
		k.notice(NoticeStale, b.node, &b.input.msg.Header, b.Key, "commit of an old owner", err)
		k.lose(b.node, b.Group)
	default:
		b.sentAt = k.now
		k.setTimer(timer{at: k.now.Add(k.set.CommitRetry), kind: timerRetry, batch: b})
	}
}

func (k *Core) pending(b *Batch) bool {
	return !b.landed && slices.Contains(k.commits, b)
}

// releaseLanded sends the outputs of batches that have landed, in the order of
// the batches of each key group.
func (k *Core) releaseLanded() {
	kept := k.commits[:0]
	for _, b := range k.commits {
		if !b.landed || heldBack(kept, b) {
			kept = append(kept, b)
			continue
		}
		for i := range b.Outbox {
			if k.set.Bugs.outboxFirst {
				b.Outbox[i].Msg.release(k.lane)
				continue
			}
			k.leaveOutbox(b, &b.Outbox[i])
		}
		b.input.msg.release(k.lane)
		k.dropRest(b.input)
		k.recycle(b)
	}
	clear(k.commits[len(kept):])
	k.commits = kept
}

// leaveOutbox lets one output of a batch leave.
func (k *Core) leaveOutbox(b *Batch, o *Outgoing) {
	switch {
	case o.cancelled:
		o.Msg.release(k.lane)
	case o.At != 0:
		k.sendLater(b.node, b.ks, o)
	default:
		k.send(k.app.Edges[o.Edge-1], o.Msg, o.Key, k.keys[o.Key])
	}
}

// heldBack reports whether an earlier batch of the same group, one of kept, has
// not landed.
func heldBack(kept []*Batch, b *Batch) bool {
	for _, x := range kept {
		if x.node == b.node && x.Group == b.Group {
			return true
		}
	}
	return false
}

func (k *Core) recycle(b *Batch) {
	b.input = item{}
	clear(b.Outbox)
	k.free = append(k.free, b)
}

// sweepCommits offers batches again whose answer is overdue.
func (k *Core) sweepCommits() {
	if k.sweeps = len(k.commits) > 0; !k.sweeps {
		return
	}
	for _, b := range k.commits {
		if !b.landed && k.now.Sub(b.sentAt) >= k.set.CommitTimeout {
			b.sentAt = k.now
			k.effect(Effect{Kind: EffectCommit, Batch: b})
		}
	}
	k.setTimer(timer{at: k.now.Add(k.set.CommitTimeout), kind: timerCommit})
}
