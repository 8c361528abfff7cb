// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// markID names the messages that rise in number: those of one producer on one
// edge.
type markID struct {
	edge   base.EdgeID
	fn     uint16
	node   base.NodeID
	source base.Key
}

func (s *Stamp) mark() markID { return markID{s.Edge, s.Func, s.Node, s.Source} }

// watermark says how far an instance has come with one producer: what it has
// taken in, and what of that it has acknowledged. What is taken in and has not
// run is in the lines of the core, or in the image of the unit: it runs before
// anything newer of the same producer.
type watermark struct {
	markID
	epoch     uint32
	doneEpoch uint32
	count     uint64
	done      uint64
	from      base.NodeID // runtime that keeps the last one,
	via       uint32      // the newest as its epoch tells
}

// watermarks are the marks of one instance. A few are searched one by one;
// instances with many producers, such as a cell with its users, get an index.
type watermarks struct {
	list  []watermark
	index map[markID]int // nil for a few
}

// fewMarks is the number up to which there is no index.
const fewMarks = 16

// find returns the mark of a producer, or nil.
func (w *watermarks) find(id markID) *watermark {
	if w.index != nil {
		if i, ok := w.index[id]; ok {
			return &w.list[i]
		}
		return nil
	}
	for i := range w.list {
		if w.list[i].markID == id {
			return &w.list[i]
		}
	}
	return nil
}

// at returns the mark of a producer, new if need be.
func (w *watermarks) at(id markID) *watermark {
	if m := w.find(id); m != nil {
		return m
	}
	w.list = append(w.list, watermark{markID: id})
	switch i := len(w.list) - 1; {
	case w.index != nil:
		w.index[id] = i
	case i == fewMarks:
		w.index = make(map[markID]int, 2*fewMarks)
		for j := range w.list {
			w.index[w.list[j].markID] = j
		}
	}
	return &w.list[len(w.list)-1]
}

// fresh decides about a stamped message for an instance of a unit that is here,
// and reports whether it is to be taken in.
//
//  1. What the instance has taken already is a repeat. It is acknowledged again
//     if it has been acknowledged before; if not, its commit will do that.
//  2. If the producer's side keeps an earlier message that has not come, this
//     one has overtaken it where a route changed or a connection broke. It is
//     let go: the producer's side hears of that too, and sends both again.
//  3. Else the mark rises.
func (k *Core) fresh(e *plan.Edge, m *Message, ks *keyState, s *Stamp, sender base.NodeID) bool {
	seen := &k.instance(e.Node, ks).rare().seen
	w := seen.find(s.mark())
	if w == nil {
		if s.Prev != 0 && !k.set.Bugs.takeGaps {
			return false
		}
		w = seen.at(s.mark())
	} else {
		w.sentBy(s, sender)
		if !later(s.Epoch, s.Count, w.epoch, w.count) && !k.set.Bugs.retransmit {
			k.repeat(e, m, ks, s, w)
			return false
		}
		if later(s.PrevEpoch, s.Prev, w.epoch, w.count) && !k.set.Bugs.takeGaps {
			return false
		}
	}
	if !k.set.Bugs.dropMarks || s.Count%8 != 0 {
		w.epoch, w.count = s.Epoch, s.Count
	}
	w.sentBy(s, sender)
	return true
}

// sentBy notes which runtime keeps the messages of the producer. Of two that sent
// the same, one before and one after a move, the later owner does.
func (w *watermark) sentBy(s *Stamp, sender base.NodeID) {
	if s.Via >= w.via {
		w.from, w.via = sender, s.Via
	}
}

func (k *Core) repeat(e *plan.Edge, m *Message, ks *keyState, s *Stamp, w *watermark) {
	k.stats[e.Node.Index].Repeated++
	k.notice(NoticeRepeat, e.Node, &m.Header, ks.key, "repeated message", nil)
	if later(s.Epoch, s.Count, w.doneEpoch, w.done) {
		k.tellSender(s, w.from, true) // it is here; that may have got lost
		return
	}
	k.acknowledge(s, w.from)
}

// later orders the messages of one producer.
func later(epoch uint32, count uint64, oldEpoch uint32, old uint64) bool {
	return epoch > oldEpoch || (epoch == oldEpoch && count > old)
}

// settled acknowledges an input whose commit has landed, or that is given up
// for good.
func (k *Core) settled(n *plan.Node, ks *keyState, s *Stamp) {
	if s == nil {
		return
	}
	inst := ks.insts[n.Index]
	if inst == nil || inst.few == nil {
		return
	}
	w := inst.few.seen.find(s.mark())
	if w == nil {
		return
	}
	if later(s.Epoch, s.Count, w.doneEpoch, w.done) {
		w.doneEpoch, w.done = s.Epoch, s.Count
	}
	k.acknowledge(s, w.from)
}

// outOfDate reports whether a message without a stamp was made by an owner of
// its producer that has been replaced, after one of the newer owner has been
// taken in: it would come out of order. After a move that feeds both owners,
// the old one still makes the slots below the fence.
func (k *Core) outOfDate(e *plan.Edge, m *Message, ks *keyState) bool {
	if m.fn == 0 {
		return false
	}
	if inst := ks.insts[e.Node.Index]; m.Epoch == 0 && (inst == nil || inst.few == nil) {
		return false
	}
	seen := &k.instance(e.Node, ks).rare().seen
	id := markID{e.ID, m.fn, 0, m.Source}
	w := seen.find(id)
	if w == nil {
		if m.Epoch > 0 {
			seen.at(id).epoch = m.Epoch
		}
		return false
	}
	if m.Epoch >= w.epoch {
		w.epoch = m.Epoch
		return false
	}
	p := k.app.Nodes[m.fn-1].Part
	return m.made >= k.unit(plan.UnitID{Part: p, Root: p.Root(m.Source)}).fence
}
