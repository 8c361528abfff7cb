// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// transmit brings a message to another core, or does to it what the faults
// say.
func (w *World) transmit(e *core.Effect, from core.Endpoint, at sfaas.Time) {
	delay := w.between(from, e.To)
	ev := core.Event{Kind: core.EventMessage, Edge: e.Edge, Msg: e.Msg, Key: e.Key, From: from, Link: e.Link, Back: e.Back}
	f := w.faults[e.Edge-1]
	if f == nil {
		w.post(at.Add(delay), e.To, ev)
		return
	}
	if w.chance(f.Loss) {
		w.lost++
		w.hist.lost(at, e)
		e.Msg.Release()
		return
	}
	if w.chance(f.Double) && e.Link != 0 {
		e.Msg.Hold()
		w.post(at.Add(delay+w.delay(f)), e.To, ev)
	}
	w.post(at.Add(delay+w.delay(f)), e.To, ev)
}

// acknowledge brings an acknowledgement back; it is lost as messages are.
func (w *World) acknowledge(e *core.Effect, from core.Endpoint, at sfaas.Time) {
	for i := range w.cfg.Faults {
		if w.chance(w.cfg.Faults[i].Loss) {
			w.lost++
			return
		}
	}
	ev := core.Event{Kind: core.EventAck, From: from, Link: e.Link}
	w.post(at.Add(w.between(from, e.To)), e.To, ev)
}

// post brings an event to a core, unless its node is down.
func (w *World) post(at sfaas.Time, to core.Endpoint, ev core.Event) {
	n := w.nodes[to.Node-1]
	if !n.down {
		w.queue.push(entry{at: at, core: n.list[to.Core], ev: ev})
		return
	}
	if ev.Msg != nil {
		w.lost++
		ev.Msg.Release()
	}
}

// between returns the delay from one core to another: none to itself, and of its
// own for every pair of nodes, so that what goes round by a third one may be
// overtaken, and nothing on one way is.
func (w *World) between(from, to core.Endpoint) time.Duration {
	switch {
	case from == to:
		return 0
	case from.Node == to.Node:
		return w.cfg.Link
	}
	return w.ways[int(from.Node-1)*len(w.nodes)+int(to.Node-1)]
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
