// SPDX-License-Identifier: Apache-2.0

//go:build linux

package live

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// sleeper sleeps to moments of the production clock. The kernel may merge
// wake-ups within the timer slack of a thread, 50 µs by default: it is set to
// the least while the clock runs.
type sleeper struct {
	offset int64 // CLOCK_MONOTONIC minus production clock
	slack  int
}

// newSleeper measures how far the kernel's clock is from the production clock, once: both
// count alike from then on. The slack is that of the calling thread, which is locked.
func newSleeper() *sleeper {
	var ts unix.Timespec
	s := &sleeper{}
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) == nil {
		s.offset = ts.Nano() - int64(base.Now())
	}
	if old, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err == nil {
		s.slack = old
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	}
	return s
}

// until sleeps to an absolute moment, so that an interrupted sleep goes on where it was.
// Where the kernel refuses, Go's own sleep has to do.
func (s *sleeper) until(t base.Time) {
	for base.Now() < t {
		ts := unix.NsecToTimespec(int64(t) + s.offset)
		if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil); err != nil && err != unix.EINTR {
			time.Sleep(t.Sub(base.Now()))
		}
	}
}

// close gives the thread its old slack back: the caller goes on with it.
func (s *sleeper) close() {
	if s.slack > 0 {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(s.slack), 0, 0, 0)
	}
}
