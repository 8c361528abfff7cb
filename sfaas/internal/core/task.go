// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Task is one invocation of a parallel function. The core of the key makes it,
// another core may run it, and the first one carries out what the invocation
// has asked for, in the order of the inputs.
//
// Parallel functions have no state, so that their invocations may run on any core. Order
// is kept at home:
//
//  1. farm puts the task at the end of the queue of its function and key, and sends it
//     to the next core in turn, this one included.
//  2. That core runs the handler and keeps what it asked for in the task (endTask).
//  3. The task comes home and is marked done.
//  4. finishTasks takes tasks from the front while they are done: outputs and effects
//     leave in the order of the inputs, whichever core was faster.
//
// A core that runs a task for another must not touch the key or the unit: everything that
// changes them is done at home.
type Task struct {
	edge  *plan.Edge
	msg   *Message
	ks    *keyState
	stamp *Stamp
	home  *taskHome

	out   *Message  // output of a function of one output, nil for none
	slot  base.Slot // of the output
	sends []send
	err   error      // why there is nothing: the message is done with
	dead  *plan.Edge // where a message goes that could not be processed
	lost  bool       // the handler may still use its message
	done  bool
}

// taskHome is the queue of tasks of one (function, key).
type taskHome struct {
	core  Endpoint
	ks    *keyState
	node  *plan.Node
	tasks ring[*Task]
	spare []*Task
}

// farm hands an item of a parallel function to the next core in turn.
func (k *Core) farm(it item) {
	n := it.edge.Node
	inst := k.instance(n, it.ks)
	few := inst.rare()
	if few.tasks == nil {
		// The queue stays with the instance as long as the unit does: making one per task
		// would be an allocation each.
		few.tasks = &taskHome{core: k.self, ks: it.ks, node: n}
	}
	home := few.tasks
	var t *Task
	if n := len(home.spare); n > 0 {
		t = home.spare[n-1]
		home.spare = home.spare[:n-1]
	} else {
		t = &Task{home: home}
	}
	*t = Task{home: home, edge: it.edge, msg: it.msg, ks: it.ks, stamp: it.stamp, sends: t.sends[:0]}
	home.tasks.push(t)
	inst.unit.busy().tasks++
	k.tasks++
	// The turn goes round over all cores, without looking at load: a task that waits
	// behind others delays its key alone.
	k.helper = (k.helper + 1) % k.count
	if k.helper == k.self.Core {
		k.inline.push(item{edge: it.edge, msg: it.msg, ks: it.ks, stamp: it.stamp, task: t})
		return
	}
	k.effect(Effect{Kind: EffectTask, Task: t, To: Endpoint{k.self.Node, k.helper}})
}

// The memory of sends belongs to the lane and is used by its next invocation: they are
// copied.
// endTask keeps what a task has asked for until its turn.
func (k *Core) endTask(it item, c *Invocation, noOutput bool) {
	t := it.task
	if c.out != nil && noOutput {
		c.out.pool.put(c.out, k.lane)
		c.out, t.err = nil, base.ErrNoOutput
	}
	t.out, t.slot, c.out = c.out, c.outputSlot(), nil
	if len(c.sends) > 1 {
		c.placeEmissions()
	}
	t.sends = append(t.sends[:0], c.sends...)
	k.returnTask(t)
}

// returnTask brings a task that has been run back to its home.
func (k *Core) returnTask(t *Task) {
	if t.home.core == k.self {
		t.done = true
		k.finishTasks(t.home)
		return
	}
	k.effect(Effect{Kind: EffectTaskDone, Task: t, To: t.home.core})
}

// finishTasks ends the tasks whose turn has come.
func (k *Core) finishTasks(home *taskHome) {
	inst := k.instance(home.node, home.ks)
	for home.tasks.len() > 0 && (*home.tasks.at(0)).done {
		t := home.tasks.pop()
		it := item{edge: t.edge, msg: t.msg, ks: t.ks, stamp: t.stamp}
		var b *Batch
		if k.recordsOf(home.node.Part) {
			b = k.newBatch(it)
		}
		switch {
		// In turn: it failed, and has a dead-letter edge; it failed; it was a call and
		// has an answer; it has an output.
		case t.dead != nil:
			k.answer(b, &it, inst, nil, t.err)
			t.msg.take(1)
			k.releaseTo(b, t.dead, t.msg, t.ks.key, inst)
		case t.err != nil:
			k.answer(b, &it, inst, nil, t.err)
		case t.out != nil && it.isCall():
			k.answer(b, &it, inst, t.out, nil)
		case t.out != nil:
			k.stamp(t.out, &it)
			k.putOff(t.out, t.slot)
			k.release(b, home.node, k.ledger(inst.unit), t.out, t.ks, inst)
		}
		for i := range t.sends {
			k.perform(b, inst, &it, &t.sends[i])
		}
		clear(t.sends)
		// The lost handler may still read it: its hold is never given back.
		if t.lost {
			t.msg.take(1) // never used again
		}
		if b != nil {
			k.commit(b, it)
		} else {
			k.giveBack(&it)
		}
		inst.unit.more.tasks--
		k.tasks--
		*t = Task{home: home, sends: t.sends[:0]}
		home.spare = append(home.spare, t)
	}
}
