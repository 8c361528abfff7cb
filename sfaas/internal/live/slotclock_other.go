// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package live

import (
	"runtime"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// sleeper sleeps to moments of the production clock: with time.Sleep up to two
// milliseconds before, then by yielding.
type sleeper struct{}

func newSleeper() *sleeper { return &sleeper{} }

func (s *sleeper) until(t base.Time) {
	const margin = 2 * time.Millisecond
	if d := t.Sub(base.Now()); d > margin {
		time.Sleep(d - margin)
	}
	for base.Now() < t {
		runtime.Gosched()
	}
}

func (s *sleeper) close() {}
