// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas"
)

// history hashes what happens: identities, times and order, no payloads.
type history struct {
	hash  xxhash.Digest
	keep  bool
	count uint64
	lines []string
}

func (h *history) note(at sfaas.Time, line string) {
	h.count++
	line = fmt.Sprintf("%d %s\n", at, line)
	h.hash.WriteString(line)
	if h.keep {
		h.lines = append(h.lines, line[:len(line)-1])
	}
}

var eventNames = [...]string{
	sfaas.EventRun: "run", sfaas.EventPush: "push", sfaas.EventMessage: "message", sfaas.EventTimer: "timer",
	sfaas.EventCommitted: "committed", sfaas.EventFault: "fault", sfaas.EventTask: "task", sfaas.EventTaskDone: "task done",
	sfaas.EventFence: "fence", sfaas.EventAdopt: "adopt", sfaas.EventAdopted: "adopted", sfaas.EventMarker: "marker",
	sfaas.EventAck: "ack", sfaas.EventPublish: "publish",
}

func (h *history) event(at sfaas.Time, c *core, ev *sfaas.Event, edges []sfaas.EdgeInfo) {
	what := fmt.Sprintf("%d.%d %s", c.self.Node, c.self.Core, eventNames[ev.Kind])
	switch {
	case ev.Kind == sfaas.EventCommitted:
		what += fmt.Sprintf(" %s[%v] batch %d epoch %d err %v", ev.Batch.Function, ev.Batch.Key, ev.Batch.ID, ev.Batch.Epoch, ev.Err)
	case ev.Kind == sfaas.EventMessage:
		e := &edges[ev.Edge-1]
		what += fmt.Sprintf(" %s->%s%s[%v] slot %d seq %d.%d id %d link %d", e.From, e.To, e.Port, ev.Key, ev.Msg.Slot, ev.Msg.Seq, ev.Msg.Index, ev.Msg.ID, ev.Link)
	case ev.Msg != nil:
		what += fmt.Sprintf(" [%v] slot %d", ev.Msg.Key, ev.Msg.Slot)
	case ev.Transfer != nil:
		what += fmt.Sprintf(" %s group %d epoch %d", ev.Transfer.Function, ev.Transfer.Group, ev.Transfer.Epoch)
	case ev.Kind == sfaas.EventAck:
		what += fmt.Sprintf(" %d", ev.Link)
	}
	h.note(at, what)
}

func (h *history) lost(at sfaas.Time, e *sfaas.Effect) {
	h.note(at, fmt.Sprintf("lost edge %d [%v] slot %d", e.Edge, e.Key, e.Msg.Slot))
}

func (h *history) notice(at sfaas.Time, n *Node, x *sfaas.Notice) {
	h.note(at, fmt.Sprintf("%d notice %v %v slot %d: %s", n.id, x.Kind, x.At, x.Header.Slot, x.Reason))
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
