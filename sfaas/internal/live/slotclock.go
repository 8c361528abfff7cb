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
	Timeline *base.Timeline // when slots begin; it may be set and adjusted meanwhile
}

// nap is for how long the clock sleeps at most before it looks at the timeline again.
const nap = 10 * time.Millisecond

// Run calls f with each slot and how late the call is, until f returns an error or ctx
// is done, and returns that error. It occupies the calling goroutine and its thread.
//
// It begins with the first slot that starts from now on, and waits for it while the
// timeline is not set. If f takes longer than a slot, the next call is late; slots that
// are over by then are left out, so that a stall is not made up for by a burst. Slots
// never fall or repeat.
//
// The next slot is the one after the last, or the one that is on the air, whichever is
// later: an early call waits, a late one is made at once, and those whose slot is over
// are left out.
func (s SlotClock) Run(ctx context.Context, f func(n base.Slot, late time.Duration) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sleeper := newSleeper()
	defer sleeper.close()
	begin := base.Now()
	next, begun := base.Slot(0), false
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := base.Now()
		if on, ok := s.Timeline.SlotAt(now); ok {
			next = max(next, on)
		}
		due := s.Timeline.Start(next)
		if !begun && due < begin {
			next++
			continue
		}
		// It sleeps in naps, so that a timeline which is set or adjusted meanwhile is
		// noticed.
		if due > now {
			sleeper.until(min(due, now.Add(nap)))
			if due > now.Add(nap) {
				continue
			}
		}
		begun = true
		if err := f(next, base.Now().Sub(due)); err != nil {
			return err
		}
		next++
	}
}
