// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// item is one piece of work that is ready, or nearly so.
//
// It is copied from line to line by value: a line of pointers would need an allocation
// per message, or a pool of items beside that of messages.
type item struct {
	edge  *plan.Edge
	msg   *Message
	ks    *keyState
	stamp *Stamp  // to be acknowledged, if it came from another unit
	rest  *joined // further inputs of a join
	task  *Task   // of a parallel function
	tries uint8
	gate  bool // look at what waits for a grant
}

// take moves an item from its line to it, field by field. The item has just been written
// in pieces of eight bytes; a copy of the whole would read it in pieces of sixteen and
// more, and the processor does not forward those from its store buffer: it would wait
// until all stores have reached the cache.
func (it *item) take(from *item) {
	it.edge, it.msg, it.ks, it.stamp, it.rest, it.task = from.edge, from.msg, from.ks, from.stamp, from.rest, from.task
	it.tries, it.gate = from.tries, from.gate
}

// made returns how far slots had come when the item entered the unit in which it
// runs.
func (it *item) made() base.Slot {
	if it.edge.Enters {
		return it.msg.Slot
	}
	return it.msg.made
}

// running is the invocation under way. It is kept outside the stack so that
// another goroutine can take over.
type running struct {
	item
	active bool
	timed  bool // its time has not been counted
	due    base.Time
}

// keyState is what a core knows about one key.
//
// Everything that a message needs to know of its key is one map look-up away, and none if
// the last message of the group was under the same key (recent).
type keyState struct {
	key    base.Key
	group  uint8
	here   bool        // its group falls to this core
	insts  []*instance // by node
	unit   *unit       // of the first part, nil until asked for
	others []*unit     // of the others
	seqs   []sequence  // by outlet of a source

	touched base.Time // when something arrived under the key
	held    int       // halves, timers and batches that refer to it
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
//
// Cells are in the order of the function's declarations, so that a handler's cell is
// found by index.
type instance struct {
	cells       []plan.CellStore
	ks          *keyState
	node        *plan.Node
	unit        *unit
	few         *instanceFew // what few instances need
	sent        uint64       // last number given to a message sent by reference, or to a token
	bytes       int64        // of content, as last measured
	at          int32        // place in the unit
	uncommitted int32        // batches of it that have not landed
	dirty       bool         // its content has changed since
	recorded    bool         // an engine has something of it
}

// instanceFew is what only instances have that take control, call, wait or
// hear other units.
//
// Most instances need nothing of it: a receiver's stages have no gate, call nobody
// and wait for nothing.
type instanceFew struct {
	controls []heldControl // not applied yet, by slot
	applied  []mark        // by port: slot of the last control applied
	waiting  ring[item]    // data that waits for its grant
	ran      mark          // newest slot of which data has run
	seen     watermarks    // by edge and producer
	tasks    *taskHome     // of a parallel function
	calls    []pendingCall
	settings []heldControl // the last one applied, by port
	timers   []*timer
	tokens   map[base.Token]*timer // once there are many
}

// rare returns that part of the instance.
func (i *instance) rare() *instanceFew {
	if i.few == nil {
		i.few = &instanceFew{}
		if n := len(i.node.Ports); n > 0 {
			i.few.applied = make([]mark, n)
		}
	}
	return i.few
}

// mark is a slot, if any.
type mark struct {
	slot base.Slot
	ok   bool
}

// state returns what is kept about a key, new if need be.
//
// recent holds the key that each group was asked for last: within a slot the same few
// keys come again and again.
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
	if inst := ks.insts[n.Index]; inst != nil {
		return inst
	}
	return k.firstInstance(n, ks)
}

func (k *Core) firstInstance(n *plan.Node, ks *keyState) *instance {
	inst := newInstance(n)
	inst.sent = max(k.idle.sent[n.Index], k.firstSent)
	k.place(inst, ks)
	return inst
}

// place makes an instance that of its node at a key.
func (k *Core) place(inst *instance, ks *keyState) {
	inst.ks = ks
	ks.insts[inst.node.Index] = inst
	k.unitOf(inst.node.Part, ks).addInstance(inst)
}

func newInstance(n *plan.Node) *instance {
	inst := &instance{node: n, cells: make([]plan.CellStore, len(n.Fn.Cells))}
	for i, d := range n.Fn.Cells {
		inst.cells[i] = d.Make()
	}
	if len(n.Ports) > 0 {
		inst.rare()
	}
	return inst
}

// sequences returns the numbers of the sources under a key.
func (ks *keyState) sequences(a *plan.App) []sequence {
	if ks.seqs == nil {
		ks.seqs = make([]sequence, len(a.Outlets))
	}
	return ks.seqs
}
