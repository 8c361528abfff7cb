// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// peer is the state of one link between two cores whose transport may lose or
// reorder: messages of edges that promise delivery are numbered, held until
// they are acknowledged, and taken in order.
type peer struct {
	at     Endpoint
	sent   uint64 // last number given
	unread ring[linkEntry]
	taken  uint64 // last number received in order
	early  []linkEntry
}

// linkEntry is a message on a link.
type linkEntry struct {
	link uint64
	edge *plan.Edge
	msg  *Message
	key  base.Key
	at   base.Time
	back bool
}

func (k *Core) peer(at Endpoint) *peer {
	for _, p := range k.peers {
		if p.at == at {
			return p
		}
	}
	p := &peer{at: at}
	k.peers = append(k.peers, p)
	return p
}

// linkTo numbers a message that leaves for another core; 0 means that nothing
// is promised, or that the transport is reliable.
func (k *Core) linkTo(to Endpoint, e *plan.Edge, m *Message, key base.Key, back bool) uint64 {
	if !k.set.Lossy || e.Config.Guarantee == base.AtMostOnce {
		return 0
	}
	p := k.peer(to)
	p.sent++
	m.take(1) // until it is acknowledged
	if !k.resends {
		k.resends = true
		k.setTimer(timer{at: k.now.Add(k.set.LinkTimeout), kind: timerLink})
	}
	p.unread.push(linkEntry{p.sent, e, m, key, k.now, back})
	return p.sent
}

// acceptLink takes a numbered message in its turn: one that is early is kept
// until then, one that has been taken before is dropped.
func (k *Core) acceptLink(ev *Event) {
	p := k.peer(ev.From)
	switch {
	case ev.Link <= p.taken && !k.set.Bugs.retransmit && !k.set.Bugs.dropMarks:
		ev.Msg.release(k.lane)
	case ev.Link <= p.taken:
		k.deliver(k.app.Edges[ev.Edge-1], ev.Msg, ev.Key)
	case ev.Link == p.taken+1:
		p.taken++
		k.deliver(k.app.Edges[ev.Edge-1], ev.Msg, ev.Key)
		k.deliverEarly(p)
	default:
		k.keepEarly(p, ev)
	}
	k.effect(Effect{Kind: EffectAck, To: ev.From, Link: p.taken})
}

func (k *Core) keepEarly(p *peer, ev *Event) {
	for i := range p.early {
		if p.early[i].link == ev.Link {
			ev.Msg.release(k.lane)
			return
		}
	}
	p.early = append(p.early, linkEntry{link: ev.Link, edge: k.app.Edges[ev.Edge-1], msg: ev.Msg, key: ev.Key, back: ev.Back})
}

// deliverEarly delivers what had come too early and is in turn now.
func (k *Core) deliverEarly(p *peer) {
	for i := 0; i < len(p.early); i++ {
		if e := p.early[i]; e.link == p.taken+1 {
			p.taken++
			p.early = append(p.early[:i], p.early[i+1:]...)
			k.back = e.back
			k.deliver(e.edge, e.msg, e.key)
			i = -1
		}
	}
}

// acknowledged gives up the hold on what the other core has received.
func (k *Core) acknowledged(ev *Event) {
	p := k.peer(ev.From)
	for p.unread.len() > 0 && p.unread.at(0).link <= ev.Link {
		e := p.unread.pop()
		e.msg.release(k.lane)
	}
}

// resend repeats what has not been acknowledged in time.
func (k *Core) resend() {
	open := false
	for _, p := range k.peers {
		for i := range p.unread.len() {
			e := p.unread.at(i)
			open = true
			if k.now.Sub(e.at) < k.set.LinkTimeout {
				continue
			}
			e.at = k.now
			e.msg.take(1)
			k.effect(Effect{Kind: EffectSend, Edge: e.edge.ID, Msg: e.msg, Key: e.key, To: p.at, Link: e.link, Back: e.back})
		}
	}
	if k.resends = open; open {
		k.setTimer(timer{at: k.now.Add(k.set.LinkTimeout), kind: timerLink})
	}
}

// outstanding reports whether a message of the instances of a group is on its
// way over a link.
func (k *Core) outstanding(n *plan.Node, group uint8) bool {
	for _, p := range k.peers {
		for i := range p.unread.len() {
			if e := p.unread.at(i); e.edge.From == n.Outlet && e.msg.Source.KeyGroup() == group {
				return true
			}
		}
	}
	return false
}

// unacknowledged reports whether a message to the instances of a group is on
// its way to another core.
func (k *Core) unacknowledged(to Endpoint, n *plan.Node, group uint8) bool {
	for _, p := range k.peers {
		for i := range p.unread.len() {
			if e := p.unread.at(i); p.at == to && e.edge.Node == n && e.key.KeyGroup() == group {
				return true
			}
		}
	}
	return false
}
