// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// spreadOnce is spread for a message that may be stamped. It is done with once
// every core has a hold on it: they go with the unit.
//
// The way of a spread input: the core that gets it looks at the mark of the whole unit,
// once, and hands a hold to each core (spread); each core lines it up and keeps it for
// its own keys (admitWide, arriveWide). It is acknowledged when all have it: from then on
// it goes with the unit.
func (k *Core) spreadOnce(e *plan.Edge, m *Message, key base.Key, s *Stamp, from origin, sender base.NodeID) {
	if s == nil {
		k.spread(e, m, key, nil, from)
		return
	}
	ks := k.state(key, key.KeyGroup())
	u := k.unitOf(e.Node.Part, ks)
	if s.kind != stampOther {
		k.spreadRecorded(e, m, key, s, from)
		return
	}
	if u.phase != unitHere || !k.fresh(e, m, ks, s, sender) {
		m.release(k.lane)
		return
	}
	if k.recordsOf(u.Part) {
		k.spreadRecorded(e, m, key, s.admitted(), from)
		return
	}
	k.spread(e, m, key, nil, from)
	k.settled(e.Node, ks, m, s)
}

// spreadRecorded is spread for a message that becomes an input at the core of its key:
// it is settled for its sender when that is durable, and an input until its slot has
// passed there.
func (k *Core) spreadRecorded(e *plan.Edge, m *Message, key base.Key, s *Stamp, from origin) {
	ks := k.state(key, key.KeyGroup())
	u := k.unitOf(e.Node.Part, ks)
	if u.phase == unitHere {
		k.recordAside(e, m, ks, s)
		if s.kind == stampOther {
			w := k.changes(u)
			w.settles = append(w.settles, settling{e.Node, ks, s})
		}
	}
	k.spread(e, m, key, s, from)
}

// spread brings a message to every core: each may have keys below the
// message's. If the unit is not here just now, the message waits at this core
// alone.
//
// If the unit is stopping, cores may be in different phases. The message then waits at
// this core alone, and is spread again by whoever goes on.
func (k *Core) spread(e *plan.Edge, m *Message, key base.Key, s *Stamp, from origin) {
	ks := k.state(key, key.KeyGroup())
	if u := k.unitOf(e.Node.Part, ks); u.phase != unitHere {
		k.waitFor(u, e, m, ks, s, from)
		return
	}
	m.take(int32(k.count - 1))
	for c := range k.count {
		if c == k.self.Core {
			k.admitWide(e, m, key, s, from)
			continue
		}
		k.handOn(e, m, key, c, nil)
	}
}

// admitWide is admit for an input that goes to every key below its own.
func (k *Core) admitWide(e *plan.Edge, m *Message, key base.Key, s *Stamp, from origin) {
	ks := k.state(key, key.KeyGroup())
	u := k.unitOf(e.Node.Part, ks)
	if u.phase != unitHere {
		k.waitFor(u, e, m, ks, s, from)
		return
	}
	if from == fromOutside || e.Queue() {
		k.lineUp(u, e, m, ks, s)
		return
	}
	k.arriveWide(e, m, ks, s)
}
