// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// writeInputs writes the inputs of an invocation that are there.
//
// The count comes first. Which input each is follows from its edge.
func (w *writer) writeInputs(all *core.Inputs) {
	w.out = append(w.out, byte(all.Len()))
	for i := range all {
		if all[i].Msg != nil {
			w.writeInput(&all[i])
		}
	}
}

// writeInput writes one message and the edge on which it waits:
//
//	edge | outlet | header | stamp, if it has one | reply, if it is one or a call | payload
func (w *writer) writeInput(in *core.Input) {
	m := in.Msg.State()
	if m.From.Layout.Opaque != "" && w.err == nil {
		w.err = &base.PayloadError{Port: m.From.Name, Reason: m.From.Layout.Opaque}
	}
	w.uint(uint64(in.Edge.ID - 1))
	w.uint(uint64(m.From.ID))
	w.out = appendHeader(w.out, &m, w.now)
	// Only stamps of messages that others keep are written: those of this runtime's own
	// records mean nothing elsewhere.
	stamped := in.Stamp != nil && in.Stamp.Kept()
	w.out = base.AppendFlag(w.out, stamped)
	if s := in.Stamp; stamped {
		w.uint(uint64(s.Func))
		w.uint(uint64(s.Node))
		w.key(s.Source)
		w.uint(uint64(s.Epoch))
		w.uint(s.Count)
	}
	// An answer has no port: the edge says where it goes.
	w.out = base.AppendFlag(w.out, m.Reply.Call != 0)
	if x := &m.Reply; x.Call != 0 {
		w.uint(x.Call)
		w.key(x.Key)
		w.out = base.AppendFlag(w.out, x.Answer)
		w.uint(uint64(x.Port)) // 0 in an answer
		w.out = appendSavedError(w.out, x.Err)
		if w.moves {
			w.uint(uint64(x.Node))
		}
	}
	w.out = base.AppendFlag(w.out, m.Body != nil)
	if m.Body != nil {
		w.writePayload(in.Edge, &m)
	}
}

// appendHeader appends what a message says of itself.
//
// made is written as its distance from the slot, which is small; moments as what is left
// of them.
func appendHeader(b []byte, m *core.MessageState, now base.Time) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Node)), uint64(m.Epoch))
	b = binary.AppendUvarint(b, uint64(m.Func))
	b = m.Key.AppendBinary(m.Source.AppendBinary(b))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Slot)), uint64(m.Slot-m.Made))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Seq)), m.Index)
	return base.AppendMoment(binary.AppendUvarint(b, m.ID), m.Due, now)
}

// writePayload writes what a message carries, sealed if its consumer, or its
// producer, has Sealed cells.
//
// The size stands before the payload, so that who cannot read it could skip it. It is
// sealed as a whole, bound to edge, keys and number: a sealed payload that is moved to
// another message does not open.
func (w *writer) writePayload(e *plan.Edge, m *core.MessageState) {
	secret := e.Node.Fn.Sealed() || m.From.Producer(w.app).Sealed()
	b := base.AppendFlag(w.out, secret)
	at := len(b) + 4
	b = append(b, 0, 0, 0, 0)
	if w.err == nil {
		b = m.From.Layout.Encode(b, layout.DataOf(m.Body))
	}
	if secret {
		sealed := w.sealer.Seal(nil, b[at:], payloadLabel(w.names.Edges[e.ID-1], &m.Header))
		// The clear text must not stay in a buffer that is used again.
		clear(b[at:])
		b = append(b[:at], sealed...)
	}
	// The length is four bytes: a payload beyond that is an error of the snapshot, and
	// not of the message, which runs as before.
	if len(b)-at > math.MaxUint32 && w.err == nil {
		w.err = &base.SizeError{Port: m.From.Name, Bytes: len(b) - at, Limit: math.MaxUint32}
	}
	binary.LittleEndian.PutUint32(b[at-4:], uint32(len(b)-at))
	w.out = b
}

// payloadLabel ties sealed payload to its place.
func payloadLabel(edge string, h *base.Header) []byte {
	b := base.AppendString(nil, edge)
	b = h.Key.AppendBinary(h.Source.AppendBinary(b))
	return binary.AppendUvarint(binary.AppendUvarint(b, h.ID), h.Index)
}

