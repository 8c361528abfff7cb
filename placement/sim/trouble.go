// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
)

// How long trouble lasts.
const (
	partTime   = time.Second             // for which a zone is in two halves; members stay members
	missTime   = 600 * time.Millisecond  // until others hear that a node is gone, as of package gossip
	downTime   = 2 * time.Second         // until a node that has died begins anew, with nothing
	healTime   = 12 * time.Second        // before the end of a run, from which on nothing breaks
	wantedTime = 1500 * time.Millisecond // until who fed a unit from a node that has died does so from another one
)

// makeTrouble begins what the configuration says, over and over until shortly before the
// end of the run.
func (w *world) makeTrouble() {
	w.again(w.cfg.Partition, w.part)
	w.again(w.cfg.Crash, w.crash)
	w.again(w.cfg.Retire, w.retire)
}

// again lets something happen with a period, if that is above 0.
func (w *world) again(period time.Duration, what func()) {
	if period == 0 || w.now.Add(period+healTime) > sfaasTime(w.cfg.Most) {
		return
	}
	w.after(period, func() {
		what()
		w.again(period, what)
	})
}

// part cuts the zone in two halves, between which no letter goes and no unit moves.
func (w *world) part() {
	side := make([]bool, len(w.nodes))
	for i := range side {
		side[i] = w.random.IntN(2) == 0
	}
	w.count.Partitions++
	w.parted = func(a, b int32) bool { return side[a] != side[b] }
	w.after(partTime, func() { w.parted = nil })
}

// crash kills a node with all that it knows and serves. Others hear of it after a while. It
// comes back in another life, of which only its number is the same.
func (w *world) crash() {
	n := w.nodes[w.random.IntN(len(w.nodes))]
	if n.dead {
		return
	}
	w.count.Crashes++
	n.dead = true
	for _, u := range n.owned {
		w.truth.Remove(int(u))
		w.owner[u] = -1
	}
	w.energy.changed(w)
	if w.seat != nil && w.seat.at == n.index {
		w.seat.die()
	}
	for u, by := range w.ending {
		if by == n.index {
			w.wantAgain(u)
		}
	}
	w.after(missTime, func() { w.tellAll(n, &agent.Event{Kind: agent.MemberDown, Node: n.id}) })
	w.after(wantedTime, func() { w.wishAnew(n.index) })
	w.after(downTime, func() { w.restart(n) })
}

// tellAll gives an event about a node to all others.
func (w *world) tellAll(n *node, e *agent.Event) {
	for _, o := range w.nodes {
		if o.index != n.index {
			w.step(o, e)
		}
	}
}

// wishAnew lets another node be fed with the units that were fed at one that has died.
func (w *world) wishAnew(at int32) {
	for u, by := range w.wisher {
		if by == at {
			w.wish(u)
		}
	}
}

// restart begins another life of a node.
func (w *world) restart(old *node) {
	n, err := w.begin(old.index, old.life+1)
	if err != nil {
		panic(err) // the same configuration was good before
	}
	w.nodes[n.index] = n
	w.enter(n)
	if w.seat != nil && w.seat.at >= 0 {
		n.planner = agent.NodeID(w.seat.at) + 1
	}
	w.tellAll(n, &agent.Event{Kind: agent.MemberUp, Node: n.id, Incarnation: n.life})
	for _, o := range w.nodes {
		if o != n && !o.dead {
			w.step(n, &agent.Event{Kind: agent.MemberUp, Node: o.id, Incarnation: o.life})
		}
	}
}

// wish lets a unit be fed at some node that lives.
func (w *world) wish(u int) {
	n := w.nodes[w.random.IntN(len(w.nodes))]
	if n.dead {
		w.wisher[u] = n.index
		w.after(wantedTime, func() { w.wish(u) })
		return
	}
	w.wisher[u] = n.index
	n.wish(u)
}

// wish lets the host of a node want a unit placed, for good.
func (n *node) wish(u int) {
	row := n.row(u)
	n.w.step(n, &agent.Event{Kind: agent.Wish, Row: row})
	n.w.step(n, &agent.Event{Kind: agent.Stand, Row: row})
}

// retireToken is of calls that take a unit out of service; all others have 0.
const retireToken = 1

// retire takes a unit out of service for a while: some node asks for that, and when that is
// done, some node wants it again. Not sooner: of two that want both at a time either may have
// its way.
func (w *world) retire() {
	u, n := w.random.IntN(len(w.scale)), w.nodes[w.random.IntN(len(w.nodes))]
	if n.dead || w.wisher[u] < 0 {
		return
	}
	w.count.Retired++
	w.wisher[u], w.ending[u] = -1, n.index
	w.step(n, &agent.Event{Kind: agent.Retire, Row: agent.UnitRow{Unit: unitID(u)}, Token: retireToken})
}

// wantAgain lets some node want a unit that was taken out of service, after a while.
func (w *world) wantAgain(u int) {
	w.ending[u] = -1
	w.after(downTime, func() { w.wish(u) })
}

// letGo lets nobody own a unit, as the runtime of a node says: news of a route gets to all.
func (n *node) letGo(u int, epoch uint32) {
	w := n.w
	if epoch <= w.epoch[u] {
		return
	}
	if at := w.owner[u]; at >= 0 {
		w.nodes[at].lose(u)
		w.truth.Remove(u)
		w.energy.changed(w)
	}
	w.owner[u], w.epoch[u] = -1, epoch
	for _, o := range w.nodes {
		if o == n || w.parted == nil || !w.parted(n.index, o.index) {
			w.step(o, &agent.Event{Kind: agent.Routed, Row: agent.UnitRow{Unit: unitID(u)}, Epoch: epoch})
		}
	}
}
