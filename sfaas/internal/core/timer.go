// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// timer is something that a core does later.
type timer struct {
	at    base.Time
	order uint64 // ties are broken by age
	kind  timerKind
	node  *plan.Node
	ks    *keyState
	token base.Token
	slot  base.Slot
	edge  *plan.Edge
	msg   *Message
	key   base.Key
	batch *Batch
}

type timerKind uint8

const (
	timerSend   timerKind = iota // a delayed message leaves
	timerCall                    // a call has not been answered
	timerGate                    // data has waited for its grant until its due time
	timerJoin                    // a half has waited until its due time
	timerCommit                  // look for commits without an answer
	timerRetry                   // offer a refused batch again
	timerLink                    // look for messages without acknowledgement
)

// timerHeap is a binary heap by (at, order).
type timerHeap struct {
	items []timer
	next  uint64
	wake  base.Time // last alarm that the shell was asked for; 0 is none
}

func (h *timerHeap) less(i, j int) bool {
	a, b := &h.items[i], &h.items[j]
	return a.at < b.at || (a.at == b.at && a.order < b.order)
}

func (h *timerHeap) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !h.less(i, p) {
			return
		}
		h.items[i], h.items[p] = h.items[p], h.items[i]
		i = p
	}
}

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
		h.items[i], h.items[c] = h.items[c], h.items[i]
		i = c
	}
}

func (h *timerHeap) removeAt(i int) timer {
	t, last := h.items[i], len(h.items)-1
	h.items[i] = h.items[last]
	h.items[last] = timer{}
	h.items = h.items[:last]
	if t.ks != nil {
		t.ks.timers--
	}
	if i < last {
		h.down(i)
		h.up(i)
	}
	return t
}

// remove takes out the timer of a token.
func (h *timerHeap) remove(t base.Token, ks *keyState, n *plan.Node) (timer, bool) {
	for i := range h.items {
		if x := &h.items[i]; x.token == t && x.ks == ks && x.node == n {
			return h.removeAt(i), true
		}
	}
	return timer{}, false
}

// takeAll takes out the timers for which f holds, earliest first.
func (h *timerHeap) takeAll(f func(t *timer) bool) []timer {
	var taken []timer
	kept := h.items[:0]
	for i := range h.items {
		if t := &h.items[i]; f(t) {
			taken = append(taken, *t)
			if t.ks != nil {
				t.ks.timers--
			}
		} else {
			kept = append(kept, *t)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	clear(h.items[len(kept):])
	h.items = kept
	for i := len(kept)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	sortTimers(taken)
	return taken
}

func sortTimers(t []timer) {
	slices.SortFunc(t, func(a, b timer) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
}

// setTimer adds a timer and asks the shell for an alarm if it is the first.
func (k *Core) setTimer(t timer) {
	h := &k.timers
	h.next++
	t.order = h.next
	if t.ks != nil {
		t.ks.timers++
	}
	h.items = append(h.items, t)
	h.up(len(h.items) - 1)
	k.askWake()
}

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

// fireTimers does what is due. Handlers run later, through the ready queue.
func (k *Core) fireTimers() {
	k.timers.wake = 0
	for len(k.timers.items) > 0 && k.timers.items[0].at <= k.now {
		k.fire(k.timers.removeAt(0))
	}
	k.askWake()
}

func (k *Core) fire(t timer) {
	switch t.kind {
	case timerSend:
		k.send(t.edge, t.msg, t.key, nil)
	case timerCall:
		k.callTimeout(t)
	case timerGate:
		k.expireGate(t.node, t.ks)
	case timerJoin:
		k.sweepJoins(t.node, func(h *half) bool { return h.due <= k.now })
	case timerCommit:
		k.sweepCommits()
	case timerRetry:
		if k.pending(t.batch) {
			k.effect(Effect{Kind: EffectCommit, Batch: t.batch})
		}
	case timerLink:
		k.resend()
	}
}

// callTimeout tells the caller that no reply came. The port takes the message
// as it takes a reply, so that a later reply is dropped.
func (k *Core) callTimeout(t timer) {
	port := pendingPort(&t)
	if port == nil {
		return
	}
	m := &Message{pool: k.lane.pools[port.From.ID]}
	m.Key, m.Source, m.Slot, m.Due = t.ks.key, t.ks.key, t.slot, base.Never
	m.reply = replyTo{call: uint64(t.token), err: base.ErrTimeout, answer: true}
	m.refs = 1
	k.send(port, m, t.ks.key, t.ks)
}
