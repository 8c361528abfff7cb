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

// What a message frame has beside what each has.
const (
	hasStamp   = 1 << iota // its sender keeps it
	hasReply               // it is a call, or an answer
	hasPayload             // all but answers without a result
	isSealed               // its payload is sealed
	hasOutlet              // it comes from another outlet than the edge does
	hasKey                 // its consumer is at another key than its own
	hasApart               // elements of large tensors follow the content
)

// MessageRoom is about how many bytes a message takes in a frame beside its payload.
const MessageRoom = 320

// AppendMessage appends the content of a message frame:
//
//	flags | edge | outlet | key | epoch | header | stamp | reply | size, uint32 | payload
//
// The payload is sealed if its consumer, or its producer, has Sealed cells. If it is not,
// the elements of large tensors are not copied: their memory is added to apart, and
// follows the content, each piece at a multiple of 64 bytes, see [base.Frame.Borrow].
//
// What is equal to what the edge implies is left out, and a flag says so. Numbers are of
// variable length, and the receiver knows the names from the hello.
func (w *Wire) AppendMessage(b []byte, e *core.Effect, now base.Time, apart [][]byte) ([]byte, [][]byte, error) {
	edge, m := w.app.Edges[e.Edge-1], e.Msg.State()
	if m.From.Layout.Opaque != "" {
		return b, nil, &base.PayloadError{Port: m.From.Name, Reason: m.From.Layout.Opaque}
	}
	// The flags come first and are known last: their byte is filled in at the end.
	at := len(b)
	b = append(b, 0)
	flags := byte(0)
	b = binary.AppendUvarint(b, uint64(e.Edge-1))
	// Most messages come by the outlet of their edge, and go to the key that they have:
	// both are left out.
	if m.From != edge.From {
		flags |= hasOutlet
		b = binary.AppendUvarint(b, uint64(m.From.ID))
	}
	// The key of the consumer differs where a function sends by reference or forwards.
	if e.Key != m.Key {
		flags |= hasKey
		b = e.Key.AppendBinary(b)
	}
	b = binary.AppendUvarint(b, uint64(e.Epoch))
	b = appendHeader(b, &m, now)
	if e.Stamp != nil && e.Stamp.Kept() {
		flags |= hasStamp
		b = appendStamp(b, e.Stamp)
	}
	if m.Reply.Call != 0 {
		flags |= hasReply
		b = appendReply(b, &m.Reply)
	}
	if m.Body != nil {
		flags |= hasPayload
		// Secrecy is a property of functions, known at both ends: a message on such an
		// edge is sealed whatever the transport does.
		if edge.Node.Fn.Sealed() || w.secret[m.From.ID] {
			flags |= isSealed
			b = w.appendPayload(b, &m, w.names.Edges[e.Edge-1], true)
		} else {
			// The size counts what is in the content. How large pieces apart are follows
			// from the shapes in it.
			head := len(b) + 4
			b = m.From.Layout.EncodeApart(append(b, 0, 0, 0, 0), layout.DataOf(m.Body), &apart)
			binary.LittleEndian.PutUint32(b[head-4:], uint32(min(len(b)-head, math.MaxUint32)))
		}
	}
	if len(apart) > 0 {
		flags |= hasApart
	}
	b[at] = flags
	return b, apart, nil
}

// appendStamp appends a stamp but for its edge, which the frame has.
//
// It has all by which a consumer counts: the producer and its number, who keeps the
// message now, and which one was kept before it.
func appendStamp(b []byte, s *core.Stamp) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Func)), uint64(s.Node))
	b = binary.AppendUvarint(s.Source.AppendBinary(b), uint64(s.Epoch))
	b = binary.AppendUvarint(binary.AppendUvarint(b, s.Count), uint64(s.Via))
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.PrevEpoch)), s.Prev)
}

