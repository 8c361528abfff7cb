// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
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
		k.lineUp(u, e, m, ks, nil)
		return
	}
	if u.phase == unitAway && e.Config.Guarantee != base.AtMostOnce {
		k.transmit(u, e, m, m.Key, ks, k.keep(u, e, m, m.Key, nil))
		return
	}
	k.transmit(u, e, m, m.Key, ks, nil)
}
