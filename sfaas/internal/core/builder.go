// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Builder makes images, and the numbers beside them, of what somebody says that
// they consist of. It takes nothing that the machine could not have made: keys and
// messages belong to the unit, edges lead to whom they are said to lead. It changes
// no core; [Cores.Install] does, and a move that has an image.
//
// A Builder is for the goroutine that steps its core.
type Builder struct {
	app     *plan.App
	set     *Settings
	lane    *Lane // whose pools get the messages
	now     base.Time
	numbers Numbers
	sources []SourceState
	images  []*Image
	byID    map[plan.UnitID]*Image
	unit    *Image // of which we hear now
	insts   map[instanceID]*instance
}

// instanceID tells the instances of a graph apart.
type instanceID struct {
	node int
	key  base.Key
}

var errNoUnit = errors.New("belongs to no unit")

// NewBuilder returns a builder for a core at a moment, of about so many instances.
func (k *Core) NewBuilder(now base.Time, instances int) *Builder {
	return &Builder{
		app: k.app, set: k.set, lane: k.lane, now: now,
		numbers: Numbers{Sources: make([]uint64, len(k.app.Outlets)), Sent: make([]uint64, len(k.app.Nodes))},
		byID:    map[plan.UnitID]*Image{}, insts: make(map[instanceID]*instance, instances),
	}
}

// Images returns the images that have been made, in the order of their units.
func (b *Builder) Images() []*Image { return b.images }

// RaiseCounters says which [Numbers] tokens and batches have reached.
func (b *Builder) RaiseCounters(tokens, batches uint64) error {
	if tokens > tokenCount {
		return base.ErrInvalid
	}
	b.numbers.Tokens, b.numbers.Batches = max(b.numbers.Tokens, tokens), max(b.numbers.Batches, batches)
	return nil
}

// RaiseSource and RaiseSent say which [Numbers] of keys that have been forgotten a
// source and a function have reached.
func (b *Builder) RaiseSource(o *plan.Outlet, n uint64) {
	b.numbers.Sources[o.ID] = max(b.numbers.Sources[o.ID], n)
}

// RaiseSent is described at [Builder.RaiseSource].
func (b *Builder) RaiseSent(n *plan.Node, x uint64) {
	b.numbers.Sent[n.Index] = max(b.numbers.Sent[n.Index], x)
}

// AddSource notes how far a source has come.
func (b *Builder) AddSource(s SourceState) error {
	if !s.From.Source {
		return base.ErrInvalid
	}
	b.sources = append(b.sources, s)
	return nil
}

// Unit begins a unit, or goes on with one of which another core had a share. What
// follows belongs to it.
func (b *Builder) Unit(id plan.UnitID, epoch uint32, fence base.Slot) error {
	if !id.Part.Valid(id.Root) {
		return fmt.Errorf("%v is no root of part %s", id.Root, id.Part.Name)
	}
	b.unit = b.byID[id]
	if b.unit == nil {
		b.unit = &Image{UnitID: id}
		b.byID[id] = b.unit
		b.images = append(b.images, b.unit)
	}
	b.unit.Epoch, b.unit.Fence = max(b.unit.Epoch, epoch), max(b.unit.Fence, fence)
	return nil
}

// owns returns nil if a function at a key is of the unit.
func (b *Builder) owns(n *plan.Node, key base.Key) error {
	switch u := b.unit; {
	case u == nil:
		return errNoUnit
	case n.Part != u.Part || n.Part.Root(key) != u.Root:
		return fmt.Errorf("%s[%v] is not of unit %v", n.Fn.Name, key, u.Unit())
	}
	return nil
}

// Message returns a message of which the given is true. What it says of itself is
// not checked: who reads it knows what is written.
func (b *Builder) Message(s *MessageState) *Message {
	m := &Message{
		Header: s.Header, made: s.Made, body: s.Body, pool: b.lane.pools[s.From.ID], refs: 1, fn: s.Func, group: s.Key.KeyGroup(),
		reply: replyTo{call: s.Reply.Call, key: s.Reply.Key, port: s.Reply.Port, answer: s.Reply.Answer, err: s.Reply.Err},
	}
	if m.reply.port != 0 {
		m.reply.node = b.set.Node
	}
	if b.set.Paced && m.Due != base.Never {
		m.Due = b.set.Due(m.Slot, b.now)
	}
	m.size = m.measure()
	return m
}

