// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Task is one invocation of a parallel function. The core of the key makes it,
// another core may run it, and the first one sends the outputs in the order of
// the inputs.
type Task struct {
	edge   *plan.Edge
	msg    *Message
	ks     *keyState
	home   *taskHome
	outs   []taskOutput
	done   bool
	failed bool
}

// taskOutput is a message that waits for its turn.
type taskOutput struct {
	msg *Message
	key base.Key
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
	if inst.tasks == nil {
		inst.tasks = &taskHome{core: k.self, ks: it.ks, node: n}
	}
	home := inst.tasks
	var t *Task
	if n := len(home.spare); n > 0 {
		t = home.spare[n-1]
		home.spare = home.spare[:n-1]
	} else {
		t = &Task{home: home}
	}
	t.edge, t.msg, t.ks, t.done, t.failed = it.edge, it.msg, it.ks, false, false
	home.tasks.push(t)
	k.helper = (k.helper + 1) % k.count
	if k.helper == k.self.Core {
		k.inline.push(item{edge: it.edge, msg: it.msg, ks: it.ks, task: t})
		return
	}
	k.effect(Effect{Kind: EffectTask, Task: t, To: Endpoint{k.self.Node, k.helper}})
}

// endTask keeps the outputs of a task until its turn.
func (k *Core) endTask(it item, c *Invocation, noOutput bool) {
	t := it.task
	if c.out != nil {
		if noOutput {
			c.out.pool.put(c.out, k.lane)
		} else {
			k.stamp(c.out, &it)
			t.outs = append(t.outs, taskOutput{c.out, it.ks.key})
		}
		c.out = nil
	}
	for i := range c.sends {
		s := &c.sends[i]
		if s.kind != sendEmit {
			k.perform(nil, c, it, s)
			continue
		}
		k.stampEmission(s, c, &it)
		t.outs = append(t.outs, taskOutput{s.msg, s.key})
	}
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

// finishTasks sends the outputs of the tasks whose turn has come.
func (k *Core) finishTasks(home *taskHome) {
	for home.tasks.len() > 0 && (*home.tasks.at(0)).done {
		t := home.tasks.pop()
		for i, o := range t.outs {
			k.countTransfer(home.node, o.msg, len(home.node.Outlet.Edges))
			k.emit(home.node.Outlet, o.msg, k.keys[o.key])
			t.outs[i] = taskOutput{}
		}
		t.outs = t.outs[:0]
		if !t.failed {
			t.msg.release(k.lane)
		}
		t.msg = nil
		home.spare = append(home.spare, t)
	}
}
