// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// A message moves by four verbs:
//
//	route     which unit it is for, and so which runtime and core
//	admit     at the core of its key: is the unit here, has it come before?
//	line up   it waits for its turn
//	run       its consumer's handler
//
// Within a unit nothing leaves the runtime, and the stages of a key follow each
// other at once on one core. Between units a message that its edge promises is
// stamped and kept on the producer's side until its consumer has committed.

// origin says where a message comes from, as the core sees that admits it.
type origin uint8

const (
	fromWork    origin = iota // from the handler that has just run here, or from a timer
	fromOutside               // from a source, another core or another runtime
)

// line is where an admitted message waits.
type line uint8

const (
	lineInline  line = iota // right behind the running work
	lineQueued              // on an edge with a capacity
	lineIngress             // behind what came from outside
)

// push gives a source's message its sequence and its due time and routes it.
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
	m.Source, m.Node, m.Epoch, m.fn, m.made = m.Key, k.self.Node, 0, 0, m.Slot
	m.Due = k.set.Due(m.Slot, k.now)
	if len(o.Queues) > 0 {
		k.enters(m)
	}
	n := int32(len(o.Edges))
	if n == 0 {
		m.pool.put(m, k.lane)
		return
	}
	m.refs = n
	for _, e := range o.Edges {
		k.routePush(e, m, ks)
	}
}

// enters ends what [Intake.Measure] has counted: from here on the message counts
// where it waits.
func (k *Core) enters(m *Message) {
	for _, e := range m.pool.from.Edges {
		if e.Pushes() {
			k.gauges[e.ID-1].sub(e, m.size)
		}
	}
}

// routePush routes the message of a source. The runtime that took the push is
// its producer; as long as that owns the unit too, nothing can get lost between
// the two, and the message is neither stamped nor kept.
func (k *Core) routePush(e *plan.Edge, m *Message, ks *keyState) {
	if k.ways[e.ID] == wayVoid {
		k.unheard(e, m)
		return
	}
	u := k.unitOf(e.Node.Part, ks)
	if u.phase == unitHere && u.more == nil && ks.here && e.Kind == plan.PortData && !e.Wide { // the common case
		u.newest, ks.touched = max(u.newest, m.Slot), k.now
		k.lineUp(e, m, ks, nil)
		return
	}
	if u.phase == unitAway && e.Config.Guarantee != base.AtMostOnce {
		k.transmit(u, e, m, m.Key, ks, k.keep(u, e, m, m.Key, nil))
		return
	}
	k.transmit(u, e, m, m.Key, ks, nil)
}

// way says how messages of one edge travel from a core.
type way uint8

const (
	wayOpen  way = iota // to the core that owns the key
	wayPlain            // the same; a stage of the same key may follow at once
	wayCross            // to another unit, perhaps
	wayVoid             // to a sink to which nobody listens
)

// waysFrom returns the way of each edge, by EdgeID.
func waysFrom(app *plan.App, set *Settings) []way {
	ways := make([]way, len(app.Edges)+1)
	for _, e := range app.Edges {
		switch {
		case e.Node.Sink && set.Sinks.Get(e.Node.Index) == nil && !e.Cross:
			ways[e.ID] = wayVoid
		case e.Cross:
			ways[e.ID] = wayCross
		case e.Plain:
			ways[e.ID] = wayPlain
		}
	}
	return ways
}

// unheard drops a message for a sink to which nobody listens here, counted.
func (k *Core) unheard(e *plan.Edge, m *Message) {
	k.stats[e.Node.Index].Unheard++
	m.release(k.lane)
}

// pass routes a message of an instance under the message's own key. Ks is the
// state of that key, nil if this core knows none. The caller has taken a hold
// on the message.
func (k *Core) pass(e *plan.Edge, m *Message, ks *keyState, by *instance) {
	if k.ways[e.ID] == wayPlain && ks != nil && ks.here {
		if u := k.unitOf(e.Node.Part, ks); u.phase == unitHere {
			k.follow(e, m, ks, nil)
			return
		}
	}
	k.route(e, m, m.Key, ks, by)
}

// route brings a message of an instance, nil for one without, to one consumer
// under any key. Ks is the state of that key, nil if this core knows none. The
// caller has taken a hold on the message.
func (k *Core) route(e *plan.Edge, m *Message, key base.Key, ks *keyState, by *instance) {
	switch k.ways[e.ID] {
	case wayVoid:
		k.unheard(e, m)
		return
	case wayCross:
		if ks == nil {
			ks = k.keys[key]
		}
		u := k.unitFor(e.Node.Part, key, ks)
		var s *Stamp
		if e.Config.Guarantee != base.AtMostOnce && by != nil && by.unit != u {
			s = k.keep(u, e, m, key, by)
		}
		k.transmit(u, e, m, key, ks, s)
		return
	}
	k.within(e, m, key, ks, nil, fromWork)
}