// readInputs is the inverse of writeInputs.
func (p *reader) readInputs(r *base.Reader) (all core.Inputs) {
	// Two messages for one input cannot be.
	for range r.Limited(plan.MaxInputs) {
		if in := p.readInput(r); r.Err == nil && !all.Add(in) {
			r.Fail(base.ErrInvalid)
		}
	}
	return all
}

// readInput is the inverse of writeInput.
//
// The checks here are those of form; the builder checks whether the message belongs where
// it is said to be.
func (p *reader) readInput(r *base.Reader) (in core.Input) {
	// The raw number is kept for the label of sealed payload, which names the edge as its
	// writer did.
	place := r.Uint()
	e, o := p.index.Edge(r, place), p.index.Formed(r)
	m := core.MessageState{From: o}
	readHeader(r, p.index, &m, p.now)
	if r.Bool() {
		in.Stamp = &core.Stamp{Func: p.index.Function(r), Node: base.NodeID(r.Uint16()), Source: r.Key(), Epoch: r.Uint32(), Count: r.Uint()}
	}
	if r.Bool() {
		p.readReply(r, &m.Reply)
	}
	// The outlet's messages must be of the type that the edge carries: a payload read as
	// another type would be memory misread.
	if r.Err == nil && (o.Layout.Opaque != "" || !e.Takes(o)) {
		r.Fail(base.ErrInvalid)
	}
	// Without payload only an answer is possible, one that says why there is no result.
	if r.Bool() {
		p.readPayload(r, &m, place)
	} else if !m.Reply.Answer {
		r.Fail(base.ErrInvalid)
	}
	if r.Err != nil {
		return core.Input{}
	}
	if in.Stamp != nil {
		// A stamp is of the edge that the message is on: it is not written twice.
		in.Stamp.Edge = e.ID
	}
	in.Edge, in.Msg = e, p.b.Message(&m)
	return in
}

// readHeader is the inverse of appendHeader.
func readHeader(r *base.Reader, index *plan.Index, m *core.MessageState, now base.Time) {
	m.Node, m.Epoch, m.Func = base.NodeID(r.Uint16()), r.Uint32(), index.Function(r)
	m.Source, m.Key = r.Key(), r.Key()
	m.Slot = base.Slot(r.Uint())
	m.Made = m.Slot - base.Slot(r.Uint())
	m.Seq, m.Index, m.ID = r.Uint32(), r.Uint(), r.Uint()
	m.Due = r.Moment(now)
}

// readReply is the inverse of what writeInput has of a reply. A call of host code has a
// runtime and no port, one of a function a port and no runtime.
func (p *reader) readReply(r *base.Reader, x *core.Reply) {
	x.Call, x.Key, x.Answer = r.Uint(), r.Key(), r.Bool()
	port := r.Uint()
	x.Err = readSavedError(r)
	if p.calls {
		x.Node = base.NodeID(r.Uint16())
	}
	switch {
	case r.Err != nil:
	case x.Call == 0 || ((port == 0) != x.Answer && (port > 0 || x.Node == 0)):
		r.Fail(base.ErrInvalid)
	case port > 0:
		if e := p.index.Edge(r, port-1); e != nil && e.Kind == plan.PortReply {
			x.Port = e.ID
		} else {
			r.Fail(base.ErrInvalid)
		}
	}
}

// readPayload is the inverse of writePayload, for a message on the edge with a number.
func (p *reader) readPayload(r *base.Reader, m *core.MessageState, edge uint64) {
	secret, size := r.Bool(), r.Take(4)
	if r.Err != nil {
		return
	}
	content := r.Take(int(binary.LittleEndian.Uint32(size)))
	if r.Err != nil {
		return
	}
	if secret {
		// The label must be the one under which it was sealed: the edge as the writer
		// named it.
		plain, err := p.sealer.Open(nil, content, payloadLabel(p.index.Names.Edges[edge], &m.Header))
		if err != nil {
			r.Fail(fmt.Errorf("message of %s: %w", m.From.Name, err))
			return
		}
		content = plain
	}
	m.Body = m.From.Make()
	if rest, err := m.From.Layout.Decode(layout.DataOf(m.Body), content); err != nil || len(rest) != 0 {
		r.Fail(fmt.Errorf("message of %s: %w", m.From.Name, base.ErrInvalid))
		return
	}
	// Moments in the payload are moved from the writer's clock to ours.
	m.From.Layout.Shift(layout.DataOf(m.Body), p.moments().Shift())
}
