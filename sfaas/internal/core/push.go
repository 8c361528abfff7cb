// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// push gives a source's message its sequence and its due time and routes it.
//
// Numbers of a source rise under each key, whatever the slot: they say how far it has
// come. The sequence counts within a slot and tells apart the messages that it pushes for
// one.
func (k *Core) push(m *Message) {
	ks := k.state(m.Key, m.group)
	o := m.pool.from
	s := &ks.sequences(k.app)[o.ID]
	if s.id > 0 && s.slot == m.Slot {
		s.seq++
	} else {
		if s.id == 0 { // a key that was forgotten goes on behind all that were ever given
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
		k.unheard(e, m, ks)
		return
	}
	u := k.unitOf(e.Node.Part, ks)
	if k.promises(e) {
		k.pushRecorded(u, e, m, ks)
		return
	}
	// In turn: the unit is here, nothing of it is under way, and the message is data for
	// one key. Then it lines up without another question.
	if u.phase == unitHere && u.more == nil && ks.here && e.Kind == plan.PortData && !e.Wide { // the common case
		u.newest, ks.touched = max(u.newest, m.Slot), k.now
		k.lineUp(u, e, m, ks, nil)
		return
	}
	// The unit is elsewhere, and this runtime is the producer: it keeps what it has
	// promised.
	if u.phase == unitAway && e.Config.Guarantee != base.AtMostOnce {
		k.transmit(u, e, m, m.Key, ks, k.keep(u, e, m, m.Key, nil))
		return
	}
	k.transmit(u, e, m, m.Key, ks, nil)
}

// redoID names what a source may push again after a recovery.
type redoID struct {
	edge base.EdgeID
	key  base.Key
}

// pushRecorded is routePush on an edge of which there are records. A source goes on
// from the position that it is told after a recovery; on some of its edges it may have
// come further, and there it pushes what they have again.
//
// Records tell for each edge how far a source has come, as durable inputs. After a crash
// the source is told the lowest position and pushes from there; edges that were further
// drop what they have, by number (redo).
func (k *Core) pushRecorded(u *unit, e *plan.Edge, m *Message, ks *keyState) {
	if id := (redoID{e.ID, m.Key}); k.redo != nil && k.redo[id] > 0 {
		if m.ID <= k.redo[id] {
			for _, c := range k.counts(e.Node, u) {
				c.Repeated++
			}
			k.notice(NoticeRepeat, e, &m.Header, m.Key, "pushed again", nil)
			m.release(k.lane)
			return
		}
		delete(k.redo, id)
	}
	if u.phase == unitAway || (u.more != nil && u.more.pushing > 0) {
		k.pushAway(u, e, m)
		return
	}
	s := &Stamp{Edge: e.ID, Source: m.Source, Node: k.self.Node, Epoch: k.set.Incarnation, Count: m.ID, kind: stampPushed}
	k.transmit(u, e, m, m.Key, ks, s)
}
