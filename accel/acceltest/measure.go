// SPDX-License-Identifier: Apache-2.0

package acceltest

import (
	"runtime"
	"slices"
	"time"

	"github.com/neuroran/neuroran/accel"
)

// Times says how long runs of a binding take.
type Times struct {
	Min, P50, P99 time.Duration // shortest, median, and what one run in a hundred exceeds
	Runs          int           // runs measured
	Allocs        int           // Go allocations per run
}

// warmup is how many runs a measurement begins with, if its time allows.
const warmup = 20

// Measure runs a binding until limit has passed or maxRuns are done, after
// warming up, and says how long the runs took. It returns the error of a run.
func Measure(b *accel.Binding, maxRuns int, limit time.Duration) (Times, error) {
	times := make([]time.Duration, 0, max(maxRuns, warmup))
	start := time.Now()
	for i := 0; i < warmup && (i < 1 || time.Since(start) < limit); i++ {
		if err := b.Run(); err != nil {
			return Times{}, err
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start = time.Now()
	for len(times) < 1 || len(times) < maxRuns && time.Since(start) < limit {
		t := time.Now()
		if err := b.Run(); err != nil {
			return Times{}, err
		}
		times = append(times, time.Since(t))
	}
	runtime.ReadMemStats(&after)
	slices.Sort(times)
	n := len(times)
	return Times{Min: times[0], P50: times[n/2], P99: times[n*99/100], Runs: n,
		Allocs: int(after.Mallocs-before.Mallocs) / n}, nil
}
