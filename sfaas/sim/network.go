// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// transmit brings a message to another core. Within a node nothing is lost and
// nothing overtaken. Between two nodes there is a connection that keeps the
// order and may break, as the faults say: what is sent is lost then, until there
// is a new one. The sender's cores hear of that a little later; what they send in
// between has a gap before it.
func (w *World) transmit(e *core.Effect, from core.Endpoint, at sfaas.Time) {
	ev := core.Event{Kind: core.EventMessage, Edge: e.Edge, Msg: e.Msg, Key: e.Key, Epoch: e.Epoch, From: from, Stamp: e.Stamp}
	f := w.faults[e.Edge-1]
	apart := w.areApart(w.nodes[from.Node-1], w.nodes[e.To.Node-1])
	if !apart && (f == nil || from.Node == e.To.Node) {
		w.post(w.arrival(from, e.To, at), e.To, ev)
		return
	}
	if apart || w.breaks(from.Node, e.To.Node, f.Loss, at) {
		if e.Stamp == nil {
			w.lost++
		}
		w.hist.lost(at, e)
		e.Msg.Release()
		return
	}
	due := at.Add(w.delay(f))
	if w.chance(f.Double) && e.Stamp != nil {
		e.Msg.Hold()
		w.post(w.arrival(from, e.To, due), e.To, ev)
	}
	w.post(w.arrival(from, e.To, due), e.To, ev)
}

// acknowledge brings an acknowledgement back; it is lost as messages are.
func (w *World) acknowledge(e *core.Effect, from core.Endpoint, at sfaas.Time) {
	if w.areApart(w.nodes[from.Node-1], w.nodes[e.To.Node-1]) {
		return
	}
	if from.Node != e.To.Node {
		for i := range w.cfg.Faults {
			if w.breaks(e.To.Node, from.Node, w.cfg.Faults[i].Loss, at) { // of what it acknowledges
				return
			}
		}
	}
	w.post(w.arrival(from, e.To, at), e.To, core.Event{Kind: core.EventAck, From: from, Stamp: e.Stamp, Waits: e.Waits})
}

// signal brings a signal to the cores that it is for.
func (w *World) signal(e *core.Effect, from core.Endpoint, at sfaas.Time) {
	ev := core.Event{Kind: core.EventSignal, Signal: e.Signal, From: from}
	if e.Signal.HandsOver() && e.To.Node != from.Node {
		w.handOver(e, ev, at)
		return
	}
	for _, n := range w.nodes {
		switch {
		case e.To.Node == base.AllNodes && n.id == from.Node, e.To.Node != base.AllNodes && n.id != e.To.Node:
		case n.silent: // nobody knows that there is no answer
		case n.down, w.areApart(n, w.nodes[from.Node-1]):
			if m := e.Signal.Carried(); m != nil { // the unit stays where it is
				w.post(at, from, m.Refused(sfaas.ErrClosed))
			}
		case e.To.IsAll():
			w.postAll(n, w.arrival(from, core.Endpoint{Node: n.id}, at), w.byBytes(ev, n))
		default:
			w.post(w.arrival(from, e.To, at), e.To, ev)
		}
	}
}

// breaks reports whether something is lost on the connection from one node to
// another: it is broken, or breaks now with probability p.
func (w *World) breaks(node, to sfaas.NodeID, p float64, at sfaas.Time) bool {
	broken := &w.broken[int(node-1)*len(w.nodes)+int(to-1)]
	if at < *broken {
		return true
	}
	if !w.chance(p) {
		return false
	}
	w.breakCount++
	*broken = at.Add(w.breakTime())
	if n := w.nodes[node-1]; !n.down {
		w.postAll(n, broken.Add(w.breakTime()), core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: to}})
	}
	return true
}

// breakTime draws how long it takes to hear of a break.
func (w *World) breakTime() time.Duration {
	return time.Duration(w.random.Int64N(int64(10*w.cfg.Link + w.cfg.Spread)))
}

// post brings an event to a core, unless its node is down. Cores of other nodes go
// by the group of a key.
func (w *World) post(at sfaas.Time, to core.Endpoint, ev core.Event) {
	n := w.nodes[to.Node-1]
	if !n.down {
		w.queue.push(entry{at: at, core: n.list[to.Core%len(n.list)], ev: w.byBytes(ev, n)})
		return
	}
	if ev.Msg != nil {
		if ev.Stamp == nil {
			w.lost++
		}
		ev.Msg.Release()
	}
}

// postAll brings an event to all cores of a node.
func (w *World) postAll(n *Node, at sfaas.Time, ev core.Event) {
	for _, c := range n.list {
		w.queue.push(entry{at: at, core: c, ev: ev})
	}
}

// arrival returns when something that leaves at a moment arrives: never before what
// has left for the same node earlier.
func (w *World) arrival(from, to core.Endpoint, at sfaas.Time) sfaas.Time {
	if from.Node == to.Node {
		if from.Core == to.Core {
			return at
		}
		return at.Add(w.cfg.Link)
	}
	way := int(from.Node-1)*len(w.nodes) + int(to.Node-1)
	due := max(at.Add(w.ways[way]), w.newest[way])
	w.newest[way] = due
	return due
}

func (w *World) delay(f *Fault) time.Duration {
	d := f.Delay
	if f.Jitter > 0 {
		d += time.Duration(w.random.Int64N(int64(f.Jitter)))
	}
	return d
}

// chance returns true with probability p. It draws only if there is a choice.
func (w *World) chance(p float64) bool { return p > 0 && w.random.Float64() < p }
