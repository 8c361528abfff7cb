// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// apart is a pair of nodes that have forgotten each other.
type apart struct{ one, other *Node }

// Forget lets two nodes forget each other, as [sfaas.Runtime.Disconnect] does at both ends,
// and links them again, both in the same life, when d has passed. What was on its way
// between them is lost, and so is what they send meanwhile. Only an image may still come,
// behind the new connection: no transport may do that, but the two survive it. Nothing
// happens if one is down, or they have forgotten each other already.
func (w *World) Forget(a, b *Node, d time.Duration) {
	if a == b || a.down || b.down || w.areApart(a, b) {
		return
	}
	w.breakCount++
	w.hist.note(w.now, fmt.Sprintf("nodes %d and %d forget each other for %v", a.id, b.id, d))
	w.part(a, b, w.now.Add(d))
	w.loseWay(a, b, d)
	for _, x := range [][2]*Node{{a, b}, {b, a}} {
		w.postAll(x[0], w.now, core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: x[1].id}, Err: sfaas.ErrUnlinked})
	}
}

// part lets nothing pass between two nodes until a moment, at which they are linked.
func (w *World) part(a, b *Node, until sfaas.Time) {
	pair := &apart{a, b}
	w.apart = append(w.apart, pair)
	w.At(until, func() {
		for i, x := range w.apart {
			if x == pair { // else one of them has begun another life, and is linked
				w.apart = append(w.apart[:i], w.apart[i+1:]...)
				w.greet(a, b)
				return
			}
		}
	})
}

// loseWay loses what is on its way between two nodes, in both directions.
func (w *World) loseWay(a, b *Node, d time.Duration) {
	var late []entry
	w.queue.remove(func(e *entry) bool {
		if e.core == nil || !((e.ev.From.Node == a.id && e.core.node == b) || (e.ev.From.Node == b.id && e.core.node == a)) {
			return false
		}
		switch ev := &e.ev; ev.Kind {
		case core.EventMessage:
			if ev.Stamp == nil {
				w.lost++
			}
			ev.Msg.Release()
		case core.EventSignal:
			if ev.Signal.Carried() != nil && w.chance(0.5) {
				late = append(late, *e)
			}
		case core.EventAck:
		default:
			return false
		}
		return true
	})
	for _, e := range late {
		e.at = w.now.Add(d + w.breakTime())
		w.queue.push(e)
	}
}

// Linked reports whether what one node says gets to another one.
func (w *World) Linked(a, b *Node) bool { return !a.down && !b.down && !w.areApart(a, b) }

// areApart reports whether two nodes have forgotten each other.
func (w *World) areApart(a, b *Node) bool {
	for _, x := range w.apart {
		if (x.one == a && x.other == b) || (x.one == b && x.other == a) {
			return true
		}
	}
	return false
}

// meetAgain lets the nodes that have forgotten one forget that: its life is over.
func (w *World) meetAgain(n *Node) {
	rest := w.apart[:0]
	for _, x := range w.apart {
		if x.one != n && x.other != n {
			rest = append(rest, x)
		}
	}
	w.apart = rest
}

// greet lets the cores of two nodes know that they are linked.
func (w *World) greet(n, x *Node) {
	w.postAll(n, w.now, core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: x.id}})
	w.postAll(x, w.now, core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: n.id}})
}
