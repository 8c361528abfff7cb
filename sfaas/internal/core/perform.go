// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// perform carries out one effect of a successful invocation of it. What leaves
// the instance waits for the commit of b, if there is one.
//
// Everything here happens after the handler has returned without an error. What concerns
// this instance alone (a timer, an open call) is done at once; what leaves it goes into
// the batch, if there is one, and leaves when that has landed.
func (k *Core) perform(b *Batch, by *instance, it *item, s *send) {
	n := it.edge.Node
	// Under a fence the old owner sends it. Emissions stay within the unit and are made
	// all the same; cancelling concerns a timer of this owner.
	if s.kind != sendEmit && s.kind != sendCancel && k.muted(n, it.ks.key, it.made()) {
		if s.kind != sendForward {
			s.msg.pool.put(s.msg, k.lane)
		}
		return
	}
	switch s.kind {
	case sendEmit:
		k.stamp(s.msg, it)
		s.msg.Key, s.msg.group = s.key, s.key.KeyGroup()
		// Index tells messages apart that one input has caused under one key. It shifts
		// with every emission on the way, so that two ways of a message cannot come to
		// the same number.
		s.msg.Index = it.msg.Index<<16 | uint64(s.place)
		k.putOff(s.msg, s.slot)
		ks := it.ks
		if s.key != ks.key {
			ks = k.keys[s.key]
		}
		k.release(b, n, k.ledger(k.unitOf(n.Part, it.ks)), s.msg, ks, by)
	case sendNow:
		k.address(s, by, it)
		k.releaseTo(b, s.edge, s.msg, s.key, by)
	// The input itself goes on, with one hold more.
	case sendForward:
		it.msg.take(1)
		k.countSent(n, k.unitOf(n.Part, it.ks), it.msg, s.edge)
		k.releaseTo(b, s.edge, it.msg, s.key, by)
	// With a batch the timer is set when that has landed: what is not durable must not
	// fire.
	case sendAfter:
		k.address(s, by, it)
		o := Outgoing{Edge: s.edge.ID, Msg: s.msg, Key: s.key, At: k.now.Add(s.delay), Token: s.token}
		if b != nil {
			b.Outbox = append(b.Outbox, o)
		} else {
			k.sendLater(n, it.ks, &o)
		}
	case sendCall:
		k.address(s, by, it)
		inst := k.instance(n, it.ks)
		s.msg.reply = replyTo{call: uint64(s.token), key: it.ks.key, port: s.replyTo.ID, node: k.self.Node}
		// The call is open from now on, before it leaves: its reply may be faster than
		// the commit.
		inst.rare().calls = append(inst.rare().calls, pendingCall{token: s.token, port: s.replyTo})
		k.setInstanceTimer(inst, timer{at: k.now.Add(s.delay), kind: timerCall, token: s.token, slot: it.msg.Slot})
		if k.recordsOf(n.Part) {
			w := k.changes(inst.unit)
			w.writes = k.rec.Timer(w.writes, Instance{inst}, &Timer{At: k.now.Add(s.delay), Token: s.token, Port: s.replyTo, Slot: it.msg.Slot})
		}
		k.releaseTo(b, s.edge, s.msg, s.key, by)
	// Cancelling goes by token, whatever it stands for.
	case sendCancel:
		k.cancel(b, it, s.token)
	}
}

// placeEmissions numbers the messages that an invocation emitted under each
// key.
//
// Without numbers, two messages for one key from one invocation would have one identity,
// and a join would take the second for a repeat of the first.
func (c *Invocation) placeEmissions() {
	const few = 16
	if len(c.sends) <= few {
		for i := range c.sends {
			c.sends[i].place = 0
			for j := range i {
				if c.sends[j].kind == sendEmit && c.sends[j].key == c.sends[i].key {
					c.sends[i].place++
				}
			}
		}
		return
	}
	places := make(map[base.Key]int, len(c.sends))
	for i := range c.sends {
		if x := &c.sends[i]; x.kind == sendEmit {
			x.place = places[x.key]
			places[x.key]++
		}
	}
}

// sendLater lets a message leave at its time.
func (k *Core) sendLater(n *plan.Node, ks *keyState, o *Outgoing) {
	k.setInstanceTimer(k.instance(n, ks), timer{at: o.At, kind: timerSend, token: o.Token, edge: k.app.Edges[o.Edge-1], msg: o.Msg, key: o.Key})
}

// address gives a message that is sent by reference its identity: it continues
// the sender's own count.
//
// Messages by reference, other than outputs, do not follow from an input alone: a handler
// may send any number to anybody. They are numbered by their sender, which with its epoch
// makes an identity that survives a repetition.
func (k *Core) address(s *send, by *instance, it *item) {
	k.stamp(s.msg, it)
	s.msg.Key, s.msg.group = s.key, s.key.KeyGroup()
	s.msg.Node = k.self.Node
	if by != nil {
		by.sent++
		s.msg.ID = by.sent
	}
	s.msg.Index = 0
	s.msg.refs = 1
	k.countSent(it.edge.Node, k.unitOf(it.edge.Node.Part, it.ks), s.msg, s.edge)
}

