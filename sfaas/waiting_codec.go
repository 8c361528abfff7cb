// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// writeWaiting writes data that waits for its grant, all inputs of it.
func (k *Core) writeWaiting(s *snapshotWriter, it *item) {
	if it.msg.fromHost() {
		return
	}
	s.buf = binary.AppendUvarint(s.buf, uint64(it.conn.node.index))
	s.buf = it.ks.key.AppendBinary(s.buf)
	if it.rest == nil {
		j := joined{}
		j.msgs[0], j.conns[0] = it.msg, it.conn
		k.writeInputs(s, &j)
	} else {
		k.writeInputs(s, it.rest)
	}
	s.record(recordWaiting)
}

// writeInputs writes the inputs that a joined set has.
func (k *Core) writeInputs(s *snapshotWriter, j *joined) {
	s.buf = append(s.buf, byte(j.len()))
	for i, m := range j.msgs {
		if m != nil {
			k.writeInput(s, j.conns[i], m)
		}
	}
}

// writeHalves writes what waits for a partner. Every core has its own copy of
// a spread input: it is written once.
func (k *Core) writeHalves(s *snapshotWriter) {
	for _, n := range k.app.nodes {
		b := &k.halves[n.index]
		for i := range b.narrow {
			if h := &b.narrow[i]; k.owned[n.index].routes[h.ks.group].owner == k.self.Node {
				k.writeHalf(s, n, h)
				s.record(recordHalf)
			}
		}
		for i := range b.wide {
			h := &b.wide[i]
			if id := h.id(); !s.spread[id] {
				s.spread[id] = true
				k.writeHalf(s, n, h)
				s.record(recordSpread)
			}
		}
	}
}

func (k *Core) writeHalf(s *snapshotWriter, n *node, h *half) {
	s.buf = h.key.AppendBinary(binary.AppendUvarint(s.buf, uint64(n.index)))
	s.buf = binary.AppendUvarint(binary.AppendUvarint(s.buf, uint64(h.slot)), uint64(h.seq))
	s.buf = appendMoment(binary.AppendUvarint(s.buf, h.index), h.due, k.now)
	k.writeInputs(s, &h.joined)
}

// id returns what tells a spread input from others.
func (h *half) id() spreadID {
	for _, c := range h.conns {
		if c != nil {
			return spreadID{c.id, h.key, h.slot, h.seq}
		}
	}
	return spreadID{}
}

// writeTimers writes delayed messages and calls without a reply, earliest
// first.
func (k *Core) writeTimers(s *snapshotWriter) {
	timers := slices.Clone(k.timers.items)
	sortTimers(timers)
	for i := range timers {
		t := &timers[i]
		if t.kind != timerSend && t.kind != timerCall {
			continue
		}
		s.buf = t.ks.key.AppendBinary(binary.AppendUvarint(s.buf, uint64(t.node.index)))
		s.buf = appendMoment(binary.AppendUvarint(s.buf, uint64(t.token)), t.at, k.now)
		if t.kind == timerSend {
			s.buf = t.key.AppendBinary(s.buf)
			k.writeInput(s, t.conn, t.msg)
			s.record(recordDelayed)
			continue
		}
		port := pendingPort(t)
		if port == nil { // answered
			s.buf = s.buf[:0]
			continue
		}
		s.buf = binary.AppendUvarint(binary.AppendUvarint(s.buf, uint64(t.slot)), uint64(port.id-1))
		s.record(recordCall)
	}
}

// pendingPort returns the port at which the reply to a timer's call is
// awaited, or nil.
func pendingPort(t *timer) *conn {
	inst := t.ks.insts[t.node.index]
	if inst == nil {
		return nil
	}
	for _, c := range inst.calls {
		if c.token == t.token {
			return c.port
		}
	}
	return nil
}

// fromHost reports whether a message is a call that host code waits for.
func (m *Message) fromHost() bool { return m.reply.call != 0 && m.reply.port == 0 && !m.reply.answer }

