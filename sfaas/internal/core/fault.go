// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// fail ends an invocation that did not succeed: its staged cells and its
// outputs are discarded, its input is tried again, goes to the dead-letter
// edge, or is dropped.
//
// What becomes of an input whose handler failed:
//
//	retries left            run again, before anything newer
//	no dead letter          counted and dropped; a call gets the fault
//	dead letter             the input goes there as it came, a call gets the fault
//	promised or recorded    the same, with a commit: "processed, without success"
//
// A handler that was revoked may still use its buffers. Then nothing that it has seen is
// used again: its messages keep a hold for ever, and none is passed on as a dead letter.
func (k *Core) fail(c *Invocation, it item, err error) {
	for _, t := range c.touched {
		t.Discard()
	}
	c.out = nil // abandoned with all other outputs: the handler may still know them
	n, e := it.edge.Node, it.edge
	f := &base.Fault{Function: n.Fn.Name, Key: it.ks.key, Slot: it.msg.Slot, Err: err}
	counts := k.counts(n, k.unitOfItem(&it))
	for _, c := range counts {
		c.Faults++
	}
	k.notice(NoticeFault, e, &it.msg.Header, it.ks.key, "handler failed", f)
	// At the front: later messages of the same key must not run before the repetition.
	if int(it.tries) < e.Retries() && !errors.Is(err, base.ErrBlocked) {
		it.tries++
		k.inline.pushFront(it)
		return
	}
	dead, lost := e.Dead, clobbered(err)
	// Of joined inputs none is the one that failed, and a lost handler may still write
	// its input.
	if it.rest != nil || lost {
		dead = nil
	}
	if dead != nil {
		for _, c := range counts {
			c.DeadLetters++
		}
	}
	if t := it.task; t != nil {
		t.err, t.dead, t.lost = f, dead, lost
		k.returnTask(t)
		return
	}
	by := it.ks.insts[n.Index]
	// A repeat must not be tried again after a crash, so the failure is committed like a
	// success.
	if e.Config.Guarantee == base.ExactlyOnce || (k.recordsOf(n.Part) && (k.promises(e) || e.Kind != plan.PortData || dead != nil)) {
		k.giveUp(it, dead, lost, f)
		return
	}
	k.answer(nil, &it, by, nil, f)
	if dead != nil {
		it.msg.take(1)
		k.route(dead, it.msg, it.ks.key, it.ks, by)
	}
	if lost {
		it.abandon()
	}
	k.giveBack(&it)
}

// abandon takes holds on the inputs of an item that are never given up: a lost
// handler may still read them.
//
// The hold is leaked on purpose. The memory is lost with the handler that will not end;
// anything else would hand it to somebody while that handler still writes.
func (it *item) abandon() {
	it.msg.take(1)
	if it.rest == nil {
		return
	}
	for _, m := range it.rest.msgs {
		if m != nil && m != it.msg {
			m.take(1)
		}
	}
}

// giveUp commits that an input has been processed, though without success: a
// repeat of it is none to try again. The dead letter leaves after that.
func (k *Core) giveUp(it item, dead *plan.Edge, lost bool, f *base.Fault) {
	b := k.newBatch(it)
	k.answer(b, &it, nil, nil, f)
	if dead != nil {
		it.msg.take(1)
		b.Outbox = append(b.Outbox, Outgoing{Edge: dead.ID, Msg: it.msg, Key: it.ks.key})
	}
	if lost {
		it.abandon()
	}
	k.commit(b, it)
}

// clobbered reports whether the handler may still use its buffers.
func clobbered(err error) bool {
	return errors.Is(err, base.ErrBlocked) || errors.Is(err, base.ErrGoexit)
}

// takeOver continues after the goroutine of the running handler has ended or
// has been given up on. The core gets a new lane; volatile content that the
// handler may still write is lost, staged content is copied.
//
// The replacement of a handler that does not return, numbered as it happens:
//
//  1. The watchdog sees one invocation run for too long and revokes the lane's guard.
//     From now on the old goroutine, should it ever return, finds its guard revoked and
//     ends without touching anything.
//  2. The shell starts another goroutine, which steps the core with an EventFault.
//  3. takeOver makes a new lane: context, pools, scratch resources. The old one, with
//     all its memory, is the lost handler's for ever. Tokens go on far behind those that
//     the old lane may still have given out.
//  4. salvage replaces the instance: staged content is copied, since the handler cannot
//     have changed it, and volatile content is begun anew, since it may be writing that
//     now.
//  5. fail ends the invocation with the error: no repetition, since it would most likely
//     block again.
//
// Effects that the lost step had asked for before its handler ran are in k.eff, and Step
// puts them before those of this one.
func (k *Core) takeOver(err error) {
	if !k.cur.active {
		return
	}
	old := k.lane
	k.lane = newLane(k.app, k.set, old.tokens+1<<20)
	if k.scratch != nil {
		var failed error
		if k.lane.resources, failed = k.scratch(old.resources); failed != nil {
			k.set.Logger.Error("sfaas: resources of a lost handler", "err", failed)
		}
	}
	it := k.cur.item
	k.cur.active = false
	c := &k.lane.inv
	c.begin(it.edge.Node, nil, it.ks, &it.msg.Header, it.msg.Due, k.now)
	if it.edge.Node.Keeps {
		c.inst = k.salvage(it.edge.Node, it.ks)
	}
	k.fail(c, it, err)
}

// salvage replaces an instance whose memory a lost handler may still use.
//
// The new instance takes the old one's place everywhere: in its key, in the list of its
// unit, and in the timers that refer to it.
func (k *Core) salvage(n *plan.Node, ks *keyState) *instance {
	old := ks.insts[n.Index]
	k.unchange(old)
	inst := new(instance)
	*inst = *old
	inst.cells = nil
	lost := false
	for _, s := range old.cells {
		if d := s.Head().Decl; d.Staged() {
			inst.cells = append(inst.cells, s.Clone())
		} else {
			inst.cells = append(inst.cells, d.Make())
			lost = true
		}
	}
	if lost {
		for _, c := range k.counts(n, old.unit) {
			c.Lost++
		}
		k.notice(NoticeLost, k.cur.edge, &k.cur.msg.Header, ks.key, "volatile cells of a lost handler", nil)
	}
	if inst.few != nil {
		for _, t := range inst.few.timers { // what they send goes on with the numbers of inst
			t.inst = inst
		}
	}
	old.unit.insts[old.at] = inst
	ks.insts[n.Index] = inst
	k.noteChange(inst)
	return inst
}
