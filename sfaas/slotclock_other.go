// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sfaas

import (
	"runtime"
	"time"
)

// sleeper sleeps to moments of the production clock: with time.Sleep up to two
// milliseconds before, then by yielding.
type sleeper struct{}

func newSleeper() *sleeper { return &sleeper{} }

func (s *sleeper) until(t Time) {
	const margin = 2 * time.Millisecond
	if d := t.Sub(Now()); d > margin {
		time.Sleep(d - margin)
	}
	for Now() < t {
		runtime.Gosched()
	}
}

func (s *sleeper) close() {}
