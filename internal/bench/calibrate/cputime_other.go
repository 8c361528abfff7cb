// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "time"

// cpuTime stands for the computing time of the thread where that is not known.
func cpuTime() time.Duration { return wallTime() }
