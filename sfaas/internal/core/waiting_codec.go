// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// writeItem writes the inputs of an item and the instance that they are for.
func (w *stateWriter) writeItem(it *item, key base.Key) {
	w.buf = key.AppendBinary(binary.AppendUvarint(w.buf, uint64(it.edge.Node.Index)))
	if it.rest != nil {
		w.writeInputs(it.rest)
		return
	}
	j := joined{}
	j.msgs[0], j.edges[0], j.stamps[0] = it.msg, it.edge, it.stamp
	w.writeInputs(&j)
}

// writeInputs writes the inputs that a joined set has.
func (w *stateWriter) writeInputs(j *joined) {
	w.buf = append(w.buf, byte(j.len()))
	for i, m := range j.msgs {
		if m != nil {
			w.writeInput(j.edges[i], m, j.stamps[i])
		}
	}
}

// len returns how many inputs there are.
func (j *joined) len() int {
	n := 0
	for _, m := range j.msgs {
		if m != nil {
			n++
		}
	}
	return n
}

// writeJoins writes what waits for a partner.
func (w *stateWriter) writeJoins(n *plan.Node, b *joinBuffer) {
	for h := b.narrow.first; h != nil; h = h.after {
		w.writeHalf(n, h)
		w.record(recordHalf)
	}
	for i := range b.wide {
		w.writeHalf(n, &b.wide[i])
		w.record(recordSpread)
	}
}

func (w *stateWriter) writeHalf(n *plan.Node, h *half) {
	w.buf = h.key.AppendBinary(binary.AppendUvarint(w.buf, uint64(n.Index)))
	w.buf = binary.AppendUvarint(binary.AppendUvarint(w.buf, uint64(h.slot)), uint64(h.seq))
	w.buf = base.AppendMoment(binary.AppendUvarint(w.buf, h.index), h.due, w.now)
	w.writeInputs(&h.joined)
}

// writeTimers writes delayed messages and calls without a reply, earliest
// first.
func (w *stateWriter) writeTimers(inst *instance) {
	for _, t := range inst.few.sorted() {
		if t.kind != timerSend && t.kind != timerCall {
			continue
		}
		w.buf = inst.ks.key.AppendBinary(binary.AppendUvarint(w.buf, uint64(inst.node.Index)))
		w.buf = base.AppendMoment(binary.AppendUvarint(w.buf, uint64(t.token)), t.at, w.now)
		if t.kind == timerSend {
			w.buf = t.key.AppendBinary(w.buf)
			w.writeInput(t.edge, t.msg, nil)
			w.record(recordDelayed)
			continue
		}
		port := inst.pendingPort(t.token)
		if port == nil { // answered
			w.buf = w.buf[:0]
			continue
		}
		w.buf = binary.AppendUvarint(binary.AppendUvarint(w.buf, uint64(t.slot)), uint64(port.ID-1))
		w.record(recordCall)
	}
}

// writeWait writes what waits in a line.
func (w *stateWriter) writeWait(x *waitItem) {
	if x.msg.fromHost() {
		return
	}
	w.buf = append(w.buf, byte(x.line), x.tries)
	w.writeItem(&x.item, x.ks.key)
	w.record(recordLine)
}

// writeKept writes a message that other units have not acknowledged.
func (w *stateWriter) writeKept(x *keptEntry) {
	w.buf = x.key.AppendBinary(w.buf)
	w.writeInput(x.edge, x.msg, x.stamp)
	w.record(recordKept)
}

// fromHost reports whether a message is a call that host code waits for.
func (m *Message) fromHost() bool { return m.reply.call != 0 && m.reply.port == 0 && !m.reply.answer }

// writeInput writes one message and the edge on which it waits. The payload is
// sealed if its consumer, or its producer, has Sealed cells.
func (w *stateWriter) writeInput(e *plan.Edge, m *Message, s *Stamp) {
	o := m.pool.from
	if o.Layout.Opaque != "" && w.err == nil {
		w.err = &base.PayloadError{Port: o.Name, Reason: o.Layout.Opaque}
	}
	b := binary.AppendUvarint(w.buf, uint64(e.ID-1))
	b = binary.AppendUvarint(b, uint64(o.ID))
	b = w.appendHeader(b, m)
	b = base.AppendFlag(b, s != nil)
	if s != nil {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Func)), uint64(s.Node))
		b = s.Source.AppendBinary(b)
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Epoch)), s.Count)
	}
	b = base.AppendFlag(b, m.reply.call != 0)
	if m.reply.call != 0 {
		b = base.AppendFlag(m.reply.key.AppendBinary(binary.AppendUvarint(b, m.reply.call)), m.reply.answer)
		b = binary.AppendUvarint(b, uint64(m.reply.port)) // 0 in an answer
		b = base.AppendString(b, errorText(m.reply.err))
	}
	b = base.AppendFlag(b, m.body != nil)
	if m.body == nil {
		w.buf = b
		return
	}
	secret := e.Node.Fn.Sealed() || o.Producer(w.app).Sealed()
	b = base.AppendFlag(b, secret)
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	if w.err == nil {
		b = o.Layout.Encode(b, bodyOf(m))
	}
	if secret {
		sealed := w.set.Sealer.Seal(nil, b[at+4:], messageLabel(w.names.Edges[e.ID-1], m))
		clear(b[at+4:])
		b = append(b[:at+4], sealed...)
	}
	if len(b)-at-4 > math.MaxUint32 && w.err == nil {
		w.err = &base.SizeError{Port: o.Name, Bytes: len(b) - at - 4, Limit: math.MaxUint32}
	}
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	w.buf = b
}

