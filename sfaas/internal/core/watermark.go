// SPDX-License-Identifier: Apache-2.0

package core

import (
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// watermark is the last message of one source that an instance has processed.
type watermark struct {
	markID
	id    uint64
	index uint64
	epoch uint32
	at    base.Time // when it moved last
}

// markID names the messages that rise in number: those of one producer on one
// edge.
type markID struct {
	edge   base.EdgeID
	node   base.NodeID
	source base.Key
}

// watermarks are the marks of one instance. A few are searched one by one;
// instances with many producers, such as a cell with its users, get an index.
type watermarks struct {
	list  []watermark
	index map[markID]int // nil for a few
	limit int            // length at which old ones are looked for
}

// fewMarks is the number up to which there is no index.
const fewMarks = 16

// find returns the mark of a producer, or nil.
func (w *watermarks) find(id markID) *watermark {
	if w.index != nil {
		if i, ok := w.index[id]; ok {
			return &w.list[i]
		}
		return nil
	}
	for i := range w.list {
		if w.list[i].markID == id {
			return &w.list[i]
		}
	}
	return nil
}

// add adds a mark. Before the list grows, marks that have not moved for the
// idle time are forgotten: see sfaas.WithIdleKeys for why that is right.
func (w *watermarks) add(m watermark, idle time.Duration) *watermark {
	if len(w.list) >= max(w.limit, fewMarks) {
		if idle > 0 {
			w.forget(m.at, idle)
		}
		w.limit = 2 * len(w.list)
		w.reindex()
	}
	w.list = append(w.list, m)
	if w.index != nil {
		w.index[m.markID] = len(w.list) - 1
	}
	return &w.list[len(w.list)-1]
}

func (w *watermarks) forget(now base.Time, idle time.Duration) {
	kept := w.list[:0]
	for _, m := range w.list {
		if now.Sub(m.at) < idle {
			kept = append(kept, m)
		}
	}
	w.list = kept
}

func (w *watermarks) reindex() {
	w.index = nil
	if len(w.list) < fewMarks {
		return
	}
	w.index = make(map[markID]int, 2*len(w.list))
	for i := range w.list {
		w.index[w.list[i].markID] = i
	}
}

func markOf(e *plan.Edge, m *Message) markID { return markID{e.ID, m.Node, m.Source} }

// repeated drops a message that the consumer has processed, or that an owner
// sent who has been replaced since.
func (k *Core) repeated(e *plan.Edge, m *Message, ks *keyState) bool {
	w := k.instance(e.Node, ks).seen.find(markOf(e, m))
	switch {
	case w == nil, k.set.Bugs.retransmit:
		return false
	case m.ID > w.id || (m.ID == w.id && m.Index > w.index):
		if m.Epoch >= w.epoch {
			return false
		}
		k.stats[e.Node.Index].Stale++
		k.notice(NoticeStale, e.Node, &m.Header, ks.key, "message of an old owner", nil)
		m.release(k.lane)
		return true
	}
	k.stats[e.Node.Index].Repeated++
	k.notice(NoticeRepeat, e.Node, &m.Header, ks.key, "repeated message", nil)
	m.release(k.lane)
	return true
}

// saw moves the marks of the inputs of an item that come by ExactlyOnce edges,
// and notes them in the batch, if any. A spread input has no mark: what leads
// a join tells repeats apart.
func (k *Core) saw(b *Batch, inst *instance, it *item) {
	if it.rest == nil {
		k.sawOne(b, inst, it.edge, it.msg)
		return
	}
	for i, m := range it.rest.msgs {
		if m != nil && !it.rest.edges[i].Wide {
			k.sawOne(b, inst, it.rest.edges[i], m)
		}
	}
}

func (k *Core) sawOne(b *Batch, inst *instance, e *plan.Edge, m *Message) {
	if e.Config.Guarantee != base.ExactlyOnce {
		return
	}
	id := markOf(e, m)
	w := inst.seen.find(id)
	if w == nil {
		w = inst.seen.add(watermark{markID: id, at: k.now}, k.set.IdleKeys)
	}
	if k.set.Bugs.dropMarks && m.ID%8 == 0 {
		return
	}
	w.id, w.index, w.epoch, w.at = m.ID, m.Index, max(w.epoch, m.Epoch), k.now
	if b != nil {
		b.Marks = append(b.Marks, Mark{Edge: w.edge, Node: w.node, Source: w.source, ID: w.id, Index: w.index})
	}
}

// number gives a message that leaves on an ExactlyOnce edge the next number of
// its producer. The number of its input would not do: inputs come from several
// sources, each with a count of its own.
func (k *Core) number(m *Message, it *item) {
	inst := k.instance(it.edge.Node, it.ks)
	inst.sent++
	m.ID, m.Node = inst.sent, k.self.Node
}
