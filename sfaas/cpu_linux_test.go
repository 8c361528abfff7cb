// SPDX-License-Identifier: Apache-2.0

//go:build linux

package sfaas_test

import "golang.org/x/sys/unix"

// cpuTime returns the processor time of this process in nanoseconds.
func cpuTime() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts)
	return ts.Nano()
}
