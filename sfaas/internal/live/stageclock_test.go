// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/simd/tsc"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// TestStageClock holds the clock between two readings of the system's, which
// is true however long the reader is interrupted.
func TestStageClock(t *testing.T) {
	if !tsc.Stable() {
		t.Skip("the system does not keep time by the counter")
	}
	const slack = 5 * time.Microsecond
	c := newStageClock(core.NewSettings())
	last := base.Time(0)
	for end := base.Now().Add(8 * calibration); last < end; {
		before := base.Now()
		now := c.now()
		after := base.Now()
		if now < before.Add(-slack) || now > after.Add(slack) {
			t.Fatalf("%d ns after the start: reads %d, the system between %d and %d", before-c.first, now, before, after)
		}
		if now < last {
			t.Fatalf("goes back by %d ns", last-now)
		}
		last = now
	}
	if c.span == 0 {
		t.Error("never went by the counter")
	}
}

// TestStageClockJump survives a counter that jumps, in either direction.
func TestStageClockJump(t *testing.T) {
	c := newStageClock(core.NewSettings())
	for c.counts && c.span == 0 {
		c.now()
	}
	for _, jump := range []uint64{1 << 40, ^uint64(1<<40) + 1} {
		before := base.Now()
		c.tick += jump
		if now := c.now(); now < before.Add(-5*time.Microsecond) || now > base.Now().Add(5*time.Microsecond) {
			t.Errorf("jump of %d ticks: reads %d, the system %d", int64(jump), now, before)
		}
	}
}

// TestForeignClock leaves a clock that the program brings as it is.
func TestForeignClock(t *testing.T) {
	at := base.Time(7)
	set := core.NewSettings()
	set.Clock, set.ForeignClock = func() base.Time { return at }, true
	c := newStageClock(set)
	for _, want := range []base.Time{7, 9, 8} {
		at = want
		if got := c.now(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

func BenchmarkStageClock(b *testing.B) {
	c := newStageClock(core.NewSettings())
	b.ReportAllocs()
	for b.Loop() {
		c.now()
	}
}
