// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"errors"
	"runtime"
	"runtime/debug"
)

// runNext runs the next ready item: what follows from running work before what
// waits in a line, so that the stages of a slot run one after the other.
func (k *Core) runNext() {
	for k.inline.len() == 0 {
		var it item
		switch {
		case k.queued.len() > 0:
			it = k.queued.pop()
			k.gauges[it.conn.id-1].sub(it.conn, it.msg.size)
		case k.ingress.len() > 0:
			it = k.ingress.pop()
		default:
			k.endTiming()
			return
		}
		if it.conn.isWide() {
			k.arriveWide(it.conn, it.msg, it.ks.key)
		} else {
			k.accept(it.conn, it.msg, it.ks)
		}
	}
	it := k.inline.pop()
	switch {
	case it.gate:
		k.runGate(it)
	case it.conn.kind == portData && len(it.conn.node.ports) > 0 && it.tries == 0:
		k.admit(it)
	default:
		k.invoke(it)
	}
}

// invoke runs the handler of an item.
func (k *Core) invoke(it item) {
	n, e := it.conn.node, it.conn
	k.endTiming()
	s := &k.stats[n.index]
	if it.tries == 0 {
		if e.cfg.Guarantee == ExactlyOnce && k.repeated(e, it.msg, it.ks) {
			k.dropRest(it)
			return
		}
		if k.set.mode == RealTime && k.now >= it.msg.Due && e.kind == portData && e.cfg.Guarantee == AtMostOnce && !n.sink {
			k.skip(it)
			return
		}
	}
	var inst *instance
	if n.keeps || e.cfg.Guarantee == ExactlyOnce {
		inst = k.instance(n, it.ks)
	}
	if e.kind == portReply && it.tries == 0 {
		if _, ok := inst.forget(Token(it.msg.reply.call)); !ok {
			it.msg.release(k.lane) // late
			return
		}
	}
	c := &k.lane.ctx
	c.begin(n, inst, it.ks.key, &it.msg.Header, k.now)
	k.load(c, it)
	k.cur.item, k.cur.active, k.cur.start = it, true, k.now
	k.cur.due, k.cur.slot, k.cur.key = it.msg.Due, it.msg.Slot, it.ks.key
	s.Invocations++
	k.cost += n.fn.cfg.Cost
	lane := k.lane
	g := lane.enter()
	err := k.protect(c, e)
	if !lane.leave(g) {
		runtime.Goexit() // revoked: another goroutine owns the core now
	}
	k.finish(c, err)
}

// load sets the inputs and the output of an invocation.
func (k *Core) load(c *Ctx, it item) {
	e := it.conn
	c.out, c.edge = nil, e.id
	if it.rest != nil {
		for i, m := range it.rest.msgs {
			if m != nil {
				c.in[i] = it.rest.conns[i].body(m)
			}
		}
	} else if it.msg.body != nil {
		c.in[0] = e.body(it.msg)
	} else {
		c.in[0] = nil
	}
	c.reply.call, c.reply.err = it.msg.reply.call, it.msg.reply.err
	if e.kind == portData && !e.node.sink && !e.node.fn.each {
		c.out = c.draft(e.node.outlet)
	}
}

// protect calls the handler and turns a panic into an error.
func (k *Core) protect(c *Ctx, e *conn) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if r := recover(); r != nil {
			err = &PanicError{Value: r, Stack: string(debug.Stack())}
		}
	}()
	switch {
	case e.node.sink:
		if sink := k.set.sinks.get(e.node.index); sink != nil {
			sink(c.Header(), c.in[0])
		}
	case e.port != nil:
		err = e.port.run(c)
	default:
		err = e.node.fn.run(c)
	}
	returned = true
	return err
}

// finish applies the outcome of the invocation that has just returned.
func (k *Core) finish(c *Ctx, err error) {
	it := k.cur.item
	k.cur.active = false
	noOutput := err != nil && errors.Is(err, ErrNoOutput)
	if noOutput {
		err = nil
	}
	if err == nil {
		err = k.checkSizes(c)
	}
	n, e := it.conn.node, it.conn
	s := &k.stats[n.index]
	s.StateRead += uint64(c.meter.read)
	s.StateWritten += uint64(c.meter.written)
	if err != nil {
		k.fail(c, it, err)
		return
	}
	for _, t := range c.touched {
		t.apply(k.now)
	}
	if e.kind.control() {
		c.inst.applied[e.port.index()] = mark{it.msg.Slot, true}
	}
	if it.task != nil {
		k.endTask(it, c, noOutput)
		return
	}
	k.settle(c, it, noOutput)
}

