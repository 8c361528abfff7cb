// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// finish applies the outcome of the invocation that has just returned.
//
// The order within finish is that of the promise "a failed handler has done nothing":
//
//  1. Checks that may still turn success into failure: cells that hold what they may
//     not, outputs that are too large, for a past slot, or under a foreign root.
//  2. On failure everything staged is discarded (fail), and nothing of what follows
//     happens.
//  3. What has been staged in cells is recorded as changes, then applied; sealed cells
//     are recorded afterwards and whole, since the name of a part would stand in clear.
//  4. Control says which slot it has opened, and a setting is kept for a move without
//     state.
//  5. Outputs, effects and the input go their ways (settle), with a batch or without.
func (k *Core) finish(c *Invocation, err error) {
	it := &k.cur.item
	k.cur.active = false
	noOutput := err != nil && errors.Is(err, base.ErrNoOutput)
	if len(c.opened) > 0 {
		if e := c.checkCells(); e != nil && (err == nil || noOutput) {
			err, noOutput = e, false
		}
	}
	if err == nil || noOutput {
		err = k.checkOutputs(c)
	}
	n, e := it.edge.Node, it.edge
	if c.meter.read|c.meter.written != 0 {
		s, l := &k.stats[n.Index], k.run.ledger
		s.StateRead += uint64(c.meter.read)
		s.StateWritten += uint64(c.meter.written)
		l.StateRead += uint64(c.meter.read)
		l.StateWritten += uint64(c.meter.written)
	}
	if c.changed && !c.inst.dirty {
		k.noteChange(c.inst)
	}
	if err != nil {
		k.fail(c, *it, err)
		return
	}
	if k.keeps && len(c.touched) > 0 {
		k.recordCells(c, false)
	}
	for _, t := range c.touched {
		t.Apply(k.now)
	}
	if k.keeps && len(c.touched) > 0 {
		k.recordCells(c, true)
	}
	if e.Kind.Control() {
		c.inst.few.applied[e.Port.Index()] = mark{it.msg.Slot, true}
		if e.Kind == plan.PortSetting && !n.Fn.Topic {
			c.inst.few.keepSetting(e, it.msg, k.lane)
		}
	}
	if it.task != nil {
		k.endTask(*it, c, noOutput)
		return
	}
	k.settle(c, it, noOutput)
}

// settle sends the outputs of a successful invocation and gives up its inputs,
// at once or when its batch is committed.
//
// A batch is needed where something must be durable before anything is seen. Without one,
// but with batches of the same instance under way, an empty one keeps the place in line:
// otherwise an output could overtake what was made before it.
func (k *Core) settle(c *Invocation, it *item, noOutput bool) {
	n := it.edge.Node
	var b *Batch
	switch {
	case k.recordsOf(n.Part):
		if k.mustRecord(c, it) {
			b = k.newBatch(*it)
		}
	case it.edge.Config.Guarantee == base.ExactlyOnce || len(c.touched) > 0 || n.Exact:
		b = k.batchFor(c, *it)
	}
	if b == nil && c.inst != nil && c.inst.uncommitted > 0 && k.leavesSomething(c, it) {
		b = k.newBatch(*it) // nothing to commit, but not to overtake what waits for a commit
		b.state = batchLanded
	}
	if out := c.out; out != nil {
		c.out = nil
		switch {
		case noOutput:
			out.pool.put(out, k.lane)
			k.answer(b, it, c.inst, nil, base.ErrNoOutput)
		case it.isCall():
			k.answer(b, it, c.inst, out, nil)
		default:
			// The output inherits what identifies its input, so that whatever it meets
			// again further down, in a join for instance, is recognized by where it came
			// from.
			k.stamp(out, it)
			if c.ahead != 0 {
				k.putOff(out, c.outputSlot())
			}
			k.release(b, n, k.run.ledger, out, it.ks, c.inst)
		}
	}
	if n.Fn.Each && len(c.sends) > 1 {
		c.placeEmissions()
	}
	// Effects in the order in which the handler asked for them.
	for i := range c.sends {
		k.perform(b, c.inst, it, &c.sends[i])
	}
	if b != nil {
		k.commit(b, *it)
		return
	}
	k.giveBack(it)
}

// leavesSomething reports whether the invocation sends, replies, or has an
// output.
func (k *Core) leavesSomething(c *Invocation, it *item) bool {
	return c.out != nil || len(c.sends) > 0 || it.isCall()
}

