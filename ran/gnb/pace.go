// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
)

// By a clock nothing is waited for. Whoever waits on a channel or a lock is woken by another
// thread, which on a busy machine may not run for several slots. So in slot n the clock's
// thread
//
//  1. tells the scheduler of slot n (tick), and goes on;
//  2. fetches the schedule of slot n, which was made while slots n − k₂ to n − 1 passed; where
//     there is none the slot has no grants and is late, and what its tick said is told again;
//  3. hands over samples, and takes what has become of earlier ones.

// ticker is a [Maker] that need not be waited for.
type ticker interface {
	// tick tells what Make is told.
	tick(in *block.SlotIndication, heard []block.Feedback) error
	// fetch writes the schedule of a slot, if there is one, and returns how long it took.
	fetch(dst *nr.Schedule, slot nr.Slot) (took time.Duration, ok bool, err error)
}

// pacer is what can keep up with a clock: after pace it waits for nothing.
type pacer interface{ pace() }

// pace lets slots begin by a clock from now on: nothing is waited for.
func (l *Loop) pace() {
	l.byClock = true
	l.ticker, _ = l.maker.(ticker)
	if p, ok := l.air.(pacer); ok {
		p.pace()
	}
}

// schedule has the schedule of the slot k₂ later made, or, by the clock, fetches that of the
// present slot, which was to be made meanwhile.
func (l *Loop) schedule(told *news) error {
	n := told.Slot
	if l.ticker == nil {
		began := time.Now()
		err := l.maker.Make(l.scheduleOf(n+nr.Slot(l.cfg.MAC.K2)), &told.SlotIndication, told.feedback)
		l.stats.scheduling.add(time.Since(began))
		return err
	}
	if err := l.ticker.tick(&told.SlotIndication, told.feedback); err != nil {
		return err
	}
	took, ok, err := l.ticker.fetch(l.scheduleOf(n), n)
	if ok {
		l.stats.scheduling.add(took)
	} else {
		l.stats.unscheduled++
		l.stats.isLate(n)
	}
	return err
}
