// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// writeWaiting writes data that waits for its grant, all inputs of it.
func (k *Core) writeWaiting(s *snapshotWriter, it *item) {
	if it.msg.fromHost() {
		return
	}
	s.buf = binary.AppendUvarint(s.buf, uint64(it.edge.Node.Index))
	s.buf = it.ks.key.AppendBinary(s.buf)
	if it.rest == nil {
		j := joined{}
		j.msgs[0], j.edges[0] = it.msg, it.edge
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
			k.writeInput(s, j.edges[i], m)
		}
	}
}

// writeHalves writes what waits for a partner. Every core has its own copy of
// a spread input: it is written once.
func (k *Core) writeHalves(s *snapshotWriter) {
	for _, n := range k.app.Nodes {
		b := &k.halves[n.Index]
		for i := range b.narrow {
			if h := &b.narrow[i]; k.owned[n.Index].routes[h.ks.group].owner == k.self.Node {
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

func (k *Core) writeHalf(s *snapshotWriter, n *plan.Node, h *half) {
	s.buf = h.key.AppendBinary(binary.AppendUvarint(s.buf, uint64(n.Index)))
	s.buf = binary.AppendUvarint(binary.AppendUvarint(s.buf, uint64(h.slot)), uint64(h.seq))
	s.buf = base.AppendMoment(binary.AppendUvarint(s.buf, h.index), h.due, k.now)
	k.writeInputs(s, &h.joined)
}

// id returns what tells a spread input from others.
func (h *half) id() spreadID {
	for _, c := range h.edges {
		if c != nil {
			return spreadID{c.ID, h.key, h.slot, h.seq}
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
		s.buf = t.ks.key.AppendBinary(binary.AppendUvarint(s.buf, uint64(t.node.Index)))
		s.buf = base.AppendMoment(binary.AppendUvarint(s.buf, uint64(t.token)), t.at, k.now)
		if t.kind == timerSend {
			s.buf = t.key.AppendBinary(s.buf)
			k.writeInput(s, t.edge, t.msg)
			s.record(recordDelayed)
			continue
		}
		port := pendingPort(t)
		if port == nil { // answered
			s.buf = s.buf[:0]
			continue
		}
		s.buf = binary.AppendUvarint(binary.AppendUvarint(s.buf, uint64(t.slot)), uint64(port.ID-1))
		s.record(recordCall)
	}
}

// pendingPort returns the port at which the reply to a timer's call is
// awaited, or nil.
func pendingPort(t *timer) *plan.Edge {
	inst := t.ks.insts[t.node.Index]
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
func (k *Core) writeInput(s *snapshotWriter, e *plan.Edge, m *Message) {
	o := m.pool.from
	if o.Layout.Opaque != "" && s.err == nil {
		s.err = &base.PayloadError{Port: o.Name, Reason: o.Layout.Opaque}
	}
	b := binary.AppendUvarint(s.buf, uint64(e.ID-1))
	b = binary.AppendUvarint(b, uint64(o.ID))
	b = k.appendHeader(b, m)
	b = base.AppendFlag(b, m.reply.call != 0)
	if m.reply.call != 0 {
		b = m.reply.key.AppendBinary(binary.AppendUvarint(b, m.reply.call))
		b = binary.AppendUvarint(b, uint64(m.reply.port-1))
	}
	secret := e.Node.Fn.Sealed() || o.Producer(k.app).Sealed()
	b = base.AppendFlag(b, secret)
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	if s.err == nil {
		b = o.Layout.Encode(b, bodyOf(m))
	}
	if secret {
		sealed := k.set.Sealer.Seal(nil, b[at+4:], messageLabel(s.names.Edges[e.ID-1], m))
		clear(b[at+4:])
		b = append(b[:at+4], sealed...)
	}
	if len(b)-at-4 > math.MaxUint32 && s.err == nil {
		s.err = &base.SizeError{Port: o.Name, Bytes: len(b) - at - 4, Limit: math.MaxUint32}
	}
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	s.buf = b
}

func (k *Core) appendHeader(b []byte, m *Message) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Node)), uint64(m.Epoch))
	b = m.Key.AppendBinary(m.Source.AppendBinary(b))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Slot)), uint64(m.Seq))
	b = binary.AppendUvarint(binary.AppendUvarint(b, m.Index), m.ID)
	return base.AppendMoment(b, m.Due, k.now)
}

// readInput is the inverse of writeInput.
func (p *snapshotParser) readInput(r *base.Reader) (*plan.Edge, *Message) {
	edge := r.Uint()
	e := p.index.Edge(r, edge)
	o := p.index.Formed(r)
	m := &Message{refs: 1}
	p.readHeader(r, m)
	if r.Bool() {
		m.reply.call, m.reply.key = r.Uint(), r.Key()
		port := p.index.Edge(r, r.Uint())
		if r.Err == nil && (port.Kind != plan.PortReply || m.reply.call == 0) {
			r.Fail(base.ErrInvalid)
		} else if r.Err == nil {
			m.reply.port, m.reply.node = port.ID, p.set.Node
		}
	}
	secret := r.Bool()
	size := r.Take(4)
	if r.Err != nil {
		return nil, nil
	}
	content := r.Take(int(binary.LittleEndian.Uint32(size)))
	if r.Err == nil && (o.Layout.Opaque != "" || !e.Takes(o)) {
		r.Fail(base.ErrInvalid)
	}
	if r.Err != nil {
		return nil, nil
	}
	if secret {
		plain, err := p.set.Sealer.Open(nil, content, messageLabel(p.index.Names.Edges[edge], m))
		if err != nil {
			r.Fail(fmt.Errorf("message of %s: %w", o.Name, err))
			return nil, nil
		}
		content = plain
	}
	m.body, m.pool = o.Make(), &pool{from: o} // the core that takes it has the right one
	if rest, err := o.Layout.Decode(bodyOf(m), content); err != nil || len(rest) != 0 {
		r.Fail(fmt.Errorf("message of %s: %w", o.Name, base.ErrInvalid))
		return nil, nil
	}
	m.size, m.group = m.measure(), m.Key.KeyGroup()
	return e, m
}

// readInputs is the inverse of writeInputs, for inputs of one function.
func (p *snapshotParser) readInputs(r *base.Reader, n *plan.Node) (j joined) {
	for range r.Limited(plan.MaxInputs) {
		e, m := p.readInput(r)
		if r.Err != nil {
			return j
		}
		if e.Node != n || e.Kind != plan.PortData || j.msgs[e.Input] != nil {
			r.Fail(base.ErrInvalid)
			return j
		}
		j.msgs[e.Input], j.edges[e.Input] = m, e
	}
	return j
}

func (p *snapshotParser) readHeader(r *base.Reader, m *Message) {
	m.Node, m.Epoch = base.NodeID(r.Uint16()), r.Uint32()
	m.Source, m.Key = r.Key(), r.Key()
	m.Slot, m.Seq = base.Slot(r.Uint()), r.Uint32()
	m.Index, m.ID = r.Uint(), r.Uint()
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