// writeInput writes one message and the edge on which it waits. The payload is
// sealed if its consumer, or its producer, has Sealed cells.
func (k *Core) writeInput(s *snapshotWriter, e *conn, m *Message) {
	o := m.pool.from
	if o.lay.opaque != "" && s.err == nil {
		s.err = &PayloadError{Port: o.name, Reason: o.lay.opaque}
	}
	b := binary.AppendUvarint(s.buf, uint64(e.id-1))
	b = binary.AppendUvarint(b, uint64(o.id))
	b = k.appendHeader(b, m)
	b = appendFlag(b, m.reply.call != 0)
	if m.reply.call != 0 {
		b = m.reply.key.AppendBinary(binary.AppendUvarint(b, m.reply.call))
		b = binary.AppendUvarint(b, uint64(m.reply.port-1))
	}
	secret := e.node.fn.sealed() || o.producer(k.app).sealed()
	b = appendFlag(b, secret)
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	if s.err == nil {
		b = o.lay.encode(b, bodyOf(m))
	}
	if secret {
		sealed := k.set.sealer.Seal(nil, b[at+4:], messageLabel(s.names.edges[e.id-1], m))
		clear(b[at+4:])
		b = append(b[:at+4], sealed...)
	}
	if len(b)-at-4 > math.MaxUint32 && s.err == nil {
		s.err = &SizeError{Port: o.name, Bytes: len(b) - at - 4, Limit: math.MaxUint32}
	}
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	s.buf = b
}

func (k *Core) appendHeader(b []byte, m *Message) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Node)), uint64(m.Epoch))
	b = m.Key.AppendBinary(m.Source.AppendBinary(b))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Slot)), uint64(m.Seq))
	b = binary.AppendUvarint(binary.AppendUvarint(b, m.Index), m.ID)
	return appendMoment(b, m.Due, k.now)
}

// readInput is the inverse of writeInput.
func (p *snapshotParser) readInput(r *wireReader) (*conn, *Message) {
	edge := r.uint()
	e := p.index.edge(r, edge)
	o := p.index.formed(r)
	m := &Message{refs: 1}
	p.readHeader(r, m)
	if r.bool() {
		m.reply.call, m.reply.key = r.uint(), r.key()
		port := p.index.edge(r, r.uint())
		if r.err == nil && (port.kind != portReply || m.reply.call == 0) {
			r.fail(errInvalid)
		} else if r.err == nil {
			m.reply.port, m.reply.node = port.id, p.set.node
		}
	}
	secret := r.bool()
	size := r.take(4)
	if r.err != nil {
		return nil, nil
	}
	content := r.take(int(binary.LittleEndian.Uint32(size)))
	if r.err == nil && (o.lay.opaque != "" || !e.takes(o)) {
		r.fail(errInvalid)
	}
	if r.err != nil {
		return nil, nil
	}
	if secret {
		plain, err := p.set.sealer.Open(nil, content, messageLabel(p.index.names.edges[edge], m))
		if err != nil {
			r.fail(fmt.Errorf("message of %s: %w", o.name, err))
			return nil, nil
		}
		content = plain
	}
	m.body, m.pool = o.make(), &pool{from: o} // the core that takes it has the right one
	if rest, err := o.lay.decode(bodyOf(m), content); err != nil || len(rest) != 0 {
		r.fail(fmt.Errorf("message of %s: %w", o.name, errInvalid))
		return nil, nil
	}
	m.size, m.group = m.measure(), m.Key.KeyGroup()
	return e, m
}

// takes reports whether messages of an outlet may be on the edge: its own, and
// what a topic forwards.
func (e *conn) takes(o *outlet) bool {
	return e.from == o || (e.port != nil && e.port.kind == portTopic && e.port.typ == o.typ)
}

// readInputs is the inverse of writeInputs, for inputs of one function.
func (p *snapshotParser) readInputs(r *wireReader, n *node) (j joined) {
	for range r.limited(maxInputs) {
		e, m := p.readInput(r)
		if r.err != nil {
			return j
		}
		if e.node != n || e.kind != portData || j.msgs[e.input] != nil {
			r.fail(errInvalid)
			return j
		}
		j.msgs[e.input], j.conns[e.input] = m, e
	}
	return j
}

func (p *snapshotParser) readHeader(r *wireReader, m *Message) {
	m.Node, m.Epoch = NodeID(r.uint16()), r.uint32()
	m.Source, m.Key = r.key(), r.key()
	m.Slot, m.Seq = Slot(r.uint()), r.uint32()
	m.Index, m.ID = r.uint(), r.uint()
	m.Due = r.moment(p.now)
	if p.set.paced && m.Due != Never {
		m.Due = p.set.due(m.Slot, p.now)
	}
}

// bodyOf returns the memory of a payload.
func bodyOf(m *Message) unsafe.Pointer { return (*iface)(unsafe.Pointer(&m.body)).data }

// producer returns the function whose outlet it is, or one without cells.
func (o *outlet) producer(a *App) *function {
	for _, n := range a.nodes {
		if n.outlet == o {
			return n.fn
		}
	}
	return &function{}
}

// messageLabel ties sealed payload to its place.
func messageLabel(edge string, m *Message) []byte {
	b := appendString(nil, edge)
	b = m.Key.AppendBinary(m.Source.AppendBinary(b))
	return binary.AppendUvarint(binary.AppendUvarint(b, m.ID), m.Index)
}
