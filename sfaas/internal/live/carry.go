// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// carryOut does what the core has asked for.
//
// In the order in which the core has asked for them, one by one, before it steps again.
// Everything here posts or hands over, and waits for nobody: what would wait is asked for
// by an effect and answered by an event.
func (w *worker) carryOut() {
	w.lastAcks = w.lastAcks[:0]
	for i := range w.effects {
		e := &w.effects[i]
		switch e.Kind {
		case core.EffectSend:
			w.acks = e.To.Node != w.rt.set.Node && w.acknowledges(i, e.To.Node)
			w.deliver(e)
		// The engine in memory is no engine: its batches land in the same turn, without a
		// goroutine and without an allocation.
		case core.EffectCommit:
			if w.rt.set.InMemory() {
				w.landed = append(w.landed, e.Batch)
			} else {
				w.rt.set.Engine.Commit(&e.Batch.Record, e.Batch.Answer())
			}
		case core.EffectWake:
			// Only the earliest alarm counts; the core asks again for later ones.
			w.alarm = min(w.alarm, e.At)
		case core.EffectReply:
			w.rt.replyTo(e)
		case core.EffectNotice:
			w.rt.notify(e.Notice)
		case core.EffectTask:
			w.rt.workers[e.To.Core].post(core.Event{Kind: core.EventTask, Task: e.Task})
		case core.EffectTaskDone:
			w.rt.workers[e.To.Core].post(core.Event{Kind: core.EventTaskDone, Task: e.Task})
		case core.EffectAck:
			w.acknowledge(e)
		case core.EffectSignal:
			w.carrySignal(e)
		case core.EffectRoute:
			w.rt.routes.hear(e.Signal)
		case core.EffectMoved:
			e.Signal.Done(e.Err)
		default:
			panic(fmt.Sprintf("sfaas: no such effect: %d", e.Kind)) // a core and its shell are of one version
		}
		// What an effect refers to belongs to somebody else now.
		*e = core.Effect{}
	}
	if len(w.landed) > 0 {
		w.land()
	}
}

// lastAck is where the last acknowledgement to a runtime is among the effects, or -1.
type lastAck struct {
	node base.NodeID
	at   int
}

// acknowledges reports whether an acknowledgement to a runtime comes after an effect. The
// last one is looked for once: a step that sends again what was kept has 10⁵ effects.
func (w *worker) acknowledges(after int, node base.NodeID) bool {
	for _, a := range w.lastAcks {
		if a.node == node {
			return a.at > after
		}
	}
	at := len(w.effects) - 1
	for at > after && (w.effects[at].Kind != core.EffectAck || w.effects[at].To.Node != node) {
		at--
	}
	if at == after {
		at = -1
	}
	w.lastAcks = append(w.lastAcks, lastAck{node, at})
	return at > after
}

// land tells the core of the batches that the engine in memory has committed,
// without the way through the inbox that other engines' answers take.
//
// Landing may let outputs leave and handlers follow; those cannot make another batch
// before they have run, so that the list is safe to be used again.
func (w *worker) land() {
	landed := w.landed
	w.landed = nil // what follows from them makes no batch
	for i, b := range landed {
		landed[i] = nil
		w.effects = w.core.Step(&core.Event{Kind: core.EventCommitted, Batch: b, Offer: b.Offer(), Now: w.core.Now()}, w.effects[:0])
		w.carryOut()
	}
	w.landed = landed[:0]
}

