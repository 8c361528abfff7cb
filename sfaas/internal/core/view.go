// SPDX-License-Identifier: Apache-2.0

package core

import (
	"iter"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// What an image consists of, as package state writes it. All of it is read where
// it is: a view copies no content, and is good until the image is imported. Who
// reads bytes says the same values to a [Builder].
//
// Calls that host code waits for are in a view too, see [Inputs.FromHost]: their
// caller goes with its process, but not with the unit.
//
// The views and the methods of [Builder] are two sides of one list: what is shown here is
// said there, in the same order, so that a reader has what it refers to.

// Work is an invocation that waits for its turn.
type Work struct {
	Node   *plan.Node // function
	Key    base.Key   // instance
	Inputs Inputs     // all that it takes
	Line   uint8      // in which it waits: behind the running work, on an edge with a capacity, at the way in
	Tries  uint8      // how often it has failed
}

// Half is a set of inputs that waits for a partner.
type Half struct {
	Node   *plan.Node // that joins
	Key    base.Key   // and what its inputs have in common, as in their headers:
	Slot   base.Slot  // slot
	Seq    uint32     // place in it
	Index  uint64     // place among what one invocation emitted
	Due    base.Time  // until when it waits
	Wide   bool       // it is a spread input: for every key below its own
	Inputs Inputs
}

// Kept is a message for another unit, which that has not acknowledged.
type Kept struct {
	Input
	Key base.Key // of the consumer
}

// Timer is what an instance has asked for and what has not happened yet: a message
// that waits for its time, or, if it has a port, a call without a reply.
type Timer struct {
	At    base.Time // when the message leaves, or the call has failed
	Token base.Token

	Edge *plan.Edge // on which the message leaves
	Msg  *Message
	Key  base.Key // of its consumer

	Port *plan.Edge // at which the reply is awaited
	Slot base.Slot  // of the caller
}

// Instance is one function at one key, in an image.
type Instance struct{ i *instance }

// Instances are those of which this image says anything.
func (m *Image) Instances() iter.Seq[Instance] {
	return func(yield func(Instance) bool) {
		for _, inst := range m.insts {
			if !yield(Instance{inst}) {
				return
			}
		}
	}
}

// Halves are the inputs that wait for a partner, for each function the oldest first.
func (m *Image) Halves() iter.Seq[Half] {
	return func(yield func(Half) bool) {
		for i, b := range m.joins {
			if b != nil && !b.each(m.Part.Nodes[i], yield) {
				return
			}
		}
	}
}

func (b *joinBuffer) each(n *plan.Node, yield func(Half) bool) bool {
	for h := b.narrow.first; h != nil; h = h.after {
		if !yield(h.view(n, false)) {
			return false
		}
	}
	for i := range b.wide {
		if !yield(b.wide[i].view(n, true)) {
			return false
		}
	}
	return true
}

func (h *half) view(n *plan.Node, wide bool) Half {
	return Half{n, h.key, h.slot, h.seq, h.index, h.due, wide, h.inputs()}
}

// Work is what waits for its turn, line by line. Every core of a runtime has a
// spread input in its line: the images of several cores have the same message.
func (m *Image) Work() iter.Seq[Work] {
	return func(yield func(Work) bool) {
		for i := range m.waits {
			x := &m.waits[i]
			if !yield(Work{x.edge.Node, x.ks.key, x.inputs(), uint8(x.line), x.tries}) {
				return
			}
		}
	}
}

// Kept are the messages of its instances that other units have not acknowledged.
func (m *Image) Kept() iter.Seq[Kept] { return viewKept(m.kept) }

// Pushed are the messages that sources have pushed for the unit at runtimes that do
// not own it, and that keep them.
func (m *Image) Pushed() iter.Seq[Kept] { return viewKept(m.pushed) }

func viewKept(list []*keptEntry) iter.Seq[Kept] {
	return func(yield func(Kept) bool) {
		for _, x := range list {
			if !yield(Kept{Input{x.edge, x.msg, x.stamp}, x.key}) {
				return
			}
		}
	}
}

// Address returns whose state it is.
func (x Instance) Address() base.Address {
	return base.Address{Function: x.i.node.Fn.Name, Key: x.i.ks.key}
}

// Node returns the function.
func (x Instance) Node() *plan.Node { return x.i.node }

// Key returns the key.
func (x Instance) Key() base.Key { return x.i.ks.key }

// Cells returns the content of its cells, by declaration.
func (x Instance) Cells() []plan.CellStore { return x.i.cells }

// Sent returns the last number that it has given to a message or a token.
func (x Instance) Sent() uint64 { return x.i.sent }

// Applied returns the slot of the last control message that has been applied at a
// port, false if there was none.
func (x Instance) Applied(port int) (base.Slot, bool) {
	if x.i.few == nil {
		return 0, false
	}
	m := x.i.few.applied[port]
	return m.slot, m.ok
}

// Seen returns how far it has come with each producer in another unit.
func (x Instance) Seen() []Watermark {
	if x.i.few == nil {
		return nil
	}
	return x.i.few.seen.list
}

// few returns the part of it that few instances have, or an empty one.
func (x Instance) few() *instanceFew {
	if x.i.few == nil {
		return &instanceFew{}
	}
	return x.i.few
}

// Waits reports whether anything waits at the instance: if not, what follows is
// empty.
func (x Instance) Waits() bool {
	f := x.i.few
	return f != nil && f.waiting.len()+len(f.controls)+len(f.settings)+len(f.timers) > 0
}

// Waiting is the data that waits for its grant, oldest first.
func (x Instance) Waiting() iter.Seq[Inputs] {
	return func(yield func(Inputs) bool) {
		list := &x.few().waiting
		for i := range list.len() {
			if !yield(list.at(i).inputs()) {
				return
			}
		}
	}
}

// Controls are the control messages that wait for data of their slot, by slot.
func (x Instance) Controls() iter.Seq[Input] { return viewHeld(x.few().controls) }

// Settings are the last messages of its settings, by port.
func (x Instance) Settings() iter.Seq[Input] { return viewHeld(x.few().settings) }

func viewHeld(list []heldControl) iter.Seq[Input] {
	return func(yield func(Input) bool) {
		for _, c := range list {
			if !yield(Input{c.edge, c.msg, c.stamp}) {
				return
			}
		}
	}
}

// Timers are its delayed messages and its calls, the earliest first.
func (x Instance) Timers() iter.Seq[Timer] {
	return func(yield func(Timer) bool) {
		for _, t := range x.few().sorted() {
			v := Timer{At: t.at, Token: t.token}
			switch t.kind {
			case timerSend:
				v.Edge, v.Msg, v.Key = t.edge, t.msg, t.key
			case timerCall:
				v.Port, v.Slot = x.i.pendingPort(t.token), t.slot
			}
			if (v.Msg != nil || v.Port != nil) && !yield(v) { // others are set anew
				return
			}
		}
	}
}
