// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// joinLimit bounds the half-joined messages of one function on one core.
const joinLimit = 4096

// joined is the set of further inputs of a joined item, by input; the first
// one that carries the key is in the item itself.
type joined struct {
	msgs  [plan.MaxInputs]*Message
	edges [plan.MaxInputs]*plan.Edge
}

// half is a set of inputs of one (key, slot, sequence) that is not complete.
type half struct {
	joined
	ks    *keyState // nil for a spread input
	key   base.Key
	slot  base.Slot
	seq   uint32
	index uint64
	due   base.Time
	used  bool // a spread input that was joined at least once
}

// joinBuffer holds the halves of one function, oldest first.
type joinBuffer struct {
	narrow []half
	wide   []half
	spare  []*joined
	// newest slots of inputs that carry their own key, and of spread ones
	newest, newestWide base.Slot
}

// join adds an input that carries its own key.
func (k *Core) join(e *plan.Edge, m *Message, ks *keyState) {
	b := &k.halves[e.Node.Index]
	if m.Slot > b.newest {
		b.newest = m.Slot
		k.expireJoins(e.Node)
	}
	h := b.find(ks, m)
	if h == nil {
		if len(b.narrow) >= joinLimit {
			k.dropHalf(e.Node, 0)
		}
		b.narrow = append(b.narrow, half{ks: ks, key: ks.key, slot: m.Slot, seq: m.Seq, index: m.Index, due: m.Due})
		h = &b.narrow[len(b.narrow)-1]
		k.wakeForJoin(e.Node, m.Due)
	}
	if h.msgs[e.Input] != nil { // cannot happen on a well-formed graph; keep the newer
		k.drop(e, h.msgs[e.Input], ks.key, "repeated input of a join")
	}
	h.msgs[e.Input], h.edges[e.Input] = m, e
	k.complete(e.Node, h)
}

// arriveWide adds an input that goes to every key below its own.
func (k *Core) arriveWide(e *plan.Edge, m *Message, key base.Key) {
	b := &k.halves[e.Node.Index]
	if m.Slot > b.newestWide {
		b.newestWide = m.Slot
		k.expireJoins(e.Node)
	}
	if len(b.wide) >= joinLimit {
		k.releaseRest(&b.wide[0].joined)
		b.wide = append(b.wide[:0], b.wide[1:]...)
	}
	w := half{key: key, slot: m.Slot, seq: m.Seq, due: m.Due}
	w.msgs[e.Input], w.edges[e.Input] = m, e
	b.wide = append(b.wide, w)
	for i := 0; i < len(b.narrow); i++ {
		h := &b.narrow[i]
		if h.slot == m.Slot && h.seq == m.Seq && h.key.Under(key) {
			before := len(b.narrow)
			k.complete(e.Node, h)
			i -= before - len(b.narrow)
		}
	}
}

// complete takes what spread inputs have for h, and enqueues h if it is whole.
func (k *Core) complete(n *plan.Node, h *half) {
	b := &k.halves[n.Index]
	for i := range b.wide {
		w := &b.wide[i]
		if w.slot != h.slot || w.seq != h.seq || !h.key.Under(w.key) {
			continue
		}
		for in, m := range w.msgs {
			if m != nil && h.msgs[in] == nil {
				m.take(1)
				h.msgs[in], h.edges[in] = m, w.edges[in]
				w.used = true
			}
		}
	}
	for in := range n.Fn.Ins {
		if h.msgs[in] == nil {
			return
		}
	}
	it := item{ks: h.ks, rest: b.take(h)}
	it.edge, it.msg = h.lead()
	b.remove(h)
	k.inline.push(it)
}

// lead returns the first input that carries the key.
func (j *joined) lead() (*plan.Edge, *Message) {
	for i, c := range j.edges {
		if c != nil && !c.Wide {
			return c, j.msgs[i]
		}
	}
	return nil, nil
}

// find returns the half that m belongs to, or nil.
func (b *joinBuffer) find(ks *keyState, m *Message) *half {
	for i := range b.narrow {
		h := &b.narrow[i]
		if h.ks == ks && h.slot == m.Slot && h.seq == m.Seq && h.index == m.Index {
			return h
		}
	}
	return nil
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
	for i := range b.narrow {
		if &b.narrow[i] == h {
			b.narrow = append(b.narrow[:i], b.narrow[i+1:]...)
			return
		}
	}
}

// recycle gives back a set whose messages have been released.
func (b *joinBuffer) recycle(j *joined) {
	*j = joined{}
	b.spare = append(b.spare, j)
}

// releaseRest gives up the further inputs of an item.
func (k *Core) releaseRest(j *joined) {
	if j == nil {
		return
	}
	for _, m := range j.msgs {
		if m != nil {
			m.release(k.lane)
		}
	}
}

// expireJoins drops what waits since before the window. What an input misses
// is judged by the newest slot of inputs of its kind: a spread input may come
// by another core and lag behind, or run ahead.
func (k *Core) expireJoins(n *plan.Node) {
	b := &k.halves[n.Index]
	window := n.Fn.Window()
	k.sweepJoins(n, func(h *half) bool {
		if h.ks == nil {
			return h.slot+window <= b.newest
		}
		for i := range n.Fn.Ins {
			if newest := b.newest; h.msgs[i] == nil {
				if n.Wide[i] {
					newest = b.newestWide
				}
				if h.slot+window <= newest {
					return true
				}
			}
		}
		return false
	})
}

// sweepJoins drops the halves for which old holds. A spread input is dropped
// without a count: a cell may have no UE in a slot.
func (k *Core) sweepJoins(n *plan.Node, old func(*half) bool) {
	b := &k.halves[n.Index]
	for i := 0; i < len(b.narrow); {
		if old(&b.narrow[i]) {
			k.dropHalf(n, i)
		} else {
			i++
		}
	}
	kept := b.wide[:0]
	for i := range b.wide {
		if old(&b.wide[i]) {
			k.releaseRest(&b.wide[i].joined)
		} else {
			kept = append(kept, b.wide[i])
		}
	}
	clear(b.wide[len(kept):])
	b.wide = kept
}

// dropHalf drops half i, counted once.
func (k *Core) dropHalf(n *plan.Node, i int) {
	b := &k.halves[n.Index]
	h := b.narrow[i]
	b.narrow = append(b.narrow[:i], b.narrow[i+1:]...)
	k.stats[n.Index].Dropped++
	for _, m := range h.msgs {
		if m != nil {
			k.notice(NoticeDropped, n, &m.Header, h.key, "no partner to join", nil)
			break
		}
	}
	k.releaseRest(&h.joined)
}

// wakeForJoin sets the alarm for a half's due time.
func (k *Core) wakeForJoin(n *plan.Node, due base.Time) {
	if k.set.Mode == base.RealTime && due != base.Never {
		k.setTimer(timer{at: due, kind: timerJoin, node: n})
	}
}
