// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// joinLimit bounds the halves of one function in one unit on one core that may
// be dropped: those of AtMostOnce edges.
const joinLimit = 4096

// joined is the set of further inputs of a joined item, by input; the first
// one that carries the key is in the item itself.
type joined struct {
	msgs   [plan.MaxInputs]*Message
	edges  [plan.MaxInputs]*plan.Edge
	stamps [plan.MaxInputs]*Stamp
}

// joinID is what the inputs of one invocation have in common.
//
// The protocol of a join. Inputs belong together that agree in key, slot, sequence and
// index of emission; that is an identity which follows from the first source, and not
// from when something arrives.
//
//  1. An input that carries its own key looks for a half of its identity, or begins one,
//     and takes its place in it.
//  2. A spread (wide) input stays by itself, in a list of its own, since it belongs to
//     every key below its own. Each half takes a hold on it as it needs it.
//  3. A half that has all inputs leaves the buffer as one item, and runs as if one
//     message had come.
//  4. What is missing is late once a newer slot of its own kind has come, a window
//     later: the half is dropped, counted once and not per input. In real time it goes
//     at its due time.
//  5. A half with an input from an edge that promises is never dropped: its partner will
//     come, or the unit ends.
//
// Invariants: byID and the list hold the same halves; a half is in it as long as it lacks
// an input, and counts in held of its key, so that the key is not forgotten; a message
// has one hold per half that has it, and the wide list has one of its own.
type joinID struct {
	ks    *keyState
	slot  base.Slot
	seq   uint32
	index uint64
}

// half is a set of inputs of one (key, slot, sequence) that is not complete.
type half struct {
	joined
	joinID
	key           base.Key
	due           base.Time
	promised      bool // by an edge that may not drop: it waits for its partner
	before, after *half
}

// halfList is a list of halves, oldest first.
type halfList struct {
	first, last *half
	n           int
}

// joinBuffer holds the halves of one function in one unit.
//
// Narrow inputs carry the key of the invocation, wide ones that of a key above
// it. A half has at least one narrow input; a wide one is kept by itself, for
// all keys below its own, until its slot is over.
type joinBuffer struct {
	byID   map[joinID]*half
	narrow halfList
	wide   []half
	spare  []*joined
	halves []*half // free ones
	// newest slots of inputs that carry their own key, and of spread ones
	newest, newestWide base.Slot
}

// joinsOf returns the halves of a function in the unit of a key.
func (k *Core) joinsOf(n *plan.Node, ks *keyState) *joinBuffer { return k.unitOf(n.Part, ks).joins(n) }

func (u *unit) joins(n *plan.Node) *joinBuffer {
	m := u.busy()
	if m.joins == nil {
		m.joins = make([]*joinBuffer, len(u.Part.Nodes))
	}
	b := &m.joins[n.Place]
	if *b == nil {
		*b = &joinBuffer{byID: map[joinID]*half{}}
	}
	return *b
}

// join adds an input that carries its own key.
func (k *Core) join(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	b := k.joinsOf(e.Node, ks)
	// Time is told by the slot in which an input was made, not by the one that it is for:
	// an emission ahead must not make all others late.
	if m.made > b.newest {
		b.newest = m.made
		k.expireJoins(e.Node, b)
	}
	h := b.byID[joinID{ks, m.Slot, m.Seq, m.Index}]
	if h == nil {
		// Room is made by the oldest half that nobody has promised; if all are promised,
		// the list grows, and capacities of edges bound it.
		if b.narrow.n >= joinLimit {
			k.dropOldestHalf(e.Node, b)
		}
		h = b.newHalf()
		h.joinID, h.key, h.due = joinID{ks, m.Slot, m.Seq, m.Index}, ks.key, m.Due
		b.add(h)
		k.wakeForJoin(e.Node, ks, m.Due)
	}
	h.promised = h.promised || e.Config.Guarantee != base.AtMostOnce
	if h.msgs[e.Input] != nil { // cannot happen on a well-formed graph; keep the newer
		k.settled(e.Node, ks, h.msgs[e.Input], h.stamps[e.Input])
		k.drop(e, h.msgs[e.Input], ks.key, "repeated input of a join")
	}
	h.msgs[e.Input], h.edges[e.Input], h.stamps[e.Input] = m, e, s
	if !k.complete(e.Node, b, h) {
		k.putAside(e, m, ks, s)
	}
}

