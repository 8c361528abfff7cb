// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// timer is something that a core does later. It belongs to an instance, or to a
// function alone.
//
// Three kinds of owners decide where a timer goes when a unit moves: those of an instance
// travel with it, out of the heap and into another one; those of a function's joins are
// set anew from the halves; those of a unit or a batch concern this core alone.
type timer struct {
	at    base.Time
	order uint64 // ties are broken by age
	place int    // in the heap
	spot  int    // among those of the instance
	kind  timerKind
	node  *plan.Node
	ks    *keyState
	inst  *instance
	token base.Token
	slot  base.Slot
	edge  *plan.Edge
	msg   *Message
	key   base.Key
	batch *Batch
	unit  *unit // of timerMove
	move  *Move
}

type timerKind uint8

const (
	timerSend  timerKind = iota // a delayed message leaves
	timerCall                   // a call has not been answered
	timerGate                   // data has waited for its grant until its due time
	timerJoin                   // a half has waited until its due time
	timerRetry                  // offer a refused batch again
	timerFlush                  // changes of a unit have waited for a record
	timerMove                   // the slot for which a move waits is due
)

// timerHeap is a binary heap by (at, order).
//
// Invariants: items[i].place is i; a timer that is out of the heap has place −1; of two
// timers that are due at one moment the older one fires first, so that one sequence of
// events has one sequence of effects.
type timerHeap struct {
	items []*timer
	free  []*timer
	next  uint64
	wake  base.Time // last alarm that the shell was asked for; 0 is none
}

// make returns a timer with the given content.
func (h *timerHeap) make(t timer) *timer {
	n := len(h.free)
	if n == 0 {
		x := new(timer)
		*x = t
		return x
	}
	x := h.free[n-1]
	h.free = h.free[:n-1]
	*x = t
	return x
}

// recycle takes back a timer that nobody knows any more.
func (h *timerHeap) recycle(t *timer) {
	*t = timer{}
	h.free = append(h.free, t)
}

func (h *timerHeap) less(i, j int) bool {
	a, b := h.items[i], h.items[j]
	return a.at < b.at || (a.at == b.at && a.order < b.order)
}

func (h *timerHeap) swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.items[i].place, h.items[j].place = i, j
}

// up moves a timer towards the root until its parent is not later.
func (h *timerHeap) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !h.less(i, p) {
			return
		}
		h.swap(i, p)
		i = p
	}
}

// down moves a timer towards the leaves until no child is earlier.
func (h *timerHeap) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(h.items) {
			return
		}
		if c+1 < len(h.items) && h.less(c+1, c) {
			c++
		}
		if !h.less(c, i) {
			return
		}
		h.swap(i, c)
		i = c
	}
}

// push enters a timer, younger than all others.
func (h *timerHeap) push(t *timer) {
	h.next++
	t.order, t.place = h.next, len(h.items)
	h.items = append(h.items, t)
	h.up(t.place)
}