// appendReply appends where the answer to a call goes, or that the message is one.
func appendReply(b []byte, x *core.Reply) []byte {
	b = x.Key.AppendBinary(binary.AppendUvarint(b, x.Call))
	b = binary.AppendUvarint(base.AppendFlag(b, x.Answer), uint64(x.Port))
	return appendError(binary.AppendUvarint(b, uint64(x.Node)), x.Err)
}

// appendPayload appends the size and the bytes of what a message carries.
func (w *Wire) appendPayload(b []byte, m *core.MessageState, edge string, secret bool) []byte {
	at := len(b) + 4
	b = m.From.Layout.Encode(append(b, 0, 0, 0, 0), layout.DataOf(m.Body))
	if secret {
		// Sealed here and opened there: in between nobody can read it, the transport
		// included.
		sealed := w.set.Sealer.Seal(nil, b[at:], payloadLabel(edge, &m.Header))
		clear(b[at:])
		b = append(b[:at], sealed...)
	}
	binary.LittleEndian.PutUint32(b[at-4:], uint32(min(len(b)-at, math.MaxUint32)))
	return b
}

// ReadMessage reads a message frame, which it takes, and returns the event that brings the
// message to the core of its key. Large tensors of the message lie over the frame.
//
// Steps, of which each may refuse the frame before anything is allocated for it:
//
//  1. Flags and edge; an edge about which the two ends disagree has its reason ready.
//  2. Outlet, key, epoch, header, stamp, reply.
//  3. What cannot be: a call that is no call, an answer at another port, clear text
//     where it has to be sealed.
//  4. A message from the pool, and the payload into it, checked against the size limit.
//  5. Nothing may be left over.
func (p *Peer) ReadMessage(f *base.Frame, in *core.Intake, now base.Time) (core.Event, error) {
	r := base.Reader{Src: f.Bytes()[frameHead:]}
	apart := len(r.Src) > 0 && r.Src[0]&hasApart != 0
	ev, err := p.readMessage(&r, in, now, f, apart)
	// A message without elements apart has copied everything; otherwise it keeps the
	// frame, and returns it with itself.
	if ev.Msg == nil || !apart {
		f.Release()
	}
	if err == nil {
		return ev, nil
	}
	if ev.Msg != nil {
		ev.Msg.Release()
	}
	return core.Event{}, frameError(frameName(FrameMessage), err)
}

// readMessage reads what AppendMessage wrote, field by field. Until the message is
// drafted nothing has to be given back after an error.
func (p *Peer) readMessage(r *base.Reader, in *core.Intake, now base.Time, f *base.Frame, apart bool) (ev core.Event, err error) {
	flags := r.Byte()
	e, number := p.edge(r)
	if r.Err != nil {
		return ev, r.Err
	}
	m := core.MessageState{From: e.From}
	if flags&hasOutlet != 0 {
		if m.From = p.index.Formed(r); r.Err == nil && !e.Takes(m.From) {
			r.Fail(base.ErrInvalid)
		}
	}
	var key base.Key
	if flags&hasKey != 0 {
		key = r.Key()
	}
	ev = core.Event{Kind: core.EventMessage, Edge: e.ID, Epoch: r.Uint32(), From: core.Endpoint{Node: p.Node}}
	readHeader(r, p.index, &m, now)
	if ev.Key = m.Key; flags&hasKey != 0 {
		ev.Key = key
	}
	if flags&hasStamp != 0 {
		ev.Stamp = p.readStamp(r, e)
	}
	if flags&hasReply != 0 {
		p.readReply(r, &m.Reply)
	}
	// A message of a type without an encoding cannot have been sent.
	if r.Err != nil || m.From.Layout.Opaque != "" {
		r.Fail(base.ErrInvalid)
		return ev, r.Err
	}
	// Only an answer may come without payload, and then it says why there is none; an
	// answer goes to a port for replies and nowhere else.
	payload := flags&hasPayload != 0
	if !payload && (!m.Reply.Answer || m.Reply.Err == nil || e.Kind != plan.PortReply) {
		return ev, base.ErrInvalid
	}
	if m.Reply.Answer && e.Kind != plan.PortReply {
		return ev, base.ErrInvalid
	}
	// Whether it has to be sealed is asked of the functions here, since the flag is the
	// sender's word.
	secret := flags&isSealed != 0 || e.Node.Fn.Sealed() || p.secret[m.From.ID]
	if apart && (!payload || secret) {
		return ev, base.ErrInvalid
	}
	ev.Msg = in.Blank(m.From, payload)
	// Where elements lie apart the message's tensors point into the frame, which then
	// lives as long as the message.
	switch {
	case apart:
		ev.Msg.LieOver(f)
		m.Body = ev.Msg.Body()
		p.readApart(r, &m, f.Bytes(), in.MaxMessage())
	case payload:
		m.Body = ev.Msg.Body()
		p.readPayload(r, &m, p.index.Names.Edges[number], secret, in.MaxMessage())
	}
	in.Fill(ev.Msg, &m, now)
	return ev, r.End()
}