// newHalf returns an empty half.
func (b *joinBuffer) newHalf() *half {
	n := len(b.halves)
	if n == 0 {
		return &half{}
	}
	h := b.halves[n-1]
	b.halves = b.halves[:n-1]
	return h
}

func (b *joinBuffer) add(h *half) *half {
	b.byID[h.joinID] = h
	h.ks.held++
	return b.link(h)
}

// link puts a half at the end of the list.
func (b *joinBuffer) link(h *half) *half {
	l := &b.narrow
	h.before, h.after = l.last, nil
	if l.last != nil {
		l.last.after = h
	} else {
		l.first = h
	}
	l.last = h
	l.n++
	return h
}

// arriveWide adds an input that goes to every key below its own, and completes
// the halves that waited for it.
//
// Each core of a runtime has a hold on a spread input; the core of its key acknowledges
// it.
func (k *Core) arriveWide(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	b := k.joinsOf(e.Node, ks)
	if m.made > b.newestWide {
		b.newestWide = m.made
		k.expireJoins(e.Node, b)
	}
	if len(b.wide) >= joinLimit {
		k.dropWide(&b.wide[0])
		b.wide = append(b.wide[:0], b.wide[1:]...)
	}
	w := half{key: ks.key, joinID: joinID{slot: m.Slot, seq: m.Seq}, due: m.Due}
	w.msgs[e.Input], w.edges[e.Input], w.stamps[e.Input] = m, e, s
	if b.hasWide(&w) { // sent again, or restored: what has waited since may need it
		k.doneWith(e.Node, ks, m, s)
		m.release(k.lane)
	} else {
		b.wide = append(b.wide, w)
	}
	// Every half that waits for this input, or for this one among others. complete may
	// remove the half and those are linked, hence next first.
	for h := b.narrow.first; h != nil; {
		next := h.after // h may be complete, and gone
		if h.slot == m.Slot && h.seq == m.Seq && h.key.Under(ks.key) {
			k.complete(e.Node, b, h)
		}
		h = next
	}
}

// complete takes what spread inputs have for h, and lets h run if it is whole;
// it reports whether it was.
//
// It is called whenever an input has come, and for a new wide one once per half. A half
// takes wide inputs only here, so that a half that is dropped before gives back what it
// has taken, and no more.
func (k *Core) complete(n *plan.Node, b *joinBuffer, h *half) bool {
	for i := range b.wide {
		w := &b.wide[i]
		if w.slot != h.slot || w.seq != h.seq || !h.key.Under(w.key) {
			continue
		}
		for in, m := range w.msgs {
			if m != nil && h.msgs[in] == nil {
				m.take(1)
				h.msgs[in], h.edges[in] = m, w.edges[in]
			}
		}
	}
	// Inputs are few: a loop over them is cheaper than a count that must be kept right in
	// several places.
	for in := range n.Fn.Ins {
		if h.msgs[in] == nil {
			return false
		}
	}
	// The half is out of the buffer before its item is in line: from here on it is
	// running work.
	it := item{ks: h.ks, rest: b.take(h)}
	it.edge, it.msg, it.stamp = h.lead()
	b.remove(h)
	*h = half{}
	b.halves = append(b.halves, h)
	k.inline.push(it)
	return true
}

// lead returns the first input that carries the key.
func (j *joined) lead() (*plan.Edge, *Message, *Stamp) {
	for i, c := range j.edges {
		if c != nil && !c.Wide {
			return c, j.msgs[i], j.stamps[i]
		}
	}
	return nil, nil, nil
}

// take returns a recycled set with the inputs of h.
func (b *joinBuffer) take(h *half) *joined {
	var j *joined
	if n := len(b.spare); n > 0 {
		j = b.spare[n-1]
		b.spare = b.spare[:n-1]
	} else {
		j = new(joined)
	}
	*j = h.joined
	return j
}