func (k *Core) releaseTo(b *Batch, e *plan.Edge, m *Message, key base.Key, by *instance) {
	if b != nil {
		b.Outbox = append(b.Outbox, Outgoing{Edge: e.ID, Msg: m, Key: key})
		return
	}
	k.route(e, m, key, nil, by)
}

// pendingCall is a call of an instance that has not been answered.
type pendingCall struct {
	token base.Token
	port  *plan.Edge
}

// forget removes a pending call and reports whether there was one.
func (i *instance) forget(t base.Token) (*plan.Edge, bool) {
	if i.few == nil {
		return nil, false
	}
	for j, c := range i.few.calls {
		if c.token == t {
			i.few.calls = append(i.few.calls[:j], i.few.calls[j+1:]...)
			return c.port, true
		}
	}
	return nil, false
}

// cancel stops a delayed message or gives up on a call: one that waits for its
// time, for a commit, or for the commit of b, which is being made.
//
// A delayed message is in one of three places, which are looked at in turn: the timers,
// the batch that is being made, and batches of this instance that have not landed. A
// cancel that finds nothing has come too late, which is no error.
func (k *Core) cancel(b *Batch, it *item, t base.Token) {
	inst := it.ks.insts[it.edge.Node.Index]
	if inst == nil {
		return
	}
	if k.recordsOf(inst.node.Part) {
		w := k.changes(inst.unit)
		w.writes = k.rec.NoTimer(w.writes, Instance{inst}, t)
	}
	inst.forget(t)
	if x := k.timers.cancel(inst, t); x != nil {
		if x.msg != nil {
			x.msg.release(k.lane)
		}
		return
	}
	if b != nil && b.cancel(t) {
		return
	}
	if m := inst.unit.more; m != nil {
		for i := range m.commits.len() {
			if x := *m.commits.at(i); x.ks == it.ks && x.node == it.edge.Node && x.cancel(t) {
				return
			}
		}
	}
}

// cancel notes that a delayed message of the batch is not to leave. The note
// is the core's own: the engine may be reading the batch.
func (b *Batch) cancel(t base.Token) bool {
	for i := range b.Outbox {
		if o := &b.Outbox[i]; o.At != 0 && o.Token == t {
			b.cancelled = append(b.cancelled, t)
			return true
		}
	}
	return false
}

// isCall reports whether the item is a call that has not been answered.
func (it *item) isCall() bool {
	to := &it.msg.reply
	return to.call != 0 && to.err == nil && !to.answer && !it.edge.IsDead
}

// answer replies to the call that an item is, with out or with an error, when
// batch b has landed if there is one. It does nothing for an item that is not a
// call.
//
// A caller waits for one answer, whatever happens to the call: a result, a fault, no
// output, a timeout, a route that has changed. So every way to give up an item comes
// through here.
func (k *Core) answer(b *Batch, it *item, by *instance, out *Message, err error) {
	if !it.isCall() {
		return
	}
	in, n := it.msg, it.edge.Node
	to := in.reply
	m := out
	switch {
	case m != nil:
		m.Header = in.Header
		k.countReply(n, k.unitOf(n.Part, k.state(in.Key, in.Key.KeyGroup())), m, to.port)
	case to.port == 0:
	default:
		m = &Message{Header: in.Header, pool: k.lane.pools[k.app.Edges[to.port-1].From.ID]}
	}
	if m != nil {
		m.Source, m.Key, m.group, m.fn, m.made = in.Key, to.key, to.key.KeyGroup(), uint16(n.Index)+1, it.made()
		m.Epoch = k.unitOf(n.Part, k.state(in.Key, in.Key.KeyGroup())).epoch
		m.reply = replyTo{call: to.call, err: err, answer: to.port != 0}
		m.refs = 1
	}
	if b != nil {
		b.replies = append(b.replies, reply{to: to, msg: m, err: err})
		return
	}
	k.sendReply(to, m, err, by)
}

// reply is an answer that waits for a commit.
type reply struct {
	to  replyTo
	msg *Message
	err error

	stamp *Stamp // if it is recorded
}

// failCall answers a call that will not be run.
func (k *Core) failCall(e *plan.Edge, in *Message, err error) {
	k.answer(nil, &item{edge: e, msg: in}, nil, nil, err)
}

func (k *Core) sendReply(to replyTo, m *Message, err error, by *instance) {
	if to.port == 0 {
		k.effect(Effect{Kind: EffectReply, Call: to.call, Msg: m, Err: err, To: Endpoint{Node: to.node}})
		return
	}
	k.route(k.app.Edges[to.port-1], m, to.key, nil, by)
}
