// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// item is one piece of work that is ready, or nearly so.
type item struct {
	edge  *plan.Edge
	msg   *Message
	ks    *keyState
	rest  *joined // further inputs of a join
	task  *Task   // of a parallel function
	tries uint8
	gate  bool // look at what waits for a grant
}

// take moves from to it, field by field: what has just been written that way
// cannot be read in wider pieces without a wait.
func (it *item) take(from *item) {
	it.edge, it.msg, it.ks, it.rest, it.task = from.edge, from.msg, from.ks, from.rest, from.task
	it.tries, it.gate = from.tries, from.gate
}

// running is the invocation under way. It is kept outside the stack so that
// another goroutine can take over.
type running struct {
	item
	active bool
	start  base.Time // 0: its time has been counted
	due    base.Time
	slot   base.Slot
}

// keyState is what a core knows about one key.
type keyState struct {
	key   base.Key
	group uint8
	here  bool        // its group falls to this core
	insts []*instance // by node
	seqs  []sequence  // by outlet of a source

	touched base.Time // when something arrived under the key
	timers  int       // that refer to it
	look    uint64    // of forgetIdle that found it in use
	at      int       // place in the order
}

// sequence numbers the messages of one source and key.
type sequence struct {
	id   uint64
	slot base.Slot
	seq  uint32
}

// instance is one function at one key.
type instance struct {
	cells    []plan.CellStore
	controls []heldControl // not applied yet, by slot
	applied  []mark        // by port: slot of the last control applied
	waiting  ring[item]    // data that waits for its grant
	seen     watermarks    // by edge and producer
	tasks    *taskHome     // of a parallel function
	calls    []pendingCall
	sent     uint64 // last number given to a message sent by reference, or to a token
}

// mark is a slot, if any.
type mark struct {
	slot base.Slot
	ok   bool
}

// state returns what is kept about a key, new if need be.
func (k *Core) state(key base.Key, group uint8) *keyState {
	if ks := k.recent[group]; ks != nil && ks.key == key {
		ks.touched = k.now
		return ks
	}
	ks := k.keys[key]
	if ks == nil {
		ks = &keyState{key: key, group: group, here: k.coreOf(group) == k.self.Core, insts: make([]*instance, len(k.app.Nodes)), at: len(k.order)}
		k.keys[key] = ks
		k.order = append(k.order, ks)
		k.idle.fresh++
	}
	ks.touched = k.now
	k.recent[group] = ks
	return ks
}

// instance returns the instance of a node at a key, new if need be.
func (k *Core) instance(n *plan.Node, ks *keyState) *instance {
	inst := ks.insts[n.Index]
	if inst == nil {
		inst = newInstance(n)
		inst.sent = k.idle.sent[n.Index]
		ks.insts[n.Index] = inst
	}
	return inst
}

func newInstance(n *plan.Node) *instance {
	inst := &instance{applied: make([]mark, len(n.Ports))}
	for _, d := range n.Fn.Cells {
		inst.cells = append(inst.cells, d.Make())
	}
	return inst
}

// empty reports whether nothing is kept under a key that another key would not
// have too.
func (ks *keyState) empty(now base.Time) bool {
	if ks.timers > 0 {
		return false
	}
	for _, inst := range ks.insts {
		if inst == nil {
			continue
		}
		if len(inst.controls)+inst.waiting.len()+len(inst.calls) > 0 || (inst.tasks != nil && inst.tasks.tasks.len() > 0) {
			return false
		}
		for _, c := range inst.cells {
			if c.Live(now) {
				return false
			}
		}
	}
	return true
}

// sequences returns the numbers of the sources under a key.
func (ks *keyState) sequences(a *plan.App) []sequence {
	if ks.seqs == nil {
		ks.seqs = make([]sequence, len(a.Outlets))
	}
	return ks.seqs
}
