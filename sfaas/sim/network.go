// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// transmit brings a message to another core, or does to it what the faults
// say.
func (w *World) transmit(e *sfaas.Effect, from sfaas.Endpoint, at sfaas.Time) {
	delay := time.Duration(0)
	if from != e.To {
		delay = w.cfg.Link
	}
	ev := sfaas.Event{Kind: sfaas.EventMessage, Edge: e.Edge, Msg: e.Msg, Key: e.Key, From: from, Link: e.Link, Back: e.Back}
	f := w.faults[e.Edge-1]
	if f == nil {
		w.queue.push(entry{at: at.Add(delay), core: w.core(e.To), ev: ev})
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
		w.queue.push(entry{at: at.Add(delay + w.delay(f)), core: w.core(e.To), ev: ev})
	}
	w.queue.push(entry{at: at.Add(delay + w.delay(f)), core: w.core(e.To), ev: ev})
}

// acknowledge brings an acknowledgement back; it is lost as messages are.
func (w *World) acknowledge(e *sfaas.Effect, from sfaas.Endpoint, at sfaas.Time) {
	for i := range w.cfg.Faults {
		if w.chance(w.cfg.Faults[i].Loss) {
			w.lost++
			return
		}
	}
	ev := sfaas.Event{Kind: sfaas.EventAck, From: from, Link: e.Link}
	w.queue.push(entry{at: at.Add(w.cfg.Link), core: w.core(e.To), ev: ev})
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
