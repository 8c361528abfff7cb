// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// run is a sequence of stages of one unit and slot that follow each other without a
// gap, as those of a message do. What the unit has used is the time from the start of
// the first to the end of the last, and is counted when another run begins, and before
// ledgers are published: so a stage counts for its function alone, and for its unit as
// one more.
//
// Why runs: a stage takes some 100 ns, and adding up for function and unit at each would
// cost a tenth of that. A run of five stages adds up once for its unit.
type run struct {
	ledger *ledger // of the unit
	slot   base.Slot
	stages uint64    // not counted yet
	start  base.Time // of what is not counted yet
	end    base.Time // of the last stage, which is the start of the one under way
}

// beginRun ends the last run and begins another one.
func (k *Core) beginRun(l *ledger, slot base.Slot) {
	k.countRun()
	if slot > l.newest || l.behind {
		l.newest, l.behind = max(slot, l.newest), false
		if l.Invocations > 0 && k.board.watch.Load() != nil {
			k.showUnits(false) // see Cores.Watch
			l.behind = l.Invocations > 0
		}
	}
	r := &k.run
	if r.ledger != l { // so that the collector need not hear of the same again
		r.ledger = l
	}
	r.slot, r.start, r.end = slot, k.now, k.now
}

// countRun adds what the run has used to the ledger. The run may go on.
func (k *Core) countRun() {
	r := &k.run
	if r.stages == 0 && r.end == r.start {
		return
	}
	l := r.ledger
	l.Invocations += r.stages
	l.worked(r.slot, r.end.Sub(r.start))
	k.opened(l)
	r.stages, r.start = 0, r.end
}

// endStage ends the measurement of the last stage: its end is the start of the next
// one, so that the clock is read once a stage.
//
// The clock is read by the shell, as the event's moment: a stage ends when the next step
// begins.
func (k *Core) endStage() {
	if !k.cur.timed {
		return
	}
	k.cur.timed = false
	n := k.cur.edge.Node
	d := k.now.Sub(k.run.end)
	k.run.end = k.now
	s := &k.stats[n.Index]
	s.Busy += d
	s.times.add(d)
	if b := n.Fn.Config.Budget; k.now > k.cur.due || (b > 0 && d > b) {
		k.late(n)
	}
}

// late counts and reports that the last stage has ended after its due time, or has
// taken more than its budget.
func (k *Core) late(n *plan.Node) {
	k.stats[n.Index].Late++
	k.run.ledger.Late++
	k.opened(k.run.ledger)
	if k.set.Notices {
		h := base.Header{Key: k.cur.ks.key, Slot: k.run.slot, Due: k.cur.due}
		k.effect(Effect{Kind: EffectNotice, Notice: &Notice{Kind: NoticeLate, At: base.Address{Function: n.Fn.Name, Key: h.Key}, Header: h, Reason: "ended late"}})
	}
}