// Instance returns an instance of the unit, new and with empty cells if need be.
func (b *Builder) Instance(n *plan.Node, key base.Key) (Instance, error) {
	if err := b.owns(n, key); err != nil {
		return Instance{}, err
	}
	id := instanceID{n.Index, key}
	inst := b.insts[id]
	if inst == nil {
		inst = newInstance(n)
		inst.ks = newKey(key)
		b.insts[id] = inst
		b.unit.insts = append(b.unit.insts, inst)
	}
	return Instance{inst}, nil
}

// newKey returns what an image knows about a key: its core takes it for that of
// its own.
func newKey(key base.Key) *keyState { return &keyState{key: key, group: key.KeyGroup()} }

// SetSent says up to which number it has given to messages and tokens.
func (x Instance) SetSent(n uint64) { x.i.sent = n }

// SetApplied says of which slot control has been applied at a port.
func (x Instance) SetApplied(port int, slot base.Slot) { x.i.rare().applied[port] = mark{slot, true} }

// SetSeen says how far it has come with a producer.
func (x Instance) SetSeen(w Watermark) { *x.i.rare().seen.at(w.MarkID) = w }

// AddWaiting lets data wait for its grant at an instance.
func (b *Builder) AddWaiting(x Instance, in *Inputs) error {
	n := x.i.node
	it, ok := in.item(n, x.i.ks)
	if !ok || n.Sink || it.edge.Kind != plan.PortData || (len(n.Fn.Ins) > 1) != (it.rest != nil) {
		return base.ErrInvalid
	}
	x.i.rare().waiting.push(it)
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
func (b *Builder) AddWork(w *Work) error {
	if err := b.owns(w.Node, w.Key); err != nil {
		return err
	}
	it, ok := w.Inputs.item(w.Node, newKey(w.Key))
	if !ok || w.Line > uint8(lineIngress) {
		return base.ErrInvalid
	}
	it.tries = w.Tries
	b.unit.waits = append(b.unit.waits, waitItem{it, line(w.Line)})
	return nil
}

// item returns the inputs of an invocation, which must be complete, as work of a
// core.
func (in *Inputs) item(n *plan.Node, ks *keyState) (it item, ok bool) {
	it = item{ks: ks}
	if !in.areOf(n) {
		return it, false
	}
	if x := in.Only(); x != nil { // also of a function that joins: it is on its way to that
		it.edge, it.msg, it.stamp = x.Edge, x.Msg, x.Stamp
		return it, true
	}
	for i := range n.Fn.Ins {
		if in[i].Msg == nil || in[i].Edge.Kind != plan.PortData {
			return it, false
		}
	}
	j := in.joined()
	it.rest = &j
	it.edge, it.msg, it.stamp = j.lead()
	return it, it.edge != nil
}

// areOf reports whether all inputs are on their way to a function, and there are
// any.
func (in *Inputs) areOf(n *plan.Node) bool {
	for i := range in {
		if in[i].Msg != nil && in[i].Edge.Node != n {
			return false
		}
	}
	return in.Len() > 0
}

func (in *Inputs) joined() (j joined) {
	for i, x := range in {
		j.msgs[i], j.edges[i], j.stamps[i] = x.Msg, x.Edge, x.Stamp
	}
	return j
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
	if b.set.Paced && h.due != base.Never {
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
	if s == nil || s.Func != 0 || e.Kind != plan.PortData && !e.Kind.Control() {
		return base.ErrInvalid
	}
	if err := b.owns(e.Node, x.Key); err != nil {
		return err
	}
	b.unit.pushed = append(b.unit.pushed, &keptEntry{stamp: s, edge: e, msg: x.Msg, key: x.Key})
	return nil
}
