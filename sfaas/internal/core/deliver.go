// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// push gives a source's message its sequence and its due time and delivers it.
func (k *Core) push(m *Message) {
	ks := k.state(m.Key, m.group)
	o := m.pool.from
	s := &ks.sequences(k.app)[o.ID]
	if s.id > 0 && s.slot == m.Slot {
		s.seq++
	} else {
		if s.id == 0 {
			s.id = k.idle.sources[o.ID]
		}
		s.slot, s.seq = m.Slot, 0
	}
	s.id++
	m.Seq, m.ID, m.Index = s.seq, s.id, 0
	m.Source, m.Node, m.Epoch = m.Key, k.self.Node, 0
	m.Due = k.set.Due(m.Slot, k.now)
	k.entering = true
	k.emit(o, m, ks)
	k.entering = false
}

// emit sends a message to every consumer of an outlet. Ks is the state of its
// key, nil if this core knows none.
func (k *Core) emit(o *plan.Outlet, m *Message, ks *keyState) {
	n := int32(len(o.Edges))
	if n == 0 {
		m.pool.put(m, k.lane)
		return
	}
	m.refs = n
	for _, e := range o.Edges {
		k.pass(e, m, ks)
	}
}

// way says how messages of one edge travel from a core.
type way uint8

const (
	wayOpen  way = iota // to the core that owns the key
	wayPlain            // the same; a stage of the same key may follow at once
	wayCut              // always as an effect
	wayVoid             // to a sink to which nobody listens
)

// waysFrom returns the way of each edge, by EdgeID.
func waysFrom(app *plan.App, set *Settings) []way {
	ways := make([]way, len(app.Edges)+1)
	for _, e := range app.Edges {
		switch {
		case e.Node.Sink && set.Sinks.Get(e.Node.Index) == nil:
			ways[e.ID] = wayVoid
		case set.Cut[e.ID]:
			ways[e.ID] = wayCut
		case e.Plain:
			ways[e.ID] = wayPlain
		}
	}
	return ways
}

// pass sends a message under its own key. Ks is the state of that key, nil if
// this core knows none. The caller has taken a hold on the message.
func (k *Core) pass(e *plan.Edge, m *Message, ks *keyState) {
	way := k.ways[e.ID]
	if way == wayVoid {
		m.release(k.lane)
		return
	}
	if way == wayPlain && ks != nil && ks.here && !k.entering {
		r := &k.owned[e.Node.Index].routes[ks.group]
		if r.owner == k.self.Node && r.move == nil {
			r.newest = max(r.newest, m.Slot)
			k.follow(e, m, ks)
			return
		}
	}
	k.send(e, m, m.Key, ks)
}

// send brings a message to one consumer, under any key. Ks is the state of
// that key, nil if this core knows none. The caller has taken a hold on the
// message.
func (k *Core) send(e *plan.Edge, m *Message, key base.Key, ks *keyState) {
	way := k.ways[e.ID]
	if way == wayVoid {
		m.release(k.lane)
		return
	}
	if e.IsWide() {
		k.spread(e, m, key)
		return
	}
	if ks == nil {
		ks = k.keys[key]
	}
	var g uint8
	if ks != nil {
		g, ks.touched = ks.group, k.now
	} else {
		g = key.KeyGroup()
	}
	if c := k.coreOf(g); c != k.self.Core || way == wayCut {
		k.leave(e, m, key, Endpoint{k.self.Node, c})
		return
	}
	if ks == nil {
		ks = k.state(key, g)
	}
	k.arrive(e, m, ks)
}

// spread sends a message to every core: each may own keys below the message's.
func (k *Core) spread(e *plan.Edge, m *Message, key base.Key) {
	m.take(int32(k.count - 1))
	for c := range k.count {
		if c == k.self.Core && k.ways[e.ID] != wayCut {
			k.arriveSpread(e, m, key)
			continue
		}
		k.leave(e, m, key, Endpoint{k.self.Node, c})
	}
}

// leave hands a message to the shell, for another core of this runtime.
func (k *Core) leave(e *plan.Edge, m *Message, key base.Key, to Endpoint) {
	if k.gauged(e, to) {
		k.gauges[e.ID-1].add(e, m.size)
	}
	back := to.Node == k.from.Node && to.Node != k.self.Node
	k.effect(Effect{Kind: EffectSend, Edge: e.ID, Msg: m, Key: key, To: to, Link: k.linkTo(to, e, m, key, back), Back: back})
}

