// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the time that the calling thread has run, which other loads of
// the machine do not lengthen.
func cpuTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}
