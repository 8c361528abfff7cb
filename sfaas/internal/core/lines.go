// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// line is where an admitted message waits.
type line uint8

const (
	lineInline  line = iota // right behind the running work
	lineQueued              // on an edge with a capacity
	lineIngress             // behind what came from outside
)

// waitLimit bounds the messages of AtMostOnce edges that wait for a unit while
// it moves.
const waitLimit = 1 << 16

// waitFor lets a message wait until a unit goes on, here or elsewhere.
//
// Promised messages are never dropped for want of room: their senders keep them, and back
// pressure reaches the sources by the edges' capacities.
func (k *Core) waitFor(u *unit, e *plan.Edge, m *Message, ks *keyState, s *Stamp, from origin) {
	w := waitItem{item: item{edge: e, msg: m, ks: ks, stamp: s}, line: lineInline}
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
	if w.counts = u.phase == unitLeft; w.counts {
		k.load.kept.Add(1)
	}
	waits.push(w)
}

// follow makes a message run after what is running now.
//
// The element is written in place: copying an item into the line would cost more than the
// line itself.
func (k *Core) follow(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	it := k.inline.add()
	it.edge, it.msg, it.ks, it.stamp = e, m, ks, s
}

// lineUp lets a message for a unit wait for its turn, within the capacity of its edge.
//
// A full edge pushes back by refusing drafts at its sources (Intake.DraftIn). Only what
// drops comes to this question.
func (k *Core) lineUp(u *unit, e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	line := &k.ingress
	if e.Queue() {
		line = &k.queued
		g := &k.gauges[e.ID-1]
		// The newest goes, or the oldest that can: an edge whose messages all wait in
		// front of a gate has none to give.
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
	u.queued++
}

// dropOldest drops the message that waits longest on an edge.
func (k *Core) dropOldest(e *plan.Edge) bool {
	for i := range k.queued.len() {
		if k.queued.at(i).edge == e {
			it := k.queued.remove(i)
			k.unitOf(e.Node.Part, it.ks).queued--
			k.gauges[e.ID-1].sub(e, it.msg.size)
			k.dropItem(it, "edge is full")
			return true
		}
	}
	return false
}
