// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && linux && !purego

package tsc

import (
	"os"
	"strings"
	"sync"
)

//go:generate env GOWORK=off go -C _asm run . -out ../tsc_amd64.s -stubs ../tsc_amd64.go -pkg tsc

// Read returns the counter of the processor that runs the caller. It does not
// allocate and may be called concurrently.
func Read() uint64 { return rdtsc() }

// Stable reports whether the counter ticks at one rate, through all power
// states and in step on all processors. That is so where Linux itself keeps
// time by it: the kernel measures the counter and gives it up if it strays.
func Stable() bool { return stable() }

var stable = sync.OnceValue(func() bool {
	source, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	return err == nil && strings.TrimSpace(string(source)) == "tsc"
})
