// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Stamp is the identity of a message on its way between two units, on an edge
// that promises delivery. Of two messages of one producer the one of the higher
// epoch is the later one; of equal epochs that of the higher count. A Stamp does
// not change once it is sent.
//
// The rules of delivery between units, numbered as the code refers to them:
//
//  1. The producer's side keeps a message until the consumer's commit is acknowledged
//     (keep, acknowledged).
//  2. Each message names the one before it that is still kept for the same consumer. A
//     consumer takes a message only if it has taken that one: order without waiting
//     (file, Core.fresh).
//  3. When a route changes or a connection is new, everything kept for the unit is sent
//     again, from the oldest on, and the chain is made anew (resend, chain).
//  4. A consumer acknowledges when its commit has landed; a repeat is acknowledged again
//     (settled, repeat).
//  5. A message that waits for a grant or a partner is put aside: its sender keeps it,
//     and does not count it as under way (putAside).
//  6. A producer that moves takes what it keeps along: its new owner sends it, and
//     receivers acknowledge to whom the newest Via says.
type Stamp struct {
	Edge   base.EdgeID // edge on which it travels
	Func   uint16      // 1 + index of the function that sent it, 0 for a source
	Node   base.NodeID // runtime that took the push of a source, 0 for functions
	Source base.Key    // key of the producer
	Epoch  uint32      // under which the producer's unit was owned; of a source, the incarnation of its runtime
	Count  uint64      // rises with every message of a producer and epoch

	// Via is the epoch of the owner that keeps and sends it now: acknowledgements
	// go to the newest one.
	Via uint32

	// PrevEpoch and Prev are of the message that the producer's side keeps
	// before this one for the same consumer; zero if it keeps none. A consumer
	// that has not taken that one has missed it, and does not take this one: the
	// producer's side will send both again.
	PrevEpoch uint32
	Prev      uint64

	// Of a runtime whose engine keeps records. What a core admits has a stamp of its
	// own, which that core alone changes.
	kind stampKind
	done bool // it is recorded that the message is done with
	row  Row  // under which it is an input; before it has left, under which it is kept
}

// stampKind says who has a message that is not done with.
type stampKind uint8

const (
	stampOther  stampKind = iota // the runtime that sent it, for another unit
	stampLocal                   // the unit has it as an input: within it is neither marked nor acknowledged
	stampPushed                  // who pushed it where its unit is
)

// Kept reports whether another runtime, or another unit, keeps the message until it is
// acknowledged: others are within their unit, and have a stamp for the sake of records.
func (s *Stamp) Kept() bool { return s.kind == stampOther }

// admitted returns a copy for the core that has taken the message in.
func (s *Stamp) admitted() *Stamp {
	c := *s
	c.row, c.done = Row{}, false
	return &c
}

// keptID is what tells kept messages apart.
type keptID struct {
	edge   base.EdgeID
	fn     uint16
	node   base.NodeID
	epoch  uint32
	source base.Key
	count  uint64
}

func (s *Stamp) id() keptID { return keptID{s.Edge, s.Func, s.Node, s.Epoch, s.Source, s.Count} }

// streamID names the messages of one producer to one consumer on one edge.
type streamID struct {
	edge   base.EdgeID
	fn     uint16
	node   base.NodeID
	source base.Key
	to     base.Key
}

// keptEntry is a message that the producer's side keeps until the commit of
// its consumer is acknowledged. It is in two lists: that of the unit that it is
// for, and that of the unit that made it, if a unit did.
type keptEntry struct {
	stamp *Stamp
	edge  *plan.Edge
	msg   *Message
	key   base.Key
	to    *unit
	by    *unit // nil: pushed here
	links [2]keptLink
	waits bool // its consumer has it, and waits for something else
	away  bool // it is on its way to another runtime, and counts against the capacity of its edge here
	row   Row  // under which it is recorded
}

type keptLink struct{ before, after *keptEntry }

// keptList is a list of kept messages in the order in which they were made.
type keptList struct{ first, last *keptEntry }

// The two lists of an entry.
const (
	keptOut = 0 // of the unit that it is for
	keptBy  = 1 // of the unit that made it
)

