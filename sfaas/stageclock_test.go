// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/simd/tsc"
)

// TestStageClock holds the clock between two readings of the system's, which
// is true however long the reader is interrupted.
func TestStageClock(t *testing.T) {
	if !tsc.Stable() {
		t.Skip("the system does not keep time by the counter")
	}
	const slack = 5 * time.Microsecond
	c := newStageClock(newSettings(nil))
	last := Time(0)
	for end := Now().Add(8 * calibration); last < end; {
		before := Now()
		now := c.now()
		after := Now()
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
	c := newStageClock(newSettings(nil))
	for c.counts && c.span == 0 {
		c.now()
	}
	for _, jump := range []uint64{1 << 40, ^uint64(1<<40) + 1} {
		before := Now()
		c.tick += jump
		if now := c.now(); now < before.Add(-5*time.Microsecond) || now > Now().Add(5*time.Microsecond) {
			t.Errorf("jump of %d ticks: reads %d, the system %d", int64(jump), now, before)
		}
	}
}

// TestForeignClock leaves a clock that the program brings as it is.
func TestForeignClock(t *testing.T) {
	at := Time(7)
	c := newStageClock(newSettings([]Option{WithClock(func() Time { return at })}))
	for _, want := range []Time{7, 9, 8} {
		at = want
		if got := c.now(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

func BenchmarkStageClock(b *testing.B) {
	c := newStageClock(newSettings(nil))
	b.ReportAllocs()
	for b.Loop() {
		c.now()
	}
}
