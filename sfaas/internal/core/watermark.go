// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// MarkID names the messages that rise in number: those of one producer on one
// edge. Its fields are those of a [Stamp].
type MarkID struct {
	Edge   base.EdgeID // edge on which they travel
	Func   uint16      // 1 + index of the function that sends them, 0 for a source
	Node   base.NodeID // runtime that takes the pushes of a source, 0 for functions
	Source base.Key    // key of the producer
}

func (s *Stamp) mark() MarkID { return MarkID{s.Edge, s.Func, s.Node, s.Source} }

// Place is where a message stands among those of its producer.
type Place struct {
	Epoch uint32 // under which the producer's unit is owned; of a source, its runtime's incarnation
	Count uint64 // rises with every message of an epoch
}

func (s *Stamp) place() Place { return Place{s.Epoch, s.Count} }

// after orders the messages of one producer.
func (p Place) after(o Place) bool {
	return p.Epoch > o.Epoch || (p.Epoch == o.Epoch && p.Count > o.Count)
}

// Watermark says how far an instance has come with one producer: up to which
// message it has taken all in, and which of them are open, not acknowledged.
// These are in the lines of the core, or in the image of the unit, and run before
// anything newer of the same producer, but for those that wait for a grant, for
// data or for a partner: newer ones may be done before them.
//
// Why not a set of numbers: a producer counts, and its messages come in order or come
// again, so that one number says what has been taken. What is open is short: it is
// bounded by what waits here.
type Watermark struct {
	MarkID
	Taken Place       // last message taken in
	Open  []Place     // those that are not acknowledged
	From  base.NodeID // runtime that keeps the last one,
	Via   uint32      // the newest as its epoch tells

	durable Place // the last one that is committed, or put aside, as the records say
}

// take notes that a message is taken in.
func (w *Watermark) take(p Place) {
	w.Taken = p
	w.Open = append(w.Open, p)
}

// close notes that a message is done with.
func (w *Watermark) close(p Place) {
	for i, x := range w.Open {
		switch {
		case x != p:
			continue
		case i == 0 && len(w.Open) > 1: // mostly; the first of many costs no more than that of two
			w.Open = w.Open[1:]
		default:
			w.Open = append(w.Open[:i], w.Open[i+1:]...)
		}
		return
	}
}

// isOpen reports whether a message is taken in and not done with.
func (w *Watermark) isOpen(p Place) bool { return slices.Contains(w.Open, p) }

// watermarks are the marks of one instance. A few are searched one by one;
// instances with many producers, such as a cell with its users, get an index.
//
// A cell instance of a base station has thousands of producers that come and go; for most
// functions it is one or two.
type watermarks struct {
	list  []Watermark
	index map[MarkID]int // nil for a few
	asked int            // how many there were when the instance asked whether it may forget some
}

// fewMarks is the number up to which there is no index.
const fewMarks = 16

// find returns the mark of a producer, or nil.
func (w *watermarks) find(id MarkID) *Watermark {
	if w.index != nil {
		if i, ok := w.index[id]; ok {
			return &w.list[i]
		}
		return nil
	}
	for i := range w.list {
		if w.list[i].MarkID == id {
			return &w.list[i]
		}
	}
	return nil
}

// at returns the mark of a producer, new if need be.
func (w *watermarks) at(id MarkID) *Watermark {
	if m := w.find(id); m != nil {
		return m
	}
	w.list = append(w.list, Watermark{MarkID: id})
	switch i := len(w.list) - 1; {
	case w.index != nil:
		w.index[id] = i
	case i == fewMarks:
		w.index = make(map[MarkID]int, 2*fewMarks)
		for j := range w.list {
			w.index[w.list[j].MarkID] = j
		}
	}
	return &w.list[len(w.list)-1]
}