// deliver brings a message to another worker, here or on a linked runtime. If
// that has closed meanwhile, the message is lost, counted, unless it is kept.
//
// A message that is kept is released here without a word: its core sends it again when
// there is a link.
func (w *worker) deliver(e *core.Effect) {
	r := w.rt
	var err error = base.ErrClosed
	if e.To.Node == r.set.Node {
		if r.workers[e.To.Core].post(w.message(e)) {
			return
		}
	} else if to := r.peer(e.To.Node); to != nil {
		if err = to.message(w, e); err == nil {
			return
		}
	}
	w.core.CountUndelivered(e)
	if e.Stamp == nil {
		w.core.CountLost(e)
		if r.set.OnNotice != nil {
			at := base.Address{Function: r.app.Edges[e.Edge-1].Node.Fn.Name, Key: e.Key}
			reason := "its owner has closed"
			if err != base.ErrClosed {
				reason = err.Error()
			}
			r.set.OnNotice(core.Notice{Kind: core.NoticeDropped, At: at, Header: e.Msg.Header, Reason: reason, Err: err})
		}
	}
	e.Msg.Release()
}

// message returns the event that brings a message to another core.
func (w *worker) message(e *core.Effect) core.Event {
	return core.Event{Kind: core.EventMessage, Edge: e.Edge, Msg: e.Msg, Key: e.Key, Epoch: e.Epoch, From: w.core.Self(), Stamp: e.Stamp}
}

// carrySignal brings a signal to the cores that it is for.
//
// An image that cannot be delivered is a unit without a place: the sender hears of it as
// of a refusal, and takes it back.
func (w *worker) carrySignal(e *core.Effect) {
	r := w.rt
	if e.To.Node == base.AllNodes {
		for _, to := range r.peers() {
			to.signal(w, e.To, e.Signal)
		}
		return
	}
	sent := false
	if e.To.Node == r.set.Node {
		ev := core.Event{Kind: core.EventSignal, Signal: e.Signal, From: w.core.Self()}
		if sent = true; e.To.IsAll() {
			r.postAll(ev)
		} else {
			sent = r.workers[e.To.Core].post(ev)
		}
	} else if to := r.peer(e.To.Node); to != nil {
		sent = to.signal(w, e.To, e.Signal)
	}
	if m := e.Signal.Carried(); !sent && m != nil { // the unit stays here
		w.post(m.Refused(base.ErrClosed))
	}
}

// acknowledge brings an acknowledgement to its producer's runtime.
//
// Without a link the acknowledgement is lost. The producer's side will ask, or send
// again.
func (w *worker) acknowledge(e *core.Effect) {
	if e.To.Node == w.rt.set.Node {
		w.rt.workers[e.To.Core].post(core.Event{Kind: core.EventAck, Stamp: e.Stamp, Waits: e.Waits})
	} else if to := w.rt.peer(e.To.Node); to != nil {
		to.acknowledge(e)
	}
}

// replyTo answers a call of host code.
func (r *Runtime) replyTo(e *core.Effect) {
	if e.To.Node == r.set.Node {
		r.reply(e.Call, e.Msg, e.Err)
	} else if to := r.peer(e.To.Node); to != nil {
		to.reply(e)
	} else if e.Msg != nil {
		e.Msg.Release()
	}
}

// batchDone turns the answer to a batch into an event.
func (r *Runtime) batchDone(b *core.Batch, offer uint32, err error) {
	r.workers[b.From.Core].post(core.Event{Kind: core.EventCommitted, Batch: b, Offer: offer, Err: err})
}

// notify logs a fault and passes the notice on.
//
// A fault is logged always, whoever listens: it is a mistake in the program. Other
// notices belong to the radio, and are counted.
func (r *Runtime) notify(n *core.Notice) {
	if n.Kind == core.NoticeFault {
		attrs := []any{"function", n.At.Function, "key", n.At.Key.String(), "slot", uint64(n.Header.Slot)}
		if f := (*base.Fault)(nil); errors.As(n.Err, &f) { // the line names the rest already
			attrs = append(attrs, "err", f.Cause())
		}
		if p := (*base.PanicError)(nil); errors.As(n.Err, &p) {
			attrs = append(attrs, "stack", p.Stack)
		}
		r.set.Logger.Warn("sfaas: handler failed", attrs...)
	}
	if r.set.OnNotice != nil {
		r.set.OnNotice(*n)
	}
}
