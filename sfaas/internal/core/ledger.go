// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// ledger is what one core has counted of a unit under one epoch and not published.
// It is closed when the unit leaves or the core forgets it, and another one is
// opened for the next epoch: so what a unit uses is in one account for each owner.
//
//	counts, edges, work of slots  →  publish, once a slot  →  account
//	gauges: what is shown now replaces what was shown before, since they rise and fall
type ledger struct {
	unit   *unit
	epoch  uint32
	to     *account
	open   bool // in the core's list of those with something to publish
	closed bool // nothing more comes

	newest base.Slot // with a stage
	behind bool      // a reader was looking when it should have been published for who watches
	cur    stint     // work for the slot under way,
	stints []stint   // for those before it
	billed time.Duration
	cpu    time.Duration
	edges  []EdgeBytes // by place in Part.Edges
	shown  gauges      // what the account has of this core
	Meter
	Counts
}

// ledger returns the ledger of a unit, new if need be.
func (k *Core) ledger(u *unit) *ledger {
	if l := u.ledger; l != nil && l.open {
		return l
	}
	return k.openLedger(u)
}

// opened notes that a ledger has something to publish.
func (k *Core) opened(l *ledger) {
	if !l.open {
		l.open = true
		k.open = append(k.open, l)
	}
}

func (k *Core) openLedger(u *unit) *ledger {
	if l := u.ledger; l != nil {
		k.opened(l)
		return l
	}
	l := &ledger{unit: u, epoch: u.epoch, edges: make([]EdgeBytes, len(u.Part.Edges))}
	if u.phase == unitAway { // what its new owner does not know goes to no account
		l.open = true
		return l
	}
	l.to = k.board.account(ownedUnit{u.UnitID, u.epoch}, k.now)
	u.ledger = l
	k.opened(l)
	return l
}

// closeLedger ends what the core counts of a unit: it is published at the next
// turn, and its account keeps it.
//
// The run under way belongs to this ledger: its time is counted before the ledger closes.
func (k *Core) closeLedger(u *unit) {
	l := u.ledger
	if l == nil {
		return
	}
	if k.run.ledger == l {
		k.endStage()
		k.countRun()
	}
	l.closed, u.ledger = true, nil
	k.opened(l)
}

// worked adds the time of one invocation.
//
// Work is noted by slot, since a unit's work for a slot is what admission is about.
// Stages of one slot follow each other as a rule.
func (l *ledger) worked(slot base.Slot, d time.Duration) {
	l.Busy += d
	if l.cur.slot != slot || !l.cur.used {
		l.turnTo(slot)
	}
	l.cur.busy += d
}

// manyStints is how many slots a ledger notes before it hands them over: where slots
// follow each other faster than they are published, as in replay.
const manyStints = 64

func (l *ledger) turnTo(slot base.Slot) {
	if l.cur.used {
		l.stints = append(l.stints, l.cur)
	}
	l.cur = stint{slot: slot, used: true}
	if len(l.stints) >= manyStints && l.to != nil && l.to.mu.TryLock() {
		l.pour()
		l.to.mu.Unlock()
	}
}

// pour adds the work of slots to the account, which the caller has locked.
func (l *ledger) pour() {
	for i := range l.stints {
		l.to.slots.add(l.stints[i].slot, l.stints[i].busy)
	}
	l.stints = l.stints[:0]
}

// sent counts payload bytes of an edge.
func (l *ledger) sent(e *plan.Edge, size int) {
	l.edges[l.unit.Part.Places[e.ID-1]].Sent += uint64(size)
}

// heard counts payload bytes of an edge that came from another runtime.
func (l *ledger) heard(e *plan.Edge, size int) {
	l.edges[l.unit.Part.Places[e.ID-1]].Remote += uint64(size)
}

// publish adds what is new to the account and reports whether it has.
//
// Bytes are counted by edge alone while handlers run; what that means for the unit and
// for the function is worked out here, once a slot.
func (l *ledger) publish(k *Core, wait bool) bool {
	a := l.to
	if !lock(&a.mu, wait) {
		return false
	}
	defer a.mu.Unlock()
	for i := range l.edges {
		e := &l.edges[i]
		if e.Sent+e.Remote == 0 {
			continue
		}
		l.Transferred += e.Sent
		l.Remote += e.Remote
		if n := l.unit.Part.Makers[i]; n != nil {
			k.stats[n.Index].Transferred += e.Sent
		}
		a.edges[i].Sent += e.Sent
		a.edges[i].Remote += e.Remote
		e.Sent, e.Remote = 0, 0
	}
	a.Meter.add(&l.Meter)
	a.Counts.add(&l.Counts)
	a.cpu += l.cpu
	l.pour()
	if l.cur.used {
		a.slots.add(l.cur.slot, l.cur.busy)
	}
	// What this core had shown before is taken back, and what it has now is added: the
	// account's gauges are sums over cores.
	a.gauges.sub(l.shown)
	if l.shown = (gauges{}); !l.closed {
		l.shown = l.unit.stands()
	}
	a.gauges.add(l.shown)
	l.Meter, l.Counts, l.cur, l.billed, l.cpu, l.open = Meter{}, Counts{}, stint{}, 0, 0, false
	if l.closed {
		k.board.leave(a, k.now)
	}
	if k.board.watch.Load() != nil {
		k.shown = slices.Grow(k.shown, 1)[:len(k.shown)+1]
		row := &k.shown[len(k.shown)-1]
		a.readCounters(row)
		row.Node = k.board.node
	}
	return true
}

// Unbilled returns the busy time of the core's units for which they have not been
// charged, see [Core.Bill].
func (k *Core) Unbilled() (busy time.Duration) {
	k.countRun()
	for _, l := range k.open {
		busy += l.Busy - l.billed
	}
	return busy
}

// Bill charges units with the processor time of the core's thread: rate is how much
// of it there is for the unbilled busy time of all that it has run.
//
// Busy time is wall time. A thread that was not running while its handlers were under way
// used less; the rate spreads what it did use.
func (k *Core) Bill(rate float64) {
	for _, l := range k.open {
		l.cpu += time.Duration(float64(l.Busy-l.billed) * rate)
		l.billed = l.Busy
	}
}

// counts returns the counters to which an event at a function and a unit goes. A
// unit that is not here has none: its owner counts.
//
// Two places, since a program asks by function and a planner by unit. They are counted
// side by side where events are rare, and derived where they are not.
func (k *Core) counts(n *plan.Node, u *unit) [2]*Counts {
	if u == nil || u.phase == unitAway {
		return [2]*Counts{&k.stats[n.Index].Counts, &k.nobody}
	}
	return [2]*Counts{&k.stats[n.Index].Counts, &k.ledger(u).Counts}
}

// countsAt is counts for a key, of which this core may know nothing.
func (k *Core) countsAt(n *plan.Node, key base.Key) [2]*Counts {
	return k.counts(n, k.units[plan.UnitID{Part: n.Part, Root: n.Part.Root(key)}])
}

// stands returns how the unit stands at this core.
func (u *unit) stands() gauges {
	g := u.gauges
	if u.more != nil {
		g.queued += u.more.waits.len()
	}
	return g
}