// transmit brings a message to the owner of a unit, or to both owners while
// both are fed. Ks is the state of the key, nil if it has to be looked up.
func (k *Core) transmit(u *unit, e *plan.Edge, m *Message, key base.Key, ks *keyState, s *Stamp) {
	k.sees(u, m.Slot)
	if u.more != nil && u.more.feed != nil {
		k.feedTo(u, e, m, key)
		return
	}
	if u.phase == unitAway {
		k.depart(u.owner, u.epoch, e, m, key, s)
		return
	}
	k.within(e, m, key, ks, s, fromOutside)
}

// depart hands a message to the shell, for another runtime and under the epoch of
// its ownership. What cannot get there is dropped and counted, unless it is kept.
func (k *Core) depart(to base.NodeID, epoch uint32, e *plan.Edge, m *Message, key base.Key, s *Stamp) {
	if !slices.Contains(k.peers, to) {
		switch {
		case s != nil:
			m.release(k.lane)
		case to == 0:
			k.refuse(e, m, key)
		default:
			k.drop(e, m, key, "no link to its owner")
		}
		return
	}
	k.effect(Effect{Kind: EffectSend, Edge: e.ID, Msg: m, Key: key, To: Endpoint{to, int(key.KeyGroup())}, Epoch: epoch, Stamp: s})
}

// within brings a message to the core of its key in this runtime.
func (k *Core) within(e *plan.Edge, m *Message, key base.Key, ks *keyState, s *Stamp, from origin) {
	if e.IsWide() {
		k.spreadOnce(e, m, key, s, from, k.self.Node)
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
	if c := k.coreOf(g); c != k.self.Core {
		k.handOn(e, m, key, c, s)
		return
	}
	if ks == nil {
		ks = k.state(key, g)
	}
	k.admit(e, m, ks, s, from, k.self.Node)
}

// spreadOnce is spread for a message that may be stamped. It is done with once
// every core has a hold on it: they go with the unit.
func (k *Core) spreadOnce(e *plan.Edge, m *Message, key base.Key, s *Stamp, from origin, sender base.NodeID) {
	if s == nil {
		k.spread(e, m, key, from)
		return
	}
	ks := k.state(key, key.KeyGroup())
	if u := k.unitOf(e.Node.Part, ks); u.phase != unitHere || !k.fresh(e, m, ks, s, sender) {
		m.release(k.lane)
		return
	}
	k.spread(e, m, key, from)
	k.settled(e.Node, ks, s)
}

// spread brings a message to every core: each may have keys below the
// message's. If the unit is not here just now, the message waits at this core
// alone.
func (k *Core) spread(e *plan.Edge, m *Message, key base.Key, from origin) {
	ks := k.state(key, key.KeyGroup())
	if u := k.unitOf(e.Node.Part, ks); u.phase != unitHere {
		k.waitFor(u, e, m, ks, from)
		return
	}
	m.take(int32(k.count - 1))
	for c := range k.count {
		if c == k.self.Core {
			k.admitWide(e, m, key, from)
			continue
		}
		k.handOn(e, m, key, c, nil)
	}
}

// handOn hands a message to the shell, for another core of this runtime.
func (k *Core) handOn(e *plan.Edge, m *Message, key base.Key, core int, s *Stamp) {
	k.gauges[e.ID-1].add(e, m.size)
	k.effect(Effect{Kind: EffectSend, Edge: e.ID, Msg: m, Key: key, To: Endpoint{k.self.Node, core}, Stamp: s})
}

// receive takes a message that the shell brings.
func (k *Core) receive(ev *Event) {
	e, m := k.app.Edges[ev.Edge-1], ev.Msg
	here := ev.From.Node == k.self.Node
	if here && ev.Host {
		k.transmit(k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key]), e, m, ev.Key, k.keys[ev.Key], nil) // a call of host code
		return
	}
	if here {
		k.gauges[e.ID-1].sub(e, m.size)
	} else {
		k.stats[e.Node.Index].Remote += uint64(m.size)
		if ev.Stamp == nil && k.outrun(ev) {
			return
		}
	}
	g := ev.Key.KeyGroup()
	switch {
	case e.IsWide() && here:
		k.admitWide(e, m, ev.Key, fromOutside)
	case e.IsWide():
		if u := k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key]); u.phase == unitAway {
			k.elsewhere(u, e, m, ev.Key, ev.Stamp, ev.From.Node)
			return
		}
		k.spreadOnce(e, m, ev.Key, ev.Stamp, fromOutside, ev.From.Node)
	case k.coreOf(g) != k.self.Core: // a runtime with another number of cores
		k.handOn(e, m, ev.Key, k.coreOf(g), ev.Stamp)
	default:
		k.admit(e, m, k.state(ev.Key, g), ev.Stamp, fromOutside, ev.From.Node)
	}
}

// outrun reports whether a message that nobody keeps was sent here before its unit
// went away and came back: later ones of its producer may have been taken elsewhere
// meanwhile. It is dropped, counted, and its sender learns the route.
func (k *Core) outrun(ev *Event) bool {
	e := k.app.Edges[ev.Edge-1]
	u := k.unitFor(e.Node.Part, ev.Key, k.keys[ev.Key])
	if u.phase == unitAway || ev.Epoch >= u.epoch {
		return false
	}
	k.elsewhere(u, e, ev.Msg, ev.Key, nil, ev.From.Node)
	return true
}

