// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package accel_test

import "time"

var start = time.Now()

// cpuTime returns the time of the clock, for want of that of the thread.
func cpuTime() time.Duration { return time.Since(start) }
