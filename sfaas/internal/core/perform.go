// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// perform carries out one effect of a successful invocation.
func (k *Core) perform(b *Batch, c *Invocation, it item, s *send) {
	switch s.kind {
	case sendEmit:
		k.stampEmission(s, c, &it)
		ks := it.ks
		if s.key != ks.key {
			ks = k.keys[s.key]
		}
		k.release(b, it.edge.Node, s.msg, ks)
	case sendNow:
		k.address(s, c, it)
		k.releaseTo(b, s.edge, s.msg, s.key)
	case sendForward:
		it.msg.take(1)
		k.countTransfer(it.edge.Node, it.msg, 1)
		k.releaseTo(b, s.edge, it.msg, s.key)
	case sendAfter:
		k.address(s, c, it)
		o := Outgoing{Edge: s.edge.ID, Msg: s.msg, Key: s.key, At: k.now.Add(s.delay), Token: s.token}
		if b != nil {
			b.Outbox = append(b.Outbox, o)
		} else {
			k.sendLater(it.edge.Node, it.ks, &o)
		}
	case sendCall:
		k.address(s, c, it)
		s.msg.reply = replyTo{call: uint64(s.token), key: it.ks.key, port: s.replyTo.ID, node: k.self.Node}
		c.inst.calls = append(c.inst.calls, pendingCall{token: s.token, port: s.replyTo})
		k.setTimer(timer{at: k.now.Add(s.delay), kind: timerCall, node: it.edge.Node, ks: it.ks, token: s.token, slot: it.msg.Slot})
		k.releaseTo(b, s.edge, s.msg, s.key)
	case sendCancel:
		k.cancel(it, s.token)
	}
}

// stampEmission gives a message of a DefineEach function its identity.
func (k *Core) stampEmission(s *send, c *Invocation, it *item) {
	k.stamp(s.msg, it)
	s.msg.Key = s.key
	s.msg.Index = it.msg.Index<<16 | uint64(c.emissions(s))
}

// sendLater lets a message leave at its time.
func (k *Core) sendLater(n *plan.Node, ks *keyState, o *Outgoing) {
	k.setTimer(timer{at: o.At, kind: timerSend, node: n, ks: ks, token: o.Token, edge: k.app.Edges[o.Edge-1], msg: o.Msg, key: o.Key})
}

// address gives a message that is sent by reference its identity: it continues
// the sender's own count.
func (k *Core) address(s *send, c *Invocation, it item) {
	k.stamp(s.msg, &it)
	s.msg.Key, s.msg.group = s.key, s.key.KeyGroup()
	s.msg.Node = k.self.Node
	if c.inst != nil {
		c.inst.sent++
		s.msg.ID = c.inst.sent
	}
	s.msg.Index = 0
	s.msg.refs = 1
	k.countTransfer(it.edge.Node, s.msg, 1)
}

func (k *Core) releaseTo(b *Batch, e *plan.Edge, m *Message, key base.Key) {
	if b != nil {
		b.Outbox = append(b.Outbox, Outgoing{Edge: e.ID, Msg: m, Key: key})
		return
	}
	k.send(e, m, key, nil)
}

// emissions returns how many messages of the invocation went to the same key
// before s.
func (c *Invocation) emissions(s *send) int {
	n := 0
	for i := range c.sends {
		x := &c.sends[i]
		if x == s {
			break
		}
		if x.kind == sendEmit && x.key == s.key {
			n++
		}
	}
	return n
}

// pendingCall is a call of an instance that has not been answered.
type pendingCall struct {
	token base.Token
	port  *plan.Edge
}

// forget removes a pending call and reports whether there was one.
func (i *instance) forget(t base.Token) (*plan.Edge, bool) {
	for j := range i.calls {
		if i.calls[j].token == t {
			port := i.calls[j].port
			i.calls = append(i.calls[:j], i.calls[j+1:]...)
			return port, true
		}
	}
	return nil, false
}

// cancel stops a delayed message or gives up on a call.
func (k *Core) cancel(it item, t base.Token) {
	if inst := it.ks.insts[it.edge.Node.Index]; inst != nil {
		inst.forget(t)
	}
	if x, ok := k.timers.remove(t, it.ks, it.edge.Node); ok && x.msg != nil {
		x.msg.release(k.lane)
	}
	for _, b := range k.commits {
		for i := range b.Outbox {
			if o := &b.Outbox[i]; o.Token == t && o.At != 0 && b.ks == it.ks && b.node == it.edge.Node {
				o.cancelled = true // the batch is the engine's
				return
			}
		}
	}
}

// replyWith sends the output of a called invocation to the caller.
func (k *Core) replyWith(in, out *Message) {
	to := in.reply
	out.Header = in.Header
	out.Key = to.key
	out.reply = replyTo{call: to.call}
	out.refs = 1
	k.countTransfer(k.lane.inv.node, out, 1)
	k.sendReply(to, out, nil)
	in.reply = replyTo{}
}

// failCall answers a call that has no output. It does nothing for a message
// that is not a call.
func (k *Core) failCall(in *Message, err error) {
	to := in.reply
	if to.call == 0 || to.err != nil || to.answer {
		return
	}
	in.reply = replyTo{}
	if to.port == 0 {
		k.sendReply(to, nil, err)
		return
	}
	m := &Message{Header: in.Header, pool: k.lane.pools[k.app.Edges[to.port-1].From.ID]}
	m.Key, m.reply = to.key, replyTo{call: to.call, err: err, answer: true}
	m.refs = 1
	k.sendReply(to, m, nil)
}

func (k *Core) sendReply(to replyTo, m *Message, err error) {
	if to.port == 0 {
		k.effect(Effect{Kind: EffectReply, Call: to.call, Msg: m, Err: err, To: Endpoint{Node: to.node}})
		return
	}
	if m != nil {
		m.reply.answer = true
	}
	k.send(k.app.Edges[to.port-1], m, to.key, nil)
}