// giveBack lets go of the inputs of an item that is done with, and acknowledges
// those that came from other units.
//
// Inputs are acknowledged only here and when a batch lands: as long as anything could
// still have to be repeated, whoever keeps them has to go on keeping them.
func (k *Core) giveBack(it *item) {
	if it.stamp != nil {
		k.settled(it.edge.Node, it.ks, it.msg, it.stamp)
	}
	it.msg.release(k.lane)
	if it.rest != nil {
		for i, s := range it.rest.stamps {
			if it.rest.msgs[i] != it.msg {
				k.settled(it.edge.Node, it.ks, it.rest.msgs[i], s)
			}
		}
		k.dropRest(*it)
	}
}

// stamp gives an output the identity that follows from its input.
func (k *Core) stamp(m *Message, it *item) {
	in, ks, n := &it.msg.Header, it.ks, it.edge.Node
	m.Node, m.Slot, m.Seq, m.Index, m.ID, m.Due = in.Node, in.Slot, in.Seq, in.Index, in.ID, in.Due
	m.Source = ks.key
	m.Key = ks.key
	m.group = ks.group
	m.fn, m.made = uint16(n.Index)+1, it.made()
	m.Epoch = k.unitOf(n.Part, ks).epoch
}

// putOff lets a message belong to a slot that is not before its own.
func (k *Core) putOff(m *Message, slot base.Slot) {
	if slot != m.Slot {
		m.Slot, m.Due = slot, k.set.Due(slot, k.now)
	}
}

// release sends the output of a node, which l counts, under the key of ks to its consumers.
// Those on ExactlyOnce edges get it when the batch is committed.
//
// One message goes to all consumers: it gets as many holds as there are edges, and each
// gives up one.
func (k *Core) release(b *Batch, n *plan.Node, l *ledger, m *Message, ks *keyState, by *instance) {
	edges := n.Outlet.Edges
	if len(edges) == 0 {
		m.pool.put(m, k.lane)
		return
	}
	m.refs = int32(len(edges))
	// Under a fence the old owner publishes: what this one makes of the slot serves its
	// own state, and stays inside the unit.
	muted := k.muted(n, m.Source, m.made)
	for _, e := range edges {
		l.edges[e.Place].Sent += uint64(m.size)
		if muted && e.Cross {
			m.release(k.lane)
			continue
		}
		if b != nil && (e.Config.Guarantee == base.ExactlyOnce || k.promises(e)) {
			b.Outbox = append(b.Outbox, Outgoing{Edge: e.ID, Msg: m, Key: m.Key})
			continue
		}
		k.pass(e, m, ks, by)
	}
}

// countSent meters what leaves a function of a unit by reference.
func (k *Core) countSent(n *plan.Node, u *unit, m *Message, e *plan.Edge) {
	if u.Part.Maker(e) == nil {
		k.stats[n.Index].Transferred += uint64(m.size)
	}
	k.ledger(u).sent(e, m.size)
}

// countReply is countSent for a reply; one to host code travels on no edge.
func (k *Core) countReply(n *plan.Node, u *unit, m *Message, port base.EdgeID) {
	if port > 0 {
		k.countSent(n, u, m, k.app.Edges[port-1])
		return
	}
	k.stats[n.Index].Transferred += uint64(m.size)
	k.ledger(u).Transferred += uint64(m.size)
}

// checkOutputs measures the outputs of the invocation, and sees that none is for
// a slot that has passed and that those on edges without a cut stay under the
// root.
//
// Measuring is part of the check, since a size is needed by the limits of edges and by
// the meters, and walking a message twice would be dear.
func (k *Core) checkOutputs(c *Invocation) error {
	if c.ahead != 0 && c.outputSlot() < c.hdr.Slot {
		return &base.SlotError{Function: c.node.Fn.Name, Got: c.outputSlot(), Want: c.hdr.Slot}
	}
	if c.out != nil {
		if err := k.measure(c.out, c.node.Outlet); err != nil {
			return err
		}
	}
	for i := range c.sends {
		x := &c.sends[i]
		if x.msg == nil {
			continue
		}
		if err := k.measure(x.msg, x.msg.pool.from); err != nil {
			return err
		}
		if x.kind == sendEmit && x.slot < c.hdr.Slot {
			return &base.SlotError{Function: c.node.Fn.Name, Got: x.slot, Want: c.hdr.Slot}
		}
		if p := c.node.Part; x.kind == sendEmit && c.node.Inside && x.key != c.ks.key && p.Root(x.key) != p.Root(c.ks.key) {
			return &base.RootError{Function: c.node.Fn.Name, Key: x.key, Root: c.ks.key.Root()}
		}
	}
	return nil
}

func (k *Core) measure(m *Message, from *plan.Outlet) error {
	m.size = from.Measure(m.body)
	if m.size > k.set.MaxMessage {
		return &base.SizeError{Port: from.Name, Bytes: m.size, Limit: k.set.MaxMessage}
	}
	return nil
}