// settle sends the outputs of a successful invocation and gives up its inputs,
// at once or when its batch is committed.
func (k *Core) settle(c *Ctx, it item, noOutput bool) {
	e := it.conn
	b := k.batchFor(c, it)
	if c.out != nil {
		if noOutput {
			k.recycleOut(c)
			k.failCall(it.msg, ErrNoOutput)
		} else if it.msg.reply.call != 0 {
			k.replyWith(it.msg, c.out)
		} else {
			k.stamp(c.out, c, it)
			k.release(b, e.node.outlet, c.out, it.ks.key, it.ks)
		}
		c.out = nil
	}
	for i := range c.sends {
		k.perform(b, c, it, &c.sends[i])
	}
	if b != nil {
		k.commit(b, it)
		return
	}
	it.msg.release(k.lane)
	k.dropRest(it)
}

// stamp gives an output the identity that follows from its input.
func (k *Core) stamp(m *Message, c *Ctx, it item) {
	m.Header = it.msg.Header
	m.Source, m.Key = it.ks.key, it.ks.key
	m.group = it.ks.group
	m.Epoch = k.owned[it.conn.node.index].routes[it.ks.group].epoch
}

// release sends a message to the consumers of an outlet. Those on ExactlyOnce
// edges get it when the batch is committed.
func (k *Core) release(b *Batch, o *outlet, m *Message, key Key, ks *keyState) {
	n := int32(len(o.conns))
	k.countTransfer(k.lane.ctx.node, m, len(o.conns))
	if n == 0 {
		m.pool.put(m, k.lane)
		return
	}
	m.refs = n
	for _, e := range o.conns {
		if b != nil && e.cfg.Guarantee == ExactlyOnce {
			b.Outbox = append(b.Outbox, Outgoing{Edge: e.id, Msg: m, Key: key})
			continue
		}
		k.send(e, m, key, ks)
	}
}

// countTransfer meters what leaves a function.
func (k *Core) countTransfer(n *node, m *Message, consumers int) {
	k.stats[n.index].Transferred += uint64(m.size * consumers)
}

// recycleOut takes back the output of an invocation that has none.
func (k *Core) recycleOut(c *Ctx) {
	if c.out != nil {
		c.out.pool.put(c.out, k.lane)
		c.out = nil
	}
}

// checkSizes measures the outputs of the invocation.
func (k *Core) checkSizes(c *Ctx) error {
	if c.out != nil {
		if err := k.measure(c.out); err != nil {
			return err
		}
	}
	for i := range c.sends {
		if m := c.sends[i].msg; m != nil {
			if err := k.measure(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *Core) measure(m *Message) error {
	m.size = m.measure()
	if m.size > k.set.maxMessage {
		return &SizeError{Port: m.pool.from.name, Bytes: m.size, Limit: k.set.maxMessage}
	}
	return nil
}

// skip gives up on a stage that would start late.
func (k *Core) skip(it item) {
	n := it.conn.node
	k.stats[n.index].Skipped++
	k.notice(NoticeSkipped, n, &it.msg.Header, it.ks.key, "late", nil)
	k.failCall(it.msg, ErrTimeout)
	if it.task != nil {
		it.task.failed = true
		k.returnTask(it.task)
	}
	it.msg.release(k.lane)
	k.dropRest(it)
}

// endTiming closes the measurement of the last invocation: its end is the
// start of the next one, so that the clock is read once a stage.
func (k *Core) endTiming() {
	if k.cur.start == 0 {
		return
	}
	n := k.cur.conn.node
	d := k.now.Sub(k.cur.start)
	s := &k.stats[n.index]
	s.Busy += d
	s.times.add(d)
	late := k.now > k.cur.due
	if b := n.fn.cfg.Budget; late || (b > 0 && d > b) {
		s.Late++
		if k.set.notices {
			h := Header{Key: k.cur.key, Slot: k.cur.slot, Due: k.cur.due}
			k.notice(NoticeLate, n, &h, h.Key, "ended late", nil)
		}
	}
	k.cur.start = 0
}
