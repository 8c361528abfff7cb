// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"runtime"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// SlotClock calls a function at the start of every slot. It sleeps on a locked
// thread to absolute moments, so that lateness does not add up; on Linux it
// uses clock_nanosleep, because Go rounds sleeps below 1 ms up.
type SlotClock struct {
	Start  base.Time     // start of slot 0, on the clock of the runtime; 0 means one period from now
	Period time.Duration // length of a slot, above 0
}

// Run calls f with each slot and how late the call is, until f returns an
// error or ctx is done, and returns that error. It occupies the calling
// goroutine and its thread. If f takes longer than a slot, the next call is
// late; no slot is left out.
func (s SlotClock) Run(ctx context.Context, f func(n base.Slot, late time.Duration) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sleeper := newSleeper()
	defer sleeper.close()
	start := s.Start
	if start == 0 {
		start = base.Now().Add(s.Period)
	}
	for n := base.Slot(0); ; n++ {
		due := start.Add(time.Duration(n) * s.Period)
		sleeper.until(due)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(n, base.Now().Sub(due)); err != nil {
			return err
		}
	}
}