func (l *keptList) push(e *keptEntry, which int) {
	e.links[which] = keptLink{before: l.last}
	if l.last != nil {
		l.last.links[which].after = e
	} else {
		l.first = e
	}
	l.last = e
}

func (l *keptList) remove(e *keptEntry, which int) {
	at := e.links[which]
	if at.before != nil {
		at.before.links[which].after = at.after
	} else {
		l.first = at.after
	}
	if at.after != nil {
		at.after.links[which].before = at.before
	} else {
		l.last = at.before
	}
	e.links[which] = keptLink{}
}

// outbox is what a core keeps until it is acknowledged.
//
// last is what chains a new message to the one before it. When the last of a stream is
// acknowledged it is gone, and the next message begins a chain: the consumer's mark then
// orders it.
type outbox struct {
	entries map[keptID]*keptEntry
	last    map[streamID]*keptEntry // the newest of each stream
	waits   int                     // entries whose consumers wait for something else
}

// underWay returns how many messages their consumers have neither committed nor
// put aside.
func (o *outbox) underWay() int { return len(o.entries) - o.waits }

func newOutbox() outbox {
	return outbox{entries: map[keptID]*keptEntry{}, last: map[streamID]*keptEntry{}}
}

func (e *keptEntry) stream() streamID {
	return streamID{e.stamp.Edge, e.stamp.Func, e.stamp.Node, e.stamp.Source, e.key}
}

// keep keeps a message for a unit until it is acknowledged, and returns its
// stamp. By is the instance that sends it, nil for a push.
//
// The number is the instance's own: it goes on through moves, and is part of what a
// commit writes.
func (k *Core) keep(to *unit, e *plan.Edge, m *Message, key base.Key, by *instance) *Stamp {
	s := &Stamp{Edge: e.ID, Source: m.Source}
	x := &keptEntry{stamp: s, edge: e, msg: m, key: key, to: to}
	if by != nil {
		by.sent++
		s.Func, s.Source, s.Epoch, s.Count = uint16(by.node.Index)+1, by.ks.key, by.unit.epoch, by.sent
		s.Via = by.unit.epoch
		x.by = by.unit
	} else {
		s.Node, s.Epoch, s.Count = k.self.Node, k.set.Incarnation, m.ID
	}
	m.take(1)
	k.file(x)
	return s
}

// file enters a kept message in the lists of its two units, behind what is
// kept for the same consumer.
func (k *Core) file(x *keptEntry) {
	if p := k.out.last[x.stream()]; p != nil {
		x.stamp.PrevEpoch, x.stamp.Prev = p.stamp.Epoch, p.stamp.Count
	}
	k.out.entries[x.stamp.id()] = x
	k.out.last[x.stream()] = x
	x.to.busy().out.push(x, keptOut)
	if x.by != nil {
		x.by.busy().kept.push(x, keptBy)
	}
	k.load.kept.Add(1)
}

// unfile takes a kept message out of everything; the caller has its hold on
// the message.
func (k *Core) unfile(x *keptEntry) {
	delete(k.out.entries, x.stamp.id())
	if x.waits {
		k.out.waits--
	}
	if id := x.stream(); k.out.last[id] == x {
		delete(k.out.last, id)
	}
	x.to.more.out.remove(x, keptOut)
	k.dropUnit(x.to)
	k.countAway(x, false)
	if x.by != nil {
		x.by.more.kept.remove(x, keptBy)
	}
	k.load.kept.Add(-1)
}

// countAway lets a kept message count against the capacity of its edge, or not any more:
// what is on its way to another runtime pushes back to the sources here, until its
// consumer has committed or put it aside.
//
// Otherwise a slow consumer elsewhere would be paid for with memory here: its queue is at
// the other runtime, and this one's edge would look empty.
func (k *Core) countAway(x *keptEntry, away bool) {
	if x.away == away || x.edge.Config.Drop != base.DropNone {
		return
	}
	if x.away = away; away {
		k.gauges[x.edge.ID-1].add(x.edge, x.msg.size)
	} else {
		k.gauges[x.edge.ID-1].sub(x.edge, x.msg.size)
	}
}

