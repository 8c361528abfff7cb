// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Run runs until nothing is left to happen.
func (w *World) Run() { w.RunUntil(sfaas.Never) }

// Halt ends the world: nothing happens any more.
func (w *World) Halt() { w.halted = true }

// HaltAfter ends the world with the event of that number, see [World.Events], and
// calls f. It serves a test whose world may run away, even within one moment; a
// later call replaces the bound.
func (w *World) HaltAfter(event uint64, f func()) { w.bound, w.onBound = event, f }

// RunFor runs for d of virtual time.
func (w *World) RunFor(d time.Duration) { w.RunUntil(w.now.Add(d)) }

// RunUntil runs until the virtual clock reaches t or nothing is left to
// happen. Handlers run on a goroutine of their own, so that one that calls
// runtime.Goexit ends its invocation and not the test. A handler that blocks
// for ever blocks the world.
func (w *World) RunUntil(t sfaas.Time) {
	for done := false; !done; {
		ch := make(chan struct{})
		go func() {
			defer close(ch)
			if c := w.cur; c != nil { // the last goroutine ended in a handler
				w.cur = nil
				w.step(c, core.Event{Kind: core.EventFault, Err: sfaas.ErrGoexit})
			}
			w.loop(t)
			done = true
		}()
		<-ch
	}
	if t != sfaas.Never {
		w.now = max(w.now, t)
	}
}

func (w *World) loop(until sfaas.Time) {
	for w.queue.len() > 0 && w.queue.first() <= until && !w.halted {
		if w.bound > 0 && w.Events() >= w.bound {
			w.Halt()
			w.onBound()
			return
		}
		e := w.queue.pop()
		w.now = max(w.now, e.at)
		if e.call != nil {
			e.call()
			continue
		}
		if e.ev.Kind == core.EventRun {
			e.core.runs = false
		}
		if e.ev.Kind == core.EventTimer {
			if e.at != e.core.alarm {
				continue // replaced by an earlier one
			}
			e.core.alarm = sfaas.Never
		}
		if e.ev.Kind == core.EventCommitted && e.core.node.storage == nil {
			w.engine.tell(&e.ev)
		}
		w.step(e.core, e.ev)
	}
}

// step lets a core handle an event and carries out the effects when the
// declared cost of what ran has passed.
func (w *World) step(c *seat, ev core.Event) {
	ev.Now = w.now
	if ev.Kind == core.EventPeer {
		ev.Life = w.nodes[ev.From.Node-1].set.Incarnation
	}
	if w.cfg.Bugs.ClockStep() && w.hist.count%2000 == 1999 {
		ev.Now = w.now.Add(time.Hour)
	}
	w.hist.event(w.now, c, &ev, w.edges)
	w.cur = c
	ran := true
	if w.held && ev.Kind == core.EventRun {
		w.eff, ran = c.core.RunHeld(ev.Now, w.eff[:0])
	} else {
		w.eff = c.core.Step(&ev, w.eff[:0])
	}
	w.cur = nil
	if cost := c.core.Cost(); cost > 0 {
		c.busy = w.now.Add(cost)
	}
	end := max(w.now, c.busy) // what happens while a handler runs, a core sees behind it
	for i := range w.eff {
		w.carryOut(c, &w.eff[i], end)
	}
	if !c.runs && ((c.core.Ready() && ran) || end > w.now) {
		c.runs = true
		w.queue.push(entry{at: max(w.now, c.busy), core: c, ev: core.Event{Kind: core.EventRun}})
	}
}

// carryOut does what a core has asked for, at time at.
func (w *World) carryOut(c *seat, e *core.Effect, at sfaas.Time) {
	post := func(to core.Endpoint, ev core.Event) {
		ev.From = c.self
		w.post(w.arrival(c.self, to, at), to, ev)
	}
	switch e.Kind {
	case core.EffectSend:
		w.transmit(e, c.self, at)
	case core.EffectCommit:
		if c.node.storage != nil {
			w.store(e.Batch, c, at)
		} else {
			w.engine.commit(e.Batch, c, at)
		}
	case core.EffectWake:
		c.alarm = min(c.alarm, max(e.At, w.now)) // a timer that has been moved may be overdue
		w.queue.push(entry{at: c.alarm, core: c, ev: core.Event{Kind: core.EventTimer}})
	case core.EffectReply:
		w.reply(e)
	case core.EffectNotice:
		c.node.notice(w, e.Notice)
	case core.EffectTask:
		post(e.To, core.Event{Kind: core.EventTask, Task: e.Task})
	case core.EffectTaskDone:
		post(e.To, core.Event{Kind: core.EventTaskDone, Task: e.Task})
	case core.EffectAck:
		w.acknowledge(e, c.self, at)
	case core.EffectSignal:
		w.signal(e, c.self, at)
	case core.EffectRoute:
		c.node.hear(e.Signal)
	case core.EffectMoved:
		e.Signal.Done(e.Err)
	default:
		panic(fmt.Sprintf("sim: no such effect: %d", e.Kind)) // a core and its shell are of one version
	}
}
