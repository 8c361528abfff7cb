// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// AddWaiting lets data wait for its grant at an instance.
//
// What waits is put where it waited, and not through the gate or the join again: those
// have decided already, and the order among what waits is part of the state.
func (b *Builder) AddWaiting(x Instance, in *Inputs) error {
	n := x.i.node
	it, ok := in.item(n, x.i.ks)
	if !ok || n.Sink || it.edge.Kind != plan.PortData || (len(n.Fn.Ins) > 1) != (it.rest != nil) {
		return base.ErrInvalid
	}
	x.i.rare().waiting.push(it)
	// The timer has no place in a heap: it gets one where the instance goes on.
	if b.set.Mode == base.RealTime && it.msg.Due != base.Never {
		x.i.rare().addTimer(&timer{at: it.msg.Due, place: -1, kind: timerGate})
	}
	return nil
}

// AddControl lets a control message wait for data of its slot at an instance.
func (b *Builder) AddControl(x Instance, in Input) error {
	f := x.i.rare()
	if in.Edge.Node != x.i.node || !in.Edge.Kind.Control() {
		return base.ErrInvalid
	}
	// Controls come in the order of their slots, as they were written.
	f.controls = append(f.controls, heldControl{in.Edge, in.Msg, in.Stamp})
	return nil
}

// AddSetting says which message of a setting an instance has applied last.
func (b *Builder) AddSetting(x Instance, in Input) error {
	f := x.i.rare()
	if in.Edge.Node != x.i.node || !in.Edge.Kind.Control() {
		return base.ErrInvalid
	}
	f.settings = append(f.settings, heldControl{edge: in.Edge, msg: in.Msg})
	return nil
}

// AddTimer says what an instance has asked for.
//
// A timer with a port is a call: its time is the timeout, and the call is open until
// then.
func (b *Builder) AddTimer(x Instance, t Timer) error {
	f := x.i.rare()
	if t.Port == nil {
		f.addTimer(&timer{at: t.At, token: t.Token, place: -1, kind: timerSend, edge: t.Edge, msg: t.Msg, key: t.Key})
		return nil
	}
	if t.Port.Node != x.i.node || t.Port.Kind != plan.PortReply {
		return base.ErrInvalid
	}
	f.calls = append(f.calls, pendingCall{t.Token, t.Port})
	f.addTimer(&timer{at: t.At, token: t.Token, place: -1, kind: timerCall, slot: t.Slot})
	return nil
}

// AddWork lets an invocation wait for its turn.
//
// Tries count: a message that has failed twice of three times has one try left, whoever
// owns the unit.
func (b *Builder) AddWork(w *Work) error {
	if err := b.owns(w.Node, w.Key); err != nil {
		return err
	}
	it, ok := w.Inputs.item(w.Node, newKey(w.Key))
	if !ok || w.Line > uint8(lineIngress) {
		return base.ErrInvalid
	}
	it.tries = w.Tries
	b.unit.waits = append(b.unit.waits, waitItem{item: it, line: line(w.Line)})
	return nil
}

// AddHalf lets inputs wait for a partner.
func (b *Builder) AddHalf(x *Half) error {
	if err := b.owns(x.Node, x.Key); err != nil {
		return err
	}
	h := &half{joined: x.Inputs.joined(), joinID: joinID{slot: x.Slot, seq: x.Seq, index: x.Index}, key: x.Key, due: x.Due}
	if len(x.Node.Fn.Ins) < 2 || !x.Inputs.areOf(x.Node) || !h.classify(x.Wide) {
		return base.ErrInvalid
	}
	// The timeline of this runtime says when the slot is due here.
	if b.set.Timeline != nil && h.due != base.Never {
		h.due = b.set.Due(h.slot, b.now)
	}
	u := b.unit
	if u.joins == nil {
		u.joins = make([]*joinBuffer, len(u.Part.Nodes))
	}
	at := &u.joins[x.Node.Place]
	if *at == nil {
		*at = &joinBuffer{}
	}
	(*at).restore(h, x.Wide)
	return nil
}

// classify works out what the inputs promise, and reports whether they can be a half,
// or, if wide, a spread input.
//
// A spread input by itself has spread edges only, a half at least one that carries its
// key: the two kinds must not be confused, since one belongs to a key and the other to
// all below it.
func (h *half) classify(wide bool) bool {
	spread, all := 0, 0
	for _, c := range h.edges {
		switch {
		case c == nil:
			continue
		case c.Kind != plan.PortData:
			return false
		case c.Wide:
			spread++
		default:
			h.promised = h.promised || c.Config.Guarantee != base.AtMostOnce
		}
		all++
	}
	return wide == (spread == all)
}

// restore adds a half that has been read; its core enters it in the index.
func (b *joinBuffer) restore(h *half, wide bool) {
	if !wide {
		h.ks = newKey(h.key)
		b.link(h)
		b.newest = max(b.newest, h.made())
		return
	}
	b.newestWide = max(b.newestWide, h.made())
	if !b.hasWide(h) {
		b.wide = append(b.wide, *h)
	}
}

// made returns how far slots had come with the inputs that a half has.
func (h *half) made() (slot base.Slot) {
	for _, m := range h.msgs {
		if m != nil {
			slot = max(slot, m.made)
		}
	}
	return slot
}

// AddKept lets the unit keep a message for another one.
//
// Only edges that cross a cut keep anything, and only if they promise. The entry's unit
// stands for a name until the core that takes it looks it up.
func (b *Builder) AddKept(x *Kept) error {
	s, e := x.Stamp, x.Edge
	if s == nil || s.Func == 0 || !e.Cross || e.Config.Guarantee == base.AtMostOnce {
		return base.ErrInvalid
	}
	if err := b.owns(b.app.Nodes[s.Func-1], s.Source); err != nil {
		return err
	}
	to := e.Node.Part
	b.unit.kept = append(b.unit.kept, &keptEntry{
		stamp: s, edge: e, msg: x.Msg, key: x.Key, to: &unit{UnitID: plan.UnitID{Part: to, Root: to.Root(x.Key)}},
	})
	return nil
}

// AddPushed says that a source has pushed a message for the unit, which the runtime
// keeps that took it.
func (b *Builder) AddPushed(x *Kept) error {
	s, e := x.Stamp, x.Edge
	if s == nil || s.Func != 0 || !e.From.Source {
		return base.ErrInvalid
	}
	if err := b.owns(e.Node, x.Key); err != nil {
		return err
	}
	b.unit.pushed = append(b.unit.pushed, &keptEntry{stamp: s, edge: e, msg: x.Msg, key: x.Key})
	return nil
}