func (w *stateWriter) appendHeader(b []byte, m *Message) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Node)), uint64(m.Epoch))
	b = binary.AppendUvarint(b, uint64(m.fn))
	b = m.Key.AppendBinary(m.Source.AppendBinary(b))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Slot)), uint64(m.Slot-m.made))
	b = binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Seq)), m.Index), m.ID)
	return base.AppendMoment(b, m.Due, w.now)
}

// readInput is the inverse of writeInput.
func (p *stateParser) readInput(r *base.Reader) (*plan.Edge, *Message, *Stamp) {
	edge := r.Uint()
	e := p.index.Edge(r, edge)
	o := p.index.Formed(r)
	m := &Message{refs: 1}
	p.readHeader(r, m)
	var s *Stamp
	if r.Bool() {
		s = &Stamp{Func: p.index.Function(r), Node: base.NodeID(r.Uint16()), Source: r.Key(), Epoch: r.Uint32(), Count: r.Uint()}
	}
	if r.Bool() {
		p.readReply(r, m)
	}
	if r.Err == nil && (o.Layout.Opaque != "" || !e.Takes(o)) {
		r.Fail(base.ErrInvalid)
	}
	if r.Err != nil {
		return nil, nil, nil
	}
	if s != nil {
		s.Edge = e.ID
	}
	m.pool = &pool{from: o} // the core that takes it has the right one
	m.group = m.Key.KeyGroup()
	if !r.Bool() {
		if r.Err == nil && !m.reply.answer {
			r.Fail(base.ErrInvalid)
		}
		return e, m, s
	}
	p.readBody(r, m, o, edge)
	if r.Err != nil {
		return nil, nil, nil
	}
	return e, m, s
}

func (p *stateParser) readReply(r *base.Reader, m *Message) {
	m.reply.call, m.reply.key, m.reply.answer = r.Uint(), r.Key(), r.Bool()
	port := r.Uint()
	if text := r.Text(); text != "" {
		m.reply.err = errorFrom(text)
	}
	if r.Err != nil {
		return
	}
	if m.reply.call == 0 || (port == 0) != m.reply.answer {
		r.Fail(base.ErrInvalid)
		return
	}
	if port == 0 {
		return
	}
	if e := p.index.Edge(r, port-1); r.Err == nil {
		if e.Kind != plan.PortReply {
			r.Fail(base.ErrInvalid)
		}
		m.reply.port, m.reply.node = e.ID, p.set.Node
	}
}

func (p *stateParser) readBody(r *base.Reader, m *Message, o *plan.Outlet, edge uint64) {
	secret := r.Bool()
	size := r.Take(4)
	if r.Err != nil {
		return
	}
	content := r.Take(int(binary.LittleEndian.Uint32(size)))
	if r.Err != nil {
		return
	}
	if secret {
		plain, err := p.set.Sealer.Open(nil, content, messageLabel(p.index.Names.Edges[edge], m))
		if err != nil {
			r.Fail(fmt.Errorf("message of %s: %w", o.Name, err))
			return
		}
		content = plain
	}
	m.body = o.Make()
	if rest, err := o.Layout.Decode(bodyOf(m), content); err != nil || len(rest) != 0 {
		r.Fail(fmt.Errorf("message of %s: %w", o.Name, base.ErrInvalid))
		return
	}
	o.Layout.Shift(bodyOf(m), p.moments().Shift())
	m.size = m.measure()
}

// readInputs is the inverse of writeInputs, for inputs of one function.
func (p *stateParser) readInputs(r *base.Reader, n *plan.Node) (j joined) {
	for range r.Limited(plan.MaxInputs) {
		e, m, s := p.readInput(r)
		if r.Err != nil {
			return j
		}
		i := max(e.Input, 0)
		if e.Node != n || j.msgs[i] != nil {
			r.Fail(base.ErrInvalid)
			return j
		}
		j.msgs[i], j.edges[i], j.stamps[i] = m, e, s
	}
	return j
}

func (p *stateParser) readHeader(r *base.Reader, m *Message) {
	m.Node, m.Epoch, m.fn = base.NodeID(r.Uint16()), r.Uint32(), p.index.Function(r)
	m.Source, m.Key = r.Key(), r.Key()
	m.Slot = base.Slot(r.Uint())
	m.made = m.Slot - base.Slot(r.Uint())
	m.Seq, m.Index, m.ID = r.Uint32(), r.Uint(), r.Uint()
	m.Due = r.Moment(p.now)
	if p.set.Paced && m.Due != base.Never {
		m.Due = p.set.Due(m.Slot, p.now)
	}
}

// bodyOf returns the memory of a payload.
func bodyOf(m *Message) unsafe.Pointer { return layout.DataOf(m.body) }

// messageLabel ties sealed payload to its place.
func messageLabel(edge string, m *Message) []byte {
	b := base.AppendString(nil, edge)
	b = m.Key.AppendBinary(m.Source.AppendBinary(b))
	return binary.AppendUvarint(binary.AppendUvarint(b, m.ID), m.Index)
}
