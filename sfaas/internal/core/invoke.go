// SPDX-License-Identifier: Apache-2.0

package core

import (
	"runtime"
	"runtime/debug"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// runNext runs the next ready item: what follows from running work before what
// waits in a line, so that the stages of a slot run one after the other.
//
// Three lines, in this order: inline is what follows from running work, queued what waits
// on an edge with a capacity, ingress what came from outside. So a slot that has begun is
// finished before another begins, and back pressure drains from the end.
func (k *Core) runNext() {
	k.endStage()
	for k.inline.len() == 0 {
		if !k.takeIn() {
			return
		}
	}
	// The item is moved into cur, where a lost handler's successor finds it.
	it := &k.cur.item
	it.take(k.inline.at(0))
	k.inline.drop()
	switch n := it.edge.Node; {
	case it.gate:
		k.runGate(*it)
	// A repetition does not go through the gate: it has been there.
	case len(n.Ports) > 0 && it.edge.Kind == plan.PortData && it.tries == 0:
		k.enter(*it)
	default:
		k.runCurrent()
	}
}

// takeIn accepts the message that waits longest in a line, those of an edge
// with a capacity before those from outside.
func (k *Core) takeIn() bool {
	var it item
	switch {
	case k.queued.len() > 0:
		k.queued.popInto(&it)
		k.takeItem(&it, true)
	case k.ingress.len() > 0:
		k.ingress.popInto(&it)
		k.takeItem(&it, false)
	default:
		return false
	}
	return true
}

// takeItem accepts what has just left a line.
func (k *Core) takeItem(it *item, queued bool) {
	k.unitOf(it.edge.Node.Part, it.ks).queued--
	if queued {
		k.gauges[it.edge.ID-1].sub(it.edge, it.msg.size)
	}
	if it.edge.IsWide() {
		k.arriveWide(it.edge, it.msg, it.ks, it.stamp)
	} else {
		k.accept(it.edge, it.msg, it.ks, it.stamp)
	}
}

// invoke runs the handler of an item.
func (k *Core) invoke(it item) {
	k.cur.item = it
	k.runCurrent()
}

// runCurrent runs the handler of the current item.
//
// An invocation, step by step:
//
//  1. In real time, work that would begin after its due time is skipped, unless it is
//     control, promised, or a sink.
//  2. The instance is found or made, if the function keeps anything.
//  3. A reply is matched with its call; one that is late is counted and dropped.
//  4. The context is pointed at the message, the cells and an output. Nothing is copied.
//  5. The lane's guard says "running" from here: the watchdog may revoke it.
//  6. The handler runs. A panic becomes an error.
//  7. If the guard has been revoked meanwhile, this goroutine owns nothing any more, and
//     ends without touching the core. Its successor has done what is due (takeOver).
//  8. Otherwise the outcome is applied (finish).
func (k *Core) runCurrent() {
	it := &k.cur.item
	n, e, m := it.edge.Node, it.edge, it.msg
	if k.now >= m.Due && it.tries == 0 && k.tooLate(it) {
		k.skip(*it)
		return
	}
	var inst *instance
	if n.Keeps || n.Promises || e.Config.Guarantee == base.ExactlyOnce {
		inst = k.instance(n, it.ks)
	}
	if e.Kind == plan.PortReply && it.tries == 0 && !k.takeReply(inst, it) {
		return
	}
	lane := k.lane
	c := &lane.inv
	due := m.Due
	if e.Kind.Control() {
		due = base.Never // it waits for the data of its slot, which tell what is late
	}
	c.begin(n, inst, it.ks, &m.Header, due, k.now)
	c.load(it)
	k.cur.active, k.cur.timed, k.cur.due = true, true, due
	k.stats[n.Index].Invocations++
	// The ledger of the unit is that of the last stage as a rule: only a stage of another
	// unit, slot or moment begins a new run.
	u := it.ks.unit
	if it.task != nil || u == nil || u.Part != n.Part { // seldom, and a call
		u = k.unitOfItem(it)
	}
	l := u.ledger
	if l == nil {
		l = k.openLedger(u)
	}
	if r := &k.run; r.ledger != l || r.slot != m.Slot || r.end != k.now {
		k.beginRun(l, m.Slot)
	}
	k.run.stages++
	k.cost += n.Fn.Config.Cost
	g := lane.enter()
	err := k.protect(c, e)
	if !lane.leave(g) {
		runtime.Goexit() // revoked: another goroutine owns the core now
	}
	k.finish(c, err)
}

// takeReply reports whether the call that the current item answers is still
// open. A reply that is late, or comes a second time, is counted and done with.
//
// A call is open as long as it is in the list of its instance. Whoever takes it out
// first, reply or timer, ends it.
func (k *Core) takeReply(inst *instance, it *item) bool {
	token := base.Token(it.msg.reply.call)
	if _, ok := inst.forget(token); !ok {
		for _, c := range k.counts(it.edge.Node, inst.unit) {
			c.Unasked++
		}
		k.settled(it.edge.Node, it.ks, it.msg, it.stamp)
		it.msg.release(k.lane)
		return false
	}
	if it.msg.reply.err != base.ErrTimeout { // the timer has not fired
		k.timers.cancel(inst, token)
	}
	return true
}

// tooLate reports whether an item whose time is over is not to run. Control is
// never skipped, nor are functions that carry it: later slots need what it says.
func (k *Core) tooLate(it *item) bool {
	e := it.edge
	return k.set.Mode == base.RealTime && e.Kind == plan.PortData && e.Config.Guarantee == base.AtMostOnce && !e.Node.Sink && !e.Node.Carries
}

// load sets the inputs and the output of an invocation.
//
// An input of a join is seen through its edge, which may show a field of the message
// alone; control ports that carry nothing have nil.
func (c *Invocation) load(it *item) {
	e := it.edge
	c.edge = e.ID
	switch {
	case it.rest != nil:
		for i, m := range it.rest.msgs {
			if m != nil {
				c.in[i] = it.rest.edges[i].Seen(m.body)
			}
		}
	case it.msg.body != nil:
		c.in[0] = e.Seen(it.msg.body)
	default:
		c.in[0] = nil
	}
	if e.Kind == plan.PortReply {
		c.reply.call, c.reply.err = it.msg.reply.call, it.msg.reply.err
	}
	c.out, c.ahead = nil, 0
	if e.Drafts {
		c.out = c.draft(e.Node.Outlet)
	}
}

// protect calls the handler and turns a panic into an error.
//
// The three ways to leave a handler are told apart by returned: it returned, it panicked
// (recover has a value), or its goroutine is being ended by runtime.Goexit (recover has
// none, and nothing here may touch the core).
func (k *Core) protect(c *Invocation, e *plan.Edge) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		switch r := recover().(type) {
		case nil:
		// Cells panic with typed errors where a handler has no way to go on; those are
		// faults of their own.
		case *base.CellError: // what the runtime refuses is no panic of the program
			err = r
		case *base.SizeError:
			err = r
		default:
			err = &base.PanicError{Value: r, Stack: string(debug.Stack())}
		}
	}()
	switch {
	case e.Node.Sink:
		if k.muted(e.Node, k.cur.ks.key, k.cur.made()) {
			break
		}
		if sink := k.set.Sinks.Get(e.Node.Index); sink != nil {
			sink(c.Header(), c.in[0])
		} else {
			k.stats[e.Node.Index].Unheard++
			k.run.ledger.Unheard++
		}
	case e.Port != nil:
		err = e.Port.Run(c)
	default:
		err = e.Node.Fn.Run(c)
	}
	returned = true
	return err
}

// skip gives up on a stage that would start late.
func (k *Core) skip(it item) {
	n := it.edge.Node
	for _, c := range k.counts(n, k.unitOfItem(&it)) {
		c.Skipped++
	}
	k.notice(NoticeSkipped, it.edge, &it.msg.Header, it.ks.key, "late", nil)
	if it.task != nil {
		it.task.err = base.ErrTimeout
		k.returnTask(it.task)
		return
	}
	k.answer(nil, &it, it.ks.insts[n.Index], nil, base.ErrTimeout)
	k.giveBack(&it)
}
