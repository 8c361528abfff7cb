// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// history hashes what happens: identities, times and order, no payloads. It is
// written as numbers; text is made only for a trace.
type history struct {
	hash  xxhash.Digest
	keep  bool
	count uint64
	lines []string
	buf   []byte
}

// note adds something that is told in words.
func (h *history) note(at sfaas.Time, line string) {
	h.begin(at, 'n')
	h.buf = append(h.buf, line...)
	h.end()
	h.trace(at, line)
}

func (h *history) begin(at sfaas.Time, kind byte) {
	h.count++
	h.buf = append(h.buf[:0], kind)
	h.number(uint64(at))
}

func (h *history) number(x uint64) { h.buf = binary.AppendUvarint(h.buf, x) }

func (h *history) end() { h.hash.Write(h.buf) }

func (h *history) trace(at sfaas.Time, line string) {
	if h.keep {
		h.lines = append(h.lines, fmt.Sprintf("%d %s", at, line))
	}
}

// event adds an event at a core.
func (h *history) event(at sfaas.Time, c *seat, ev *core.Event, edges []sfaas.EdgeInfo) {
	h.begin(at, 'e')
	h.buf = append(h.buf, byte(ev.Kind), byte(c.self.Node), byte(c.self.Core))
	switch {
	case ev.Kind == core.EventCommitted:
		h.buf = append(h.buf, ev.Batch.Function...)
		h.buf = ev.Batch.Key.AppendBinary(h.buf)
		h.number(ev.Batch.ID)
		h.number(uint64(ev.Batch.Record.Epoch))
		if ev.Err != nil {
			h.buf = append(h.buf, ev.Err.Error()...)
		}
	case ev.Msg != nil:
		m := &ev.Msg.Header
		h.buf = m.Key.AppendBinary(h.buf)
		h.buf = ev.Key.AppendBinary(h.buf)
		for _, x := range [...]uint64{uint64(ev.Edge), uint64(m.Slot), uint64(m.Seq), m.Index, m.ID, countOf(ev.Stamp)} {
			h.number(x)
		}
	case ev.Signal != nil:
		u := ev.Signal.Unit()
		h.buf = append(append(h.buf, byte(ev.Signal.Kind)), u.Part...)
		h.buf = u.Root.AppendBinary(h.buf)
		h.number(uint64(ev.Signal.Route.Owner))
		h.number(uint64(ev.Signal.Route.Epoch))
	case ev.Kind == core.EventAck:
		h.buf = ev.Stamp.Source.AppendBinary(h.buf)
		h.number(ev.Stamp.Count)
	}
	h.end()
	if h.keep {
		h.trace(at, eventText(c, ev, edges))
	}
}

// countOf returns the count of a stamp, 0 for none.
func countOf(s *core.Stamp) uint64 {
	if s == nil {
		return 0
	}
	return s.Count
}

var eventNames = [...]string{
	core.EventRun: "run", core.EventPush: "push", core.EventMessage: "message", core.EventTimer: "timer",
	core.EventCommitted: "committed", core.EventFault: "fault", core.EventTask: "task", core.EventTaskDone: "task done",
	core.EventAck: "ack", core.EventSignal: "signal", core.EventPeer: "peer", core.EventPublish: "publish",
}

// eventText tells an event in words.
func eventText(c *seat, ev *core.Event, edges []sfaas.EdgeInfo) string {
	what := fmt.Sprintf("%d.%d %s", c.self.Node, c.self.Core, eventNames[ev.Kind])
	switch {
	case ev.Kind == core.EventCommitted:
		what += fmt.Sprintf(" %s[%v] batch %d epoch %d err %v", ev.Batch.Function, ev.Batch.Key, ev.Batch.ID, ev.Batch.Record.Epoch, ev.Err)
	case ev.Kind == core.EventMessage:
		e := &edges[ev.Edge-1]
		what += fmt.Sprintf(" %s->%s%s[%v] slot %d seq %d.%d id %d count %d", e.From, e.To, e.Port, ev.Key, ev.Msg.Slot, ev.Msg.Seq, ev.Msg.Index, ev.Msg.ID, countOf(ev.Stamp))
	case ev.Msg != nil:
		what += fmt.Sprintf(" [%v] slot %d", ev.Msg.Key, ev.Msg.Slot)
	case ev.Signal != nil:
		what += fmt.Sprintf(" %v of %v", ev.Signal.Kind, ev.Signal.Unit())
	case ev.Kind == core.EventAck:
		what += fmt.Sprintf(" [%v] %d.%d", ev.Stamp.Source, ev.Stamp.Epoch, ev.Stamp.Count)
	}
	return what
}

func (h *history) lost(at sfaas.Time, e *core.Effect) {
	h.note(at, fmt.Sprintf("lost edge %d [%v] slot %d", e.Edge, e.Key, e.Msg.Slot))
}

func (h *history) notice(at sfaas.Time, n *Node, x *sfaas.Notice) {
	h.begin(at, 'o')
	h.buf = append(h.buf, byte(n.id), byte(x.Kind))
	h.buf = append(h.buf, x.At.Function...)
	h.buf = x.At.Key.AppendBinary(h.buf)
	h.number(uint64(x.Header.Slot))
	h.buf = append(h.buf, x.Reason...)
	h.end()
	if h.keep {
		h.trace(at, fmt.Sprintf("%d notice %v %v slot %d: %s %v", n.id, x.Kind, x.At, x.Header.Slot, x.Reason, x.Err))
	}
}

// History returns the hash of everything that has happened, 16 hexadecimal
// digits: equal hashes mean equal histories.
func (w *World) History() string {
	return fmt.Sprintf("%016x", w.hist.hash.Sum64())
}

// Events returns how many lines the history has.
func (w *World) Events() uint64 { return w.hist.count }

// Trace returns the history as text if Config.Trace asked for it.
func (w *World) Trace() []string { return w.hist.lines }