// acknowledge tells the runtime that sent a message, and keeps it, that the
// commit of its consumer has landed, or that it needs none. That is not always
// the owner of the producer's unit as this core knows it: a new owner sends what
// is kept before news of its route are here.
func (k *Core) acknowledge(s *Stamp, node base.NodeID) {
	k.tellSender(s, node, false)
}

// putAside tells the sender of an input that it waits here for something that
// may never come, a grant, data or a partner: it is not under way any more, and
// kept nevertheless.
func (k *Core) putAside(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	if s == nil {
		return
	}
	k.recordAside(e, m, ks, s)
	if s.kind != stampOther {
		return
	}
	if w := k.instance(e.Node, ks).rare().seen.find(s.mark()); w != nil {
		k.tellSender(s, w.From, true)
	}
}

func (k *Core) tellSender(s *Stamp, node base.NodeID, waits bool) {
	if node != k.self.Node {
		k.effect(Effect{Kind: EffectAck, To: Endpoint{node, int(s.Source.KeyGroup())}, Stamp: s, Waits: waits})
		return
	}
	k.receiveAck(s, waits)
}

// receiveAck takes an acknowledgement that has come to this runtime, for the
// core of its producer.
//
// Acknowledgements find the core by the producer's key, as messages find that of the
// consumer.
func (k *Core) receiveAck(s *Stamp, waits bool) {
	if c := k.coreOf(s.Source.KeyGroup()); c != k.self.Core {
		k.effect(Effect{Kind: EffectAck, To: Endpoint{k.self.Node, c}, Stamp: s, Waits: waits})
		return
	}
	if !waits {
		k.acknowledged(s)
		return
	}
	if x := k.out.entries[s.id()]; x != nil && !x.waits {
		x.waits = true
		k.out.waits++
		k.countAway(x, false)
	}
}

// acknowledged gives up what is kept of a message whose consumer has committed.
// A second acknowledgement finds nothing.
func (k *Core) acknowledged(s *Stamp) {
	x := k.out.entries[s.id()]
	if x == nil {
		return
	}
	if x.row.N > 0 {
		k.noKept(x)
	}
	k.unfile(x)
	x.msg.release(k.lane)
}

// resend sends again, in order, what is kept for a unit: its route has changed,
// or its owner is back. If the owner is the same, and the connection alone is new, it
// still has what waited there, and is asked for an acknowledgement that may have got
// lost: with a backlog of what waits, a connection that loses messages would not get
// beyond sending it again.
func (k *Core) resend(u *unit, same bool) {
	if u.more == nil {
		return
	}
	k.chain(u)
	var asks []Ask
	// What is sent to a unit that is here may be acknowledged at once.
	for x := u.more.out.first; x != nil; {
		next := x.links[keptOut].after
		if same && x.waits {
			asks = append(asks, Ask{x.stamp, x.key})
		} else {
			x.msg.take(1)
			k.transmit(u, x.edge, x.msg, x.key, nil, x.stamp)
		}
		x = next
	}
	if len(asks) > 0 {
		k.effect(Effect{Kind: EffectSignal, To: Endpoint{u.owner, allCores}, Signal: &Signal{Kind: signalAsk, Route: u.route(), Asks: asks, From: k.self}})
	}
}

// chain lets each message that is kept for a unit name the one before it.
//
// Stamps that have been sent do not change: those that travel keep the chain of their
// time, and new copies get the new one.
func (k *Core) chain(u *unit) {
	last := map[streamID]*Stamp{}
	for x := u.more.out.first; x != nil; x = x.links[keptOut].after {
		s := *x.stamp
		s.PrevEpoch, s.Prev = 0, 0
		if p := last[x.stream()]; p != nil {
			s.PrevEpoch, s.Prev = p.Epoch, p.Count
		}
		x.stamp = &s
		last[x.stream()] = &s
	}
}

// Ask asks the consumer of a kept message about it.
type Ask struct {
	Stamp *Stamp   // of the message
	Key   base.Key // of the consumer
}
