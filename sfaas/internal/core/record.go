// SPDX-License-Identifier: Apache-2.0

package core

import (
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// What an engine keeps of a unit are rows, each a key and a value. A step changes
// some, and its record says which:
//
//   - of an instance: its numbers, each part of its staged cells, the last settings,
//     delayed messages and calls, and its marks;
//   - inputs: a message on an edge that promises, which its consumer has not done with.
//     One that is sent within a unit is an input from the commit of its producer on. One
//     that comes from elsewhere becomes an input when its consumer puts it aside, for a
//     grant, for data or for a partner. What waits in a line is none: who sent it has it
//     still, or will push it again.
//   - kept messages: those that another unit has not acknowledged;
//   - positions: how far the unit has come with a source.
//
// Marks and positions are of what is committed or put aside, so a record says with one
// write that everything before is done with: on its way to an instance the messages of
// one producer do not overtake each other. Recovery lets every input take its course
// again, as if it came just then, behind those that became inputs before it.
//
// The protocol of a message between two instances a and b of units that are kept:
//
//  1. The record of a's step has a's new content and the message, as an input of the
//     unit or as kept. When it is durable, the message leaves.
//  2. The record of b's step has b's new content and deletes the input, or raises the
//     mark of a. When it is durable, b acknowledges what was kept.
//  3. The row of what was kept is deleted with a later record of a's unit. Until that
//     is durable a's runtime does not say that it keeps nothing for b.

// Recorder puts into bytes what has changed. Package state has one; without it nothing
// is recorded. Its methods append to dst. They may be called by several cores at once.
type Recorder interface {
	Head(dst []Write, x Instance) []Write                                     // numbers, and slots of control
	Changes(dst []Write, x Instance, s plan.CellStore, now base.Time) []Write // what a cell has staged
	Content(dst []Write, x Instance, s plan.CellStore, now base.Time) []Write // all of a cell
	Mark(dst []Write, x Instance, w *Watermark, upTo Place) []Write           // how far it has come with a producer
	Setting(dst []Write, x Instance, in *Input) []Write                       // the last one of its port
	Timer(dst []Write, x Instance, t *Timer) []Write                          // a delayed message, or a call
	NoTimer(dst []Write, x Instance, t base.Token) []Write                    // it has happened, or never will
	Forget(dst []Write, x Instance) []Write                                   // all of the above
	Input(dst []Write, row Row, key base.Key, in *Input) []Write              // an input of the unit
	NoInput(dst []Write, row Row) []Write                                     // it is done with
	Kept(dst []Write, row Row, x *Kept) []Write                               // a message for another unit
	NoKept(dst []Write, row Row) []Write                                      // it is acknowledged
	Position(dst []Write, e *plan.Edge, key base.Key, p SourceState) []Write  // how far a source has come on an edge
	NoPosition(dst []Write, e *plan.Edge, key base.Key) []Write               // its key is forgotten
	Fence(dst []Write, fence base.Slot) []Write                               // first slot of the owner
	Clear(dst []Write) []Write                                                // all of the unit
	Hand(dst []Write, h Hand) []Write                                         // the unit is on its way
	NoHand(dst []Write) []Write                                               // it is owned here
	Promise(dst []Write, u base.Unit, epoch uint32) []Write                   // of the runtime: up to which epoch it will not import a unit
	NoPromise(dst []Write, u base.Unit) []Write                               // nobody needs that any more
	Route(dst []Write, r base.Route) []Write                                  // of the runtime: where a unit is
	Rest(dst []Write, r Rest) []Write                                         // of the runtime: whose the rest of a part is
}

// Row names an input or a kept message of a unit: no other one of the unit has had the
// same, and of those that one core has made the later ones are greater.
//
// It sorts by age: recovery lets inputs run in the order in which they became inputs. The
// core is a part of it, so that cores number without talking.
type Row struct {
	Epoch uint32 // of the unit's owner
	Core  uint16 // of it
	N     uint64 // from 1 on; 0 names none
}

// flushAfter is for how long a change that no commit waits for may wait for the next
// record of its unit.
const flushAfter = time.Millisecond

// changes are the writes that go into the next record of a unit.
//
// Writes gather until a commit of the unit takes them, or a timer does. So a step that
// changes marks alone needs no record of its own, and one commit carries the changes of
// many steps.
type changes struct {
	writes  []Write
	settles []settling // put aside at every core: acknowledged when that is durable
	acks    int        // kept messages whose rows are deleted
	listed  bool       // in Core.changed
	timed   bool       // a timer will flush it
}

// settling is an input that is settled once a record is durable.
type settling struct {
	node  *plan.Node
	ks    *keyState
	stamp *Stamp
}

// records reports whether what happens to units of a part is recorded.
func (k *Core) recordsOf(p *plan.Part) bool { return k.keeps && p.Kept }

// promises reports whether messages on an edge are recorded.
func (k *Core) promises(e *plan.Edge) bool {
	return k.keeps && e.Config.Guarantee != base.AtMostOnce
}

// vowsOf returns which functions have an output on an edge that promises.
func vowsOf(app *plan.App) []bool {
	vows := make([]bool, len(app.Nodes))
	for i, n := range app.Nodes {
		if vows[i] = n.Promises || n.Exact; n.Outlet == nil {
			continue
		}
		for _, e := range n.Outlet.Edges {
			vows[i] = vows[i] || e.Config.Guarantee != base.AtMostOnce
		}
	}
	return vows
}

// changes returns where the changes of a unit are noted.
func (k *Core) changes(u *unit) *changes {
	c := &u.busy().changes
	if !c.listed {
		c.listed = true
		k.changed = append(k.changed, u)
	}
	return c
}

// flushLater sees that what the step has changed comes into a record, though no commit
// waits for it.
//
// A unit that is stopping cannot wait a millisecond: the record of its hand-over must
// come after all others.
func (k *Core) flushLater() {
	for i := 0; i < len(k.changed); i++ { // a flush may let others be changed
		u := k.changed[i]
		c := &u.more.changes
		c.listed = false
		switch {
		case len(c.writes) == 0:
		case u.phase == unitStopping:
			k.flush(u)
		case !c.timed:
			c.timed = true
			k.flushes++
			k.setTimer(timer{at: k.now.Add(flushAfter), kind: timerFlush, unit: u})
		}
	}
	k.changed = k.changed[:0]
}

// flush makes a record of what has changed.
func (k *Core) flush(u *unit) {
	if u.more == nil || len(u.more.changes.writes) == 0 || (u.phase != unitHere && u.phase != unitStopping) {
		return
	}
	k.commit(k.bareBatch(u, nil, nil), item{})
}

// mustRecord reports whether an invocation of a function that is recorded has changed
// something, or has an output that is to be.
//
// A record is written when the invocation leaves a trace: content, messages, an input
// that others know of. A stage that only computes and passes on leaves none, and costs
// nothing.
func (k *Core) mustRecord(c *Invocation, it *item) bool {
	e := it.edge
	if len(c.touched) > 0 || len(c.sends) > 0 || e.Kind != plan.PortData || it.stamp != nil || k.promises(e) || (c.out != nil && k.vows[e.Node.Index]) {
		return true
	}
	if it.rest != nil {
		for _, x := range it.rest.edges {
			if x != nil && k.promises(x) {
				return true
			}
		}
	}
	return false
}

// recordCells notes what a handler has changed in cells, before it is current; sealed
// cells are whole, since a part's name would stand in clear, and come after that.
func (k *Core) recordCells(c *Invocation, sealed bool) {
	w := k.changes(c.inst.unit)
	for _, s := range c.touched {
		switch {
		case (s.Head().Decl.Class == base.Sealed) != sealed:
		case sealed:
			w.writes = k.rec.Content(w.writes, Instance{c.inst}, s, k.now)
		default:
			w.writes = k.rec.Changes(w.writes, Instance{c.inst}, s, k.now)
		}
	}
}

// record makes the record of a batch: the changes so far, what the batch does with its
// input, and what leaves with it.
//
// The order of writes within a record does not matter to an engine, which applies them at
// once. It matters here that everything noted before belongs to this record or an earlier
// one.
func (k *Core) record(b *Batch, it *item) {
	u := b.unit
	w := k.changes(u)
	var by *instance
	if b.ks != nil {
		by = b.ks.insts[b.node.Index]
	}
	if it.edge != nil {
		k.recordInput(it, by)
	}
	for i := range b.Outbox {
		o := &b.Outbox[i]
		e := k.app.Edges[o.Edge-1]
		switch {
		case o.stamp != nil:
		case o.At == 0:
			o.stamp = k.recordOutput(u, by, e, o.Msg, o.Key)
		case !b.hasCancelled(o.Token):
			by = k.instance(b.node, b.ks)
			w.writes = k.rec.Timer(w.writes, Instance{by}, &Timer{At: o.At, Token: o.Token, Edge: e, Msg: o.Msg, Key: o.Key})
		}
	}
	for i := range b.replies {
		if r := &b.replies[i]; r.to.port != 0 {
			r.stamp = k.recordOutput(u, by, k.app.Edges[r.to.port-1], r.msg, r.to.key)
		}
	}
	b.Record.Writes, b.settles, b.acks = w.writes, w.settles, w.acks
	w.writes, w.settles, w.acks = nil, nil, 0
}

// recordInput notes that the input of a batch is done with, and what that changes at
// its instance.
//
// A reply ends the call's timer, a setting replaces the last one, and numbers that have
// been given must not be given again after a crash.
func (k *Core) recordInput(it *item, by *instance) {
	k.doneItem(it)
	if by == nil {
		return
	}
	w := k.changes(by.unit)
	if it.edge.Kind == plan.PortReply {
		w.writes = k.rec.NoTimer(w.writes, Instance{by}, base.Token(it.msg.reply.call))
	}
	if it.edge.Kind == plan.PortSetting && by.few.isSetting(it.msg) {
		w.writes = k.rec.Setting(w.writes, Instance{by}, &Input{Edge: it.edge, Msg: it.msg})
	}
	if by.sent > 0 || it.edge.Kind.Control() {
		w.writes = k.rec.Head(w.writes, Instance{by})
	}
	by.recorded = true
}

// recordOutput notes a message that leaves with a record, and returns the stamp under
// which it does, nil if nothing is recorded of it.
//
// Within the unit the message is an input of the unit from now on, in one row; to another
// unit it is kept, and has a stamp by which the consumer counts.
func (k *Core) recordOutput(u *unit, by *instance, e *plan.Edge, m *Message, key base.Key) *Stamp {
	if !k.promises(e) || k.ways[e.ID] == wayVoid {
		return nil
	}
	w := k.changes(u)
	s := &Stamp{Edge: e.ID, Source: m.Source, row: k.nextRow(u)}
	if by != nil {
		s.Func, s.Source = uint16(by.node.Index)+1, by.ks.key
	}
	if k.ways[e.ID] == wayCross && by != nil && k.unitFor(e.Node.Part, key, k.keys[key]) != u {
		by.sent++
		s.Epoch, s.Count, s.Via = u.epoch, by.sent, u.epoch
		w.writes = k.rec.Kept(w.writes, s.row, &Kept{Input{e, m, s}, key})
		return s
	}
	s.kind = stampLocal
	w.writes = k.rec.Input(w.writes, s.row, key, &Input{Edge: e, Msg: m})
	return s
}

func (k *Core) nextRow(u *unit) Row {
	k.rows++
	return Row{Epoch: u.epoch, Core: uint16(k.self.Core), N: k.rows}
}

// doneItem notes that the inputs of an invocation are done with.
func (k *Core) doneItem(it *item) {
	k.doneWith(it.edge.Node, it.ks, it.msg, it.stamp)
	if it.rest == nil {
		return
	}
	for i, m := range it.rest.msgs {
		if m != nil && m != it.msg {
			k.doneWith(it.edge.Node, it.ks, m, it.rest.stamps[i])
		}
	}
}

// doneWith notes that an input is done with, once.
//
// With a row the row is deleted; without one the mark or the position rises, which says
// it for all that came before.
func (k *Core) doneWith(n *plan.Node, ks *keyState, m *Message, s *Stamp) {
	if s == nil || s.done || !k.recordsOf(n.Part) {
		return
	}
	s.done = true
	if s.row.N == 0 {
		k.raise(n, ks, m, s)
		return
	}
	if k.set.Bugs.keepInputs {
		return
	}
	w := k.changes(k.unitOf(n.Part, ks))
	w.writes = k.rec.NoInput(w.writes, s.row) // when it was put aside, it was raised
}

// raise notes that an input has come: what its producer sent before it has too.
//
// A mark is written only if it rises: several inputs of one producer may be done with in
// one record.
func (k *Core) raise(n *plan.Node, ks *keyState, m *Message, s *Stamp) {
	w := k.changes(k.unitOf(n.Part, ks))
	switch s.kind {
	case stampPushed:
		w.writes = k.rec.Position(w.writes, k.app.Edges[s.Edge-1], s.Source, SourceState{ID: s.Count, Slot: m.Slot, Seq: m.Seq})
	case stampOther:
		inst := k.instance(n, ks)
		x := inst.rare().seen.find(s.mark())
		if x == nil || !s.place().after(x.durable) {
			return
		}
		x.durable = s.place()
		inst.recorded = true
		w.writes = k.rec.Mark(w.writes, Instance{inst}, x, x.durable)
	}
}

// recordAside makes an input of the unit of what is put aside.
//
// Before this the sender has the message; after it the unit has too, in its records, and
// the sender may be told to wait no more.
func (k *Core) recordAside(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	if s == nil || s.row.N > 0 || s.done || !k.recordsOf(e.Node.Part) {
		return
	}
	u := k.unitOf(e.Node.Part, ks)
	s.row = k.nextRow(u)
	in := Input{Edge: e, Msg: m}
	if s.kind == stampOther {
		in.Stamp = s
	}
	w := k.changes(u)
	w.writes = k.rec.Input(w.writes, s.row, ks.key, &in)
	k.raise(e.Node, ks, m, s)
}

// leave lets a message leave whose record is durable.
//
// It leaves under the stamp that is on record, so that a repeat after a crash is known as
// one.
func (k *Core) leave(b *Batch, s *Stamp, e *plan.Edge, m *Message, key base.Key) {
	ks := k.keys[key]
	if s.kind != stampOther {
		if k.ways[e.ID] == wayCross {
			k.transmit(k.unitFor(e.Node.Part, key, ks), e, m, key, ks, s)
			return
		}
		k.within(e, m, key, ks, s, fromWork)
		return
	}
	to := k.unitFor(e.Node.Part, key, ks)
	x := &keptEntry{stamp: s, edge: e, msg: m, key: key, to: to, row: s.row}
	if b.unit != k.local {
		x.by = b.unit
	} else {
		to.busy().pushing--
	}
	m.take(1)
	k.file(x)
	k.transmit(to, e, m, key, ks, x.stamp)
}

// pushAway pushes a message for a unit that another runtime owns: it leaves once this
// one has a record of it.
//
// The push is the source's only copy as soon as it has returned: it is recorded by the
// runtime that took it, in the unit that stands for the runtime itself.
func (k *Core) pushAway(u *unit, e *plan.Edge, m *Message) {
	s := &Stamp{Edge: e.ID, Source: m.Source, Node: k.self.Node, Epoch: k.set.Incarnation, Count: m.ID, row: k.nextRow(k.local)}
	w := k.changes(k.local)
	w.writes = k.rec.Kept(w.writes, s.row, &Kept{Input{e, m, s}, m.Key})
	w.writes = k.rec.Position(w.writes, e, m.Key, SourceState{ID: m.ID, Slot: m.Slot, Seq: m.Seq})
	b := k.bareBatch(k.local, nil, nil)
	b.Outbox = append(b.Outbox, Outgoing{Edge: e.ID, Msg: m, Key: m.Key, stamp: s})
	u.busy().pushing++
	k.commit(b, item{})
}

// noKept deletes the row of a kept message that is acknowledged.
//
// Until the record is durable the row may come back after a crash, and the message be
// sent again. So this runtime does not claim to keep nothing for that consumer
// (forget.go).
func (k *Core) noKept(x *keptEntry) {
	u := x.by
	if u == nil {
		u = k.local
	}
	w := k.changes(u)
	w.writes = k.rec.NoKept(w.writes, x.row)
	w.acks++
	u.more.acks++
}

// unsettled reports whether some row of a kept message of a unit may still be there
// though it is acknowledged.
func (u *unit) unsettled() bool { return u.more != nil && u.more.acks > 0 }

// recordRoute notes where a unit is.
func (k *Core) recordRoute(r base.Route) {
	if !k.keeps {
		return
	}
	w := k.changes(k.local)
	w.writes = k.rec.Route(w.writes, r)
}

// recordForgotten deletes what is recorded of a key that is forgotten.
//
// Positions are forgotten with their key, at the runtime of the source as well as at the
// unit, which may have moved since.
func (k *Core) recordForgotten(ks *keyState) {
	for _, inst := range ks.insts {
		if inst == nil || !k.recordsOf(inst.node.Part) {
			continue
		}
		if inst.recorded {
			w := k.changes(inst.unit)
			w.writes = k.rec.Forget(w.writes, Instance{inst})
		}
	}
	for id, q := range ks.seqs {
		if q.id == 0 {
			continue
		}
		for _, e := range k.app.Outlets[id].Edges {
			if !k.promises(e) {
				continue
			}
			u := k.unitOf(e.Node.Part, ks)
			if u.phase == unitHere {
				w := k.changes(u)
				w.writes = k.rec.NoPosition(w.writes, e, ks.key)
			}
			if u.phase != unitHere || len(k.peers) > 1 { // it is, or may have been, elsewhere
				w := k.changes(k.local)
				w.writes = k.rec.NoPosition(w.writes, e, ks.key)
			}
		}
	}
}