// admitWide is admit for an input that goes to every key below its own.
func (k *Core) admitWide(e *plan.Edge, m *Message, key base.Key, from origin) {
	ks := k.state(key, key.KeyGroup())
	if u := k.unitOf(e.Node.Part, ks); u.phase != unitHere {
		k.waitFor(u, e, m, ks, from)
		return
	}
	if from == fromOutside || e.Queue() {
		k.lineUp(e, m, ks, nil)
		return
	}
	k.arriveWide(e, m, ks)
}

// admit takes in a message at the core of its key. What comes from outside,
// and what is on an edge with a capacity, lines up there; the rest runs right
// after its producer. Sender is the runtime that it comes from.
func (k *Core) admit(e *plan.Edge, m *Message, ks *keyState, s *Stamp, from origin, sender base.NodeID) {
	u := k.unitOf(e.Node.Part, ks)
	if u.phase != unitHere {
		switch {
		case u.phase == unitAway:
			k.elsewhere(u, e, m, ks.key, s, sender)
		case s != nil:
			m.release(k.lane) // its sender keeps it, and will hear of the outcome
		default:
			k.waitFor(u, e, m, ks, from)
		}
		return
	}
	if u.mute > 0 && u.more != nil && u.more.reach != nil && e.Enters && !e.Kind.Control() {
		k.sawSlot(u, m.made)
	}
	if u.more != nil && u.more.await != nil && from == fromOutside {
		if k.sees(u, m.Slot); u.phase != unitHere { // what it moves for goes along
			k.admit(e, m, ks, s, from, sender)
			return
		}
	}
	if s != nil && !k.fresh(e, m, ks, s, sender) {
		m.release(k.lane)
		return
	}
	if s == nil && e.Cross && k.outOfDate(e, m, ks) {
		k.refuse(e, m, ks.key)
		return
	}
	if !e.Kind.Control() && (from == fromOutside || e.Queue()) {
		k.lineUp(e, m, ks, s)
		return
	}
	k.accept(e, m, ks, s)
}

// elsewhere answers a message for a unit that another runtime owns, or this one
// under a newer epoch: the sender learns the route. What is kept will come to the owner again; what is not
// would overtake or be overtaken, and is dropped, counted.
func (k *Core) elsewhere(u *unit, e *plan.Edge, m *Message, key base.Key, s *Stamp, sender base.NodeID) {
	switch {
	case sender == k.self.Node:
	case u.epoch == 0:
		k.tellRests(sender)
	default:
		k.effect(Effect{Kind: EffectSignal, To: Endpoint{Node: sender, Core: allCores}, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
	}
	if s != nil {
		m.release(k.lane)
		return
	}
	k.refuse(e, m, key)
}

// waitLimit bounds the messages of AtMostOnce edges that wait for a unit while
// it moves.
const waitLimit = 1 << 16

// waitFor lets a message wait until a unit goes on, here or elsewhere.
func (k *Core) waitFor(u *unit, e *plan.Edge, m *Message, ks *keyState, from origin) {
	w := waitItem{item: item{edge: e, msg: m, ks: ks}, line: lineInline}
	switch {
	case e.Queue() && !e.Kind.Control():
		w.line = lineQueued
	case from == fromOutside:
		w.line = lineIngress
	}
	waits := &u.busy().waits
	if e.Config.Guarantee == base.AtMostOnce && waits.len() >= waitLimit {
		k.drop(e, m, ks.key, "its unit is moving")
		return
	}
	if k.set.Bugs.linesLost {
		return
	}
	ks.held++
	waits.push(w)
}

// accept lets a message of a unit that is here take its course.
func (k *Core) accept(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	switch {
	case e.Kind.Control():
		k.hold(e, m, ks, s)
	case len(e.Node.Fn.Ins) > 1 && e.Kind == plan.PortData:
		k.join(e, m, ks, s)
	case e.Node.Fn.Config.Parallel && k.count > 1 && e.Kind == plan.PortData:
		k.farm(item{edge: e, msg: m, ks: ks, stamp: s})
	default:
		k.follow(e, m, ks, s)
	}
}

// follow makes a message run after what is running now.
func (k *Core) follow(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	it := k.inline.add()
	it.edge, it.msg, it.ks, it.stamp = e, m, ks, s
}

// lineUp lets a message wait for its turn, within the capacity of its edge.
func (k *Core) lineUp(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
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
	it.edge, it.msg, it.ks, it.stamp = e, m, ks, s
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

// CountLost counts a message that the shell could not bring to its owner.
func (k *Core) CountLost(e *Effect) { k.stats[k.app.Edges[e.Edge-1].Node.Index].Dropped++ }

// refuse drops a message for a unit that another runtime owns, counted.
func (k *Core) refuse(e *plan.Edge, m *Message, key base.Key) {
	k.stats[e.Node.Index].Stale++
	k.notice(NoticeStale, e.Node, &m.Header, key, "its unit has another owner", nil)
	k.failCall(e, m, base.ErrStaleEpoch)
	m.release(k.lane)
}
