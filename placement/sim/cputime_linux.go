// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the processor time of the process.
func cpuTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