// readStamp reads a stamp of a message on an edge. A producer that is not known here
// cannot be told from a source, so nothing of it is taken.
//
// Of a stamp everything matters: taken under a wrong producer, the mark of another would
// rise.
func (p *Peer) readStamp(r *base.Reader, e *plan.Edge) *core.Stamp {
	before := r.Src
	s := &core.Stamp{Edge: e.ID, Func: p.index.Function(r), Node: base.NodeID(r.Uint16()), Source: r.Key(), Epoch: r.Uint32(), Count: r.Uint(), Via: r.Uint32()}
	s.PrevEpoch, s.Prev = r.Uint32(), r.Uint()
	if r.Err == nil && s.Func == 0 && before[0] != 0 {
		r.Fail(fmt.Errorf("no such function %q", p.index.Names.Nodes[(&base.Reader{Src: before}).Uint()-1]))
	}
	return s
}

func (p *Peer) readReply(r *base.Reader, x *core.Reply) {
	x.Call, x.Key, x.Answer = r.Uint(), r.Key(), r.Bool()
	port := r.Uint()
	x.Node, x.Err = base.NodeID(r.Uint16()), readError(r)
	switch {
	case r.Err != nil:
	case x.Call == 0, x.Answer && port > 0, !x.Answer && x.Node == 0:
		r.Fail(base.ErrInvalid)
	case port > 0:
		e := p.index.Edge(r, port-1)
		if e == nil || e.Kind != plan.PortReply {
			r.Fail(base.ErrInvalid)
			return
		}
		x.Port = e.ID
	}
}

// readPayload reads what a message carries into its body. What has to be sealed is
// not taken in clear.
//
// The receiver decides what has to be sealed, and not the flag: a peer that sends in
// clear is refused.
func (p *Peer) readPayload(r *base.Reader, m *core.MessageState, edge string, secret bool, limit int) {
	size := r.Take(4)
	if r.Err != nil {
		return
	}
	content := r.Take(int(binary.LittleEndian.Uint32(size)))
	if r.Err != nil {
		return
	}
	if secret {
		plain, err := p.set.Sealer.Open(nil, content, payloadLabel(edge, &m.Header))
		if err != nil {
			r.Fail(fmt.Errorf("message of %s: %w", m.From.Name, err))
			return
		}
		content = plain
	}
	body, lay := layout.DataOf(m.Body), m.From.Layout
	if rest, err := lay.Decode(body, content); err != nil || len(rest) != 0 {
		r.Fail(fmt.Errorf("message of %s: %w", m.From.Name, base.ErrInvalid))
		return
	}
	lay.Shift(body, p.shift)
	// Small bytes may decode to a large value: the limit is asked of the value.
	if n := lay.Measure(body); n > limit {
		r.Fail(&base.SizeError{Port: m.From.Name, Bytes: n, Limit: limit})
	}
}