// remove takes a timer out, of its instance too.
func (h *timerHeap) remove(t *timer) {
	// The last one takes the place, and may belong further down or further up: one of the
	// two moves does nothing.
	i, last := t.place, len(h.items)-1
	h.swap(i, last)
	h.items[last] = nil
	h.items = h.items[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
	switch {
	case t.inst != nil:
		t.inst.few.dropTimer(t)
		t.inst.unit.timers--
	case t.ks != nil:
		t.ks.held--
	}
}

// cancel takes out the timer of a token of an instance; nil if there is none.
func (h *timerHeap) cancel(inst *instance, token base.Token) *timer {
	if inst.few == nil {
		return nil
	}
	t := inst.few.timerOf(token)
	if t != nil {
		h.remove(t)
	}
	return t
}

// fewTimers is the number up to which an instance searches its timers one by
// one.
const fewTimers = 16

// addTimer lets the instance know a timer. A handler that cancels has a token: a few
// timers are searched for it, many are indexed.
func (f *instanceFew) addTimer(t *timer) {
	t.spot = len(f.timers)
	f.timers = append(f.timers, t)
	if t.token == 0 {
		return
	}
	switch {
	case f.tokens != nil:
		f.tokens[t.token] = t
	case len(f.timers) > fewTimers:
		f.tokens = map[base.Token]*timer{}
		for _, x := range f.timers {
			if x.token != 0 {
				f.tokens[x.token] = x
			}
		}
	}
}

// dropTimer is its inverse; the last timer takes the place.
func (f *instanceFew) dropTimer(t *timer) {
	last := len(f.timers) - 1
	f.timers[t.spot] = f.timers[last]
	f.timers[t.spot].spot = t.spot
	f.timers[last] = nil
	f.timers = f.timers[:last]
	if f.tokens != nil && t.token != 0 {
		delete(f.tokens, t.token)
	}
	if last == 0 {
		f.tokens = nil
	}
}

// timerOf returns the timer of a token, nil if there is none.
func (f *instanceFew) timerOf(token base.Token) *timer {
	if f.tokens != nil {
		return f.tokens[token]
	}
	for _, t := range f.timers {
		if t.token == token {
			return t
		}
	}
	return nil
}

// sorted returns the timers of an instance, earliest first.
func (f *instanceFew) sorted() []*timer {
	all := slices.Clone(f.timers)
	slices.SortFunc(all, func(a, b *timer) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	return all
}

// setTimer adds a timer and asks the shell for an alarm if it is the first.
func (k *Core) setTimer(t timer) {
	x := k.timers.make(t)
	if x.ks != nil {
		x.ks.held++
	}
	k.timers.push(x)
	k.askWake()
}

// setInstanceTimer is setTimer for one that goes with an instance.
func (k *Core) setInstanceTimer(inst *instance, t timer) {
	x := k.timers.make(t)
	x.inst, x.node, x.ks = inst, inst.node, inst.ks
	inst.rare().addTimer(x)
	inst.unit.timers++
	k.timers.push(x)
	k.askWake()
}

// askWake asks the shell for an alarm at the earliest timer, unless it has been asked for
// an earlier one: that comes first, and asks again.
func (k *Core) askWake() {
	h := &k.timers
	if len(h.items) == 0 {
		return
	}
	if at := h.items[0].at; h.wake == 0 || at < h.wake {
		h.wake = at
		k.effect(Effect{Kind: EffectWake, At: at})
	}
}

// fireTimers does what is due. Handlers run later, through the lines. What
// belongs to a unit that is stopping waits for the image: it is due there.
func (k *Core) fireTimers() {
	k.timers.wake = 0
	// All that is due fires in one step, in order. What follows goes into lines, and runs
	// in later steps.
	for len(k.timers.items) > 0 && k.timers.items[0].at <= k.now {
		t := k.timers.items[0]
		if t.inst != nil && t.inst.unit.phase != unitHere {
			k.timers.remove(t)
			t.inst.few.addTimer(t) // out of the heap, and with the instance still
			t.place = -1
			continue
		}
		k.timers.remove(t)
		k.fire(t)
		k.timers.recycle(t)
	}
	k.askWake()
}

// fire does what a timer was set for. It is out of the heap by then, so that it may be
// set again from here.
func (k *Core) fire(t *timer) {
	switch t.kind {
	case timerSend:
		t.msg.Due, t.msg.Epoch = k.set.DueAfter(k.now), t.inst.unit.epoch // it is made now, by this owner
		if k.recordsOf(t.node.Part) {
			k.fireRecorded(t)
			break
		}
		k.route(t.edge, t.msg, t.key, nil, t.inst)
	case timerCall:
		k.callTimeout(t)
	// Data that waits longer than its due time is dropped, whichever grant is missing.
	case timerGate:
		k.expireGate(t.node, t.ks)
	case timerJoin:
		if b := k.joinsOf(t.node, t.ks); b.narrow.n+len(b.wide) > 0 {
			k.sweepJoins(t.node, b, func(h *half) bool { return h.due <= k.now })
		}
	case timerFlush:
		t.unit.busy().changes.timed = false
		k.flushes--
		k.flush(t.unit)
	// The engine has refused the first record of a unit's line; the others follow when it
	// lands.
	case timerRetry:
		k.offerAgain(t.batch)
	case timerMove:
		k.slotCame(t.unit, t.move)
	}
}

// fireRecorded lets a delayed message leave when it is recorded that it does.
func (k *Core) fireRecorded(t *timer) {
	u := t.inst.unit
	w := k.changes(u)
	// One record says that the timer has fired and what has left: after a crash it has
	// either done both or neither.
	w.writes = k.rec.NoTimer(w.writes, Instance{t.inst}, t.token)
	b := k.bareBatch(u, t.node, t.ks)
	b.Outbox = append(b.Outbox, Outgoing{Edge: t.edge.ID, Msg: t.msg, Key: t.key})
	k.commit(b, item{})
}

// callTimeout tells the caller that no reply came. The port takes the message
// as it takes a reply, so that a later reply is dropped.
func (k *Core) callTimeout(t *timer) {
	port := t.inst.pendingPort(t.token)
	if port == nil {
		return
	}
	m := &Message{pool: k.lane.pools[port.From.ID]}
	m.Key, m.Source, m.Slot, m.Due = t.ks.key, t.ks.key, t.slot, base.Never
	m.group = t.ks.group
	// The message looks like an answer, so that the port has one way to hear of an end:
	// whichever comes first closes the call.
	m.reply = replyTo{call: uint64(t.token), err: base.ErrTimeout, answer: true}
	m.refs = 1
	k.within(port, m, t.ks.key, t.ks, nil, fromWork)
}

// pendingPort returns the port at which the reply to a call is awaited, or nil.
func (i *instance) pendingPort(t base.Token) *plan.Edge {
	if i.few == nil {
		return nil
	}
	for _, c := range i.few.calls {
		if c.token == t {
			return c.port
		}
	}
	return nil
}
