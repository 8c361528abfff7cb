// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// What a network does to the steps of a hand-over between two disks is worse than what a
// transport may do: connections break under them, images are overtaken by what is sent
// later, and some are so late that their target has lived another life since.

// lateImage is an image that its target has not got before it crashed.
type lateImage struct {
	node *Node
	to   int // core
	ev   core.Event
}

// handOver brings a step of a hand-over to another node.
func (w *World) handOver(e *core.Effect, ev core.Event, at sfaas.Time) {
	n := w.nodes[e.To.Node-1]
	image := e.Signal.Carried() != nil
	switch {
	case n.silent: // nobody knows that there is no answer
		return
	case (n.down || w.areApart(n, w.nodes[ev.From.Node-1])) && image: // the unit stays where it is
		w.post(at, ev.From, e.Signal.Carried().Refused(sfaas.ErrClosed))
		return
	case n.down, w.areApart(n, w.nodes[ev.From.Node-1]):
		return
	case w.chance(w.cfg.Cut):
		w.cut(w.nodes[ev.From.Node-1], n, at)
		return
	}
	due := w.arrival(ev.From, e.To, at)
	if image && w.cfg.Bulk > 0 {
		due = due.Add(time.Duration(w.random.Int64N(int64(w.cfg.Bulk))))
	}
	w.post(due, e.To, ev)
}

// cut breaks the connection of two nodes: what is sent over it gets lost until both hear
// of the next one.
func (w *World) cut(a, b *Node, at sfaas.Time) {
	w.breakCount++
	until := at.Add(w.breakTime())
	for _, x := range [][2]*Node{{a, b}, {b, a}} {
		way := &w.broken[int(x[0].id-1)*len(w.nodes)+int(x[1].id-1)]
		*way = max(*way, until)
		if !x[0].down {
			w.postAll(x[0], until.Add(w.breakTime()), core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: x[1].id}})
		}
	}
}

// delayed keeps an image that is on its way to a node which has crashed, now and then.
func (w *World) delayed(n *Node, ev *core.Event) {
	if w.cfg.Bulk > 0 && ev.Kind == core.EventSignal && ev.Signal.HandsOver() && ev.Signal.Carried() != nil && w.chance(0.8) {
		w.late = append(w.late, lateImage{n, int(ev.Signal.Unit().Root.KeyGroup()), *ev})
	}
}

// arriveLate brings such images to the next life of the node.
func (w *World) arriveLate(n *Node) {
	rest := w.late[:0]
	for _, x := range w.late {
		if x.node != n {
			rest = append(rest, x)
			continue
		}
		at := w.now.Add(time.Duration(w.random.Int64N(int64(w.cfg.Bulk))))
		w.queue.push(entry{at: at, core: n.list[x.to%len(n.list)], ev: x.ev})
	}
	w.late = rest
}