// fresh decides about a stamped message for an instance of a unit that is here,
// and reports whether it is to be taken in.
//
//  1. What the instance has taken already is a repeat. It is acknowledged again
//     if it is done with; if not, its commit will do that.
//  2. If the producer's side keeps an earlier message that has not come, this
//     one has overtaken it where a route changed or a connection broke. It is
//     let go: the producer's side hears of that too, and sends both again.
//  3. Else the mark rises.
func (k *Core) fresh(e *plan.Edge, m *Message, ks *keyState, s *Stamp, sender base.NodeID) bool {
	seen := &k.instance(e.Node, ks).rare().seen
	w := seen.find(s.mark())
	if w == nil {
		// A producer of which nothing is known, whose message says that it follows
		// another one: this is the second, and the first has not come. Or its own unit
		// has a newer owner.
		if (s.Prev != 0 && !k.set.Bugs.takeGaps) || k.replaced(s) {
			return false
		}
		if seen.crowded() {
			asks := markAsks{}
			asks.add(ks.insts[e.Node.Index])
			k.askMarks(&asks)
		}
		w = seen.at(s.mark())
	} else {
		w.sentBy(s, sender)
		// The rule of repeats: numbers rise under one epoch, and epochs rise.
		if !s.place().after(w.Taken) && !k.set.Bugs.retransmit {
			k.repeat(e, m, ks, s, w)
			return false
		}
		// The rule of gaps: the message names the one before it that its side still
		// keeps. If that one has not come, this one is too early.
		if (Place{s.PrevEpoch, s.Prev}).after(w.Taken) && !k.set.Bugs.takeGaps {
			return false
		}
	}
	if !k.set.Bugs.dropMarks || s.Count%8 != 0 {
		w.take(s.place())
	}
	w.sentBy(s, sender)
	return true
}

// sentBy notes which runtime keeps the messages of the producer. Of two that sent
// the same, one before and one after a move, the later owner does.
func (w *Watermark) sentBy(s *Stamp, sender base.NodeID) {
	if s.Via >= w.Via {
		w.From, w.Via = sender, s.Via
	}
}

func (k *Core) repeat(e *plan.Edge, m *Message, ks *keyState, s *Stamp, w *Watermark) {
	for _, c := range k.counts(e.Node, k.unitOf(e.Node.Part, ks)) {
		c.Repeated++
	}
	k.notice(NoticeRepeat, e, &m.Header, ks.key, "repeated message", nil)
	k.tellSender(s, w.From, w.isOpen(s.place())) // that may have got lost
}

// settled acknowledges an input whose commit has landed, or that is given up
// for good.
//
// Acknowledging is closing the mark and telling the runtime that keeps the message, in
// this order: should the telling get lost, the next repeat finds the mark closed and is
// acknowledged again.
func (k *Core) settled(n *plan.Node, ks *keyState, m *Message, s *Stamp) {
	if s == nil {
		return
	}
	k.doneWith(n, ks, m, s)
	if s.kind == stampOther {
		k.close(n, ks, s)
	}
}

// close acknowledges an input.
func (k *Core) close(n *plan.Node, ks *keyState, s *Stamp) {
	inst := ks.insts[n.Index]
	if inst == nil || inst.few == nil {
		return
	}
	w := inst.few.seen.find(s.mark())
	if w == nil {
		return
	}
	w.close(s.place())
	k.acknowledge(s, w.From)
}

// asked answers a producer's side that cannot know, after its connection broke,
// whether messages that waited here still do.
// Only what is certainly done with is answered. Silence means: it is still here, or it
// never came, and then it is sent again.
func (k *Core) asked(u *unit, s *Signal) {
	if u.phase == unitAway {
		k.effect(Effect{Kind: EffectSignal, To: Endpoint{Node: s.From.Node, Core: allCores}, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
		return
	}
	for _, a := range s.Asks {
		ks := k.keys[a.Key]
		if ks == nil || !ks.here {
			continue
		}
		inst := ks.insts[k.app.Edges[a.Stamp.Edge-1].Node.Index]
		if inst == nil || inst.few == nil {
			continue
		}
		if w := inst.few.seen.find(a.Stamp.mark()); w != nil && !a.Stamp.place().after(w.Taken) && !w.isOpen(a.Stamp.place()) {
			k.acknowledge(a.Stamp, s.From.Node)
		}
	}
}

// outOfDate reports whether a message without a stamp was made by an owner of
// its producer that has been replaced, after one of the newer owner has been
// taken in: it would come out of order. After a move that feeds both owners,
// the old one still makes the slots below the fence.
//
// Unstamped edges promise nothing but order. That costs one epoch per producer, which
// only instances have that have seen a move.
func (k *Core) outOfDate(e *plan.Edge, m *Message, ks *keyState) bool {
	if m.fn == 0 {
		return false
	}
	if inst := ks.insts[e.Node.Index]; m.Epoch == 0 && (inst == nil || inst.few == nil) {
		return false
	}
	seen := &k.instance(e.Node, ks).rare().seen
	id := MarkID{e.ID, m.fn, 0, m.Source}
	w := seen.find(id)
	if w == nil {
		if m.Epoch > 0 {
			seen.at(id).Taken.Epoch = m.Epoch
		}
		return false
	}
	if m.Epoch >= w.Taken.Epoch {
		w.Taken.Epoch = m.Epoch
		return false
	}
	p := k.app.Nodes[m.fn-1].Part
	return m.made >= k.unit(plan.UnitID{Part: p, Root: p.Root(m.Source)}).fence
}
