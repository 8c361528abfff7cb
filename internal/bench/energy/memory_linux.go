// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// peakMiB returns the most memory that the process has had, 0 if that is not known.
func peakMiB() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Maxrss) / 1024
}