// readApart reads what a message carries, with the elements of large tensors where they
// are, behind the content of the frame.
//
// What lies apart must end exactly with the frame: pieces that overlap or leave a gap are
// refused by the walk.
func (p *Peer) readApart(r *base.Reader, m *core.MessageState, frame []byte, limit int) {
	size := r.Take(4)
	if r.Err != nil {
		return
	}
	content := r.Take(int(binary.LittleEndian.Uint32(size)))
	if r.Err != nil {
		return
	}
	apart := layout.Pieces{Frame: frame, At: len(frame) - len(r.Src)}
	body, lay := layout.DataOf(m.Body), m.From.Layout
	rest, err := lay.DecodeApart(body, content, &apart)
	if err != nil || len(rest) != 0 || apart.At != len(frame) {
		r.Fail(fmt.Errorf("message of %s: %w", m.From.Name, base.ErrInvalid))
		return
	}
	r.Src = nil
	lay.Shift(body, p.shift)
	if n := lay.Measure(body); n > limit {
		r.Fail(&base.SizeError{Port: m.From.Name, Bytes: n, Limit: limit})
	}
}

// AppendAck appends the content of an acknowledgement: waits | edge | stamp.
//
// An acknowledgement has the whole stamp, since the sender finds its entry by that.
func (w *Wire) AppendAck(b []byte, s *core.Stamp, waits bool) []byte {
	return appendStamp(binary.AppendUvarint(base.AppendFlag(b, waits), uint64(s.Edge-1)), s)
}

// ReadAck is the inverse of [Wire.AppendAck].
func (p *Peer) ReadAck(content []byte) (core.Event, error) {
	r := base.Reader{Src: content}
	waits := r.Bool()
	e, _ := p.edge(&r)
	if r.Err != nil {
		return core.Event{}, frameError(frameName(FrameAck), r.Err)
	}
	s := p.readStamp(&r, e)
	return core.Event{Kind: core.EventAck, Stamp: s, Waits: waits}, frameError(frameName(FrameAck), r.End())
}

// AppendReply appends the content of the answer to a call of host code: call | error |
// outlet and payload, if there is a result.
func (w *Wire) AppendReply(b []byte, e *core.Effect) ([]byte, error) {
	b = appendError(binary.AppendUvarint(b, e.Call), e.Err)
	b = base.AppendFlag(b, e.Msg != nil)
	if e.Msg == nil {
		return b, nil
	}
	m := e.Msg.State()
	if m.From.Layout.Opaque != "" {
		return b, &base.PayloadError{Port: m.From.Name, Reason: m.From.Layout.Opaque}
	}
	b = appendHeader(binary.AppendUvarint(b, uint64(m.From.ID)), &m, 0)
	b = base.AppendFlag(b, w.secret[m.From.ID])
	return w.appendPayload(b, &m, "reply", w.secret[m.From.ID]), nil
}

// ReadReply is the inverse of [Wire.AppendReply].
func (p *Peer) ReadReply(content []byte, in *core.Intake, now base.Time) (call uint64, msg *core.Message, outcome, err error) {
	r := &base.Reader{Src: content}
	call, outcome = r.Uint(), readError(r)
	if r.Bool() && r.Err == nil {
		m := core.MessageState{From: p.index.Formed(r)}
		readHeader(r, p.index, &m, now)
		secret := r.Bool()
		if r.Err == nil {
			msg = in.Blank(m.From, true)
			m.Body, m.Due = msg.Body(), base.Never
			p.readPayload(r, &m, "reply", secret || p.secret[m.From.ID], in.MaxMessage())
			in.Fill(msg, &m, now)
		}
	}
	if err = r.End(); err != nil && msg != nil {
		msg.Release()
		msg = nil
	}
	return call, msg, outcome, frameError(frameName(FrameReply), err)
}