// remove takes h out and keeps the order of the rest.
func (b *joinBuffer) remove(h *half) {
	delete(b.byID, h.joinID)
	h.ks.held--
	l := &b.narrow
	if h.before != nil {
		h.before.after = h.after
	} else {
		l.first = h.after
	}
	if h.after != nil {
		h.after.before = h.before
	} else {
		l.last = h.before
	}
	l.n--
}

// recycle gives back a set whose messages have been released.
func (b *joinBuffer) recycle(j *joined) {
	*j = joined{}
	b.spare = append(b.spare, j)
}

// releaseRest gives up the inputs of a set.
func (k *Core) releaseRest(j *joined) {
	for _, m := range j.msgs {
		if m != nil {
			m.release(k.lane)
		}
	}
}

// expireJoins drops what waits since before the window. An input that is
// missing is late once the newest slot of its own kind, narrow or wide, is a
// window ahead: a spread input may come by another core, and lag or lead.
//
// Example with a window of 4: a half of slot 10 lacks its spread input. Narrow inputs of
// slot 14 do not end it, since the spread input may come by a slower way; a spread input
// of slot 14 does.
func (k *Core) expireJoins(n *plan.Node, b *joinBuffer) {
	window := n.Fn.Window()
	k.sweepJoins(n, b, func(h *half) bool {
		if h.ks == nil {
			return passed(h.slot, window, b.newest)
		}
		for i := range n.Fn.Ins {
			if newest := b.newest; h.msgs[i] == nil {
				if n.Wide[i] {
					newest = b.newestWide
				}
				if passed(h.slot, window, newest) {
					return true
				}
			}
		}
		return false
	})
}

// passed reports whether slots have come a window beyond one.
func passed(slot, window, newest base.Slot) bool {
	return newest >= slot && newest-slot >= window
}

// sweepJoins drops the halves for which old holds, except those that an edge
// has promised. A spread input is dropped without a count: a cell may have no
// UE in a slot.
func (k *Core) sweepJoins(n *plan.Node, b *joinBuffer, old func(*half) bool) {
	for h := b.narrow.first; h != nil; {
		next := h.after
		if !h.promised && old(h) {
			k.dropHalf(n, b, h)
		}
		h = next
	}
	kept := b.wide[:0]
	for i := range b.wide {
		if old(&b.wide[i]) {
			k.dropWide(&b.wide[i])
		} else {
			kept = append(kept, b.wide[i])
		}
	}
	// Messages that were released must not stay reachable behind the end of the list.
	clear(b.wide[len(kept):])
	b.wide = kept
}

// dropWide gives up a spread input, which is an input of its unit no more.
func (k *Core) dropWide(w *half) {
	for i, m := range w.msgs {
		if s := w.stamps[i]; s != nil {
			k.doneWith(w.edges[i].Node, k.state(w.key, w.key.KeyGroup()), m, s)
		}
	}
	k.releaseRest(&w.joined)
}

// dropOldestHalf makes room; what is promised stays.
func (k *Core) dropOldestHalf(n *plan.Node, b *joinBuffer) {
	for h := b.narrow.first; h != nil; h = h.after {
		if !h.promised {
			k.dropHalf(n, b, h)
			return
		}
	}
}

// dropHalf drops a half, counted once.
func (k *Core) dropHalf(n *plan.Node, b *joinBuffer, h *half) {
	b.remove(h)
	for _, c := range k.countsAt(n, h.key) {
		c.Dropped++
	}
	told := false
	for i, m := range h.msgs {
		if m != nil && !told {
			k.notice(NoticeDropped, h.edges[i], &m.Header, h.key, "no partner to join", nil)
			told = true
		}
		k.settled(n, h.ks, m, h.stamps[i])
	}
	k.releaseRest(&h.joined)
}

// wakeForJoin sets the alarm for a half's due time.
func (k *Core) wakeForJoin(n *plan.Node, ks *keyState, due base.Time) {
	if k.set.Mode == base.RealTime && due != base.Never {
		k.setTimer(timer{at: due, kind: timerJoin, node: n, ks: ks})
	}
}