// gauged reports whether messages on the way between this core and another
// count as load of their edge: not if they may be lost.
func (k *Core) gauged(e *plan.Edge, other Endpoint) bool {
	return e.Queue() && other.Node == k.self.Node && k.ways[e.ID] != wayCut
}

// receive takes a message that the shell brings.
func (k *Core) receive(ev *Event) {
	e := k.app.Edges[ev.Edge-1]
	k.from, k.back, k.entering = ev.From, ev.Back, true
	defer func() { k.from, k.back, k.entering = k.self, false, false }()
	if k.gauged(e, ev.From) {
		k.gauges[e.ID-1].sub(e, ev.Msg.size)
	}
	if ev.From.Node != k.self.Node {
		k.stats[e.Node.Index].Remote += uint64(ev.Msg.size)
	}
	if ev.Link != 0 {
		k.acceptLink(ev)
		return
	}
	k.deliver(e, ev.Msg, ev.Key)
}

// deliver brings a received message to its consumer.
func (k *Core) deliver(e *plan.Edge, m *Message, key base.Key) {
	if e.IsWide() {
		k.arriveSpread(e, m, key)
		return
	}
	g := key.KeyGroup()
	if c := k.coreOf(g); c != k.self.Core { // another runtime with another number of cores
		k.leave(e, m, key, Endpoint{k.self.Node, c})
		return
	}
	k.arrive(e, m, k.state(key, g))
}

// arriveSpread is arrive for an input that goes to every key below its own.
func (k *Core) arriveSpread(e *plan.Edge, m *Message, key base.Key) {
	if k.from.Node == k.self.Node {
		for _, owner := range k.owned[e.Node.Index].others {
			m.take(1)
			k.leave(e, m, key, Endpoint{owner, k.self.Core})
		}
	}
	if k.entering || e.Queue() {
		k.lineUp(e, m, k.state(key, key.KeyGroup()))
		return
	}
	k.arriveWide(e, m, key)
}

// arrive brings a message to the owner of its consumer's key group. What comes
// from outside, and what is on an edge with a capacity, lines up there; the
// rest runs right after its producer.
func (k *Core) arrive(e *plan.Edge, m *Message, ks *keyState) {
	r := &k.owned[e.Node.Index].routes[ks.group]
	if r.owner != k.self.Node || r.move != nil {
		if k.redirect(r, e, m, ks) {
			return
		}
	}
	if !e.Kind.Control() && (k.entering || e.Queue()) {
		k.lineUp(e, m, ks)
		return
	}
	k.accept(e, m, ks)
}

// accept takes a message for an instance that is owned here.
func (k *Core) accept(e *plan.Edge, m *Message, ks *keyState) {
	if r := &k.owned[e.Node.Index].routes[ks.group]; m.Slot > r.newest {
		r.newest = m.Slot
	}
	if e.Config.Guarantee == base.ExactlyOnce && k.repeated(e, m, ks) {
		return
	}
	switch {
	case e.Kind.Control():
		k.hold(e, m, ks)
	case len(e.Node.Fn.Ins) > 1 && e.Kind == plan.PortData:
		k.join(e, m, ks)
	case e.Node.Fn.Config.Parallel && k.count > 1:
		k.farm(item{edge: e, msg: m, ks: ks})
	default:
		k.follow(e, m, ks)
	}
}

// follow makes a message run after what is running now.
func (k *Core) follow(e *plan.Edge, m *Message, ks *keyState) {
	it := k.inline.add()
	it.edge, it.msg, it.ks = e, m, ks
}

// lineUp lets a message wait for its turn, within the capacity of its edge.
func (k *Core) lineUp(e *plan.Edge, m *Message, ks *keyState) {
	line := &k.ingress
	if e.Queue() {
		line = &k.queued
		g := &k.gauges[e.ID-1]
		if e.Config.Drop != base.DropNone && g.full(e, m.size) {
			if e.Config.Drop == base.DropNewest || !k.dropOldest(e) {
				k.drop(e, m, ks.key, "edge is full")
				return
			}
		}
		g.add(e, m.size)
	}
	it := line.add()
	it.edge, it.msg, it.ks = e, m, ks
}

// dropOldest drops the message that waits longest on an edge.
func (k *Core) dropOldest(e *plan.Edge) bool {
	for i := range k.queued.len() {
		if k.queued.at(i).edge == e {
			it := k.queued.remove(i)
			k.gauges[e.ID-1].sub(e, it.msg.size)
			k.dropItem(it, "edge is full")
			return true
		}
	}
	return false
}
