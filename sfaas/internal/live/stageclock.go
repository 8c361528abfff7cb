// SPDX-License-Identifier: Apache-2.0

package live

import (
	"time"

	"github.com/neuroran/neuroran/internal/simd/tsc"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// How a stageClock keeps to the system's clock.
const (
	anchorEvery = 500 * time.Microsecond // at most, between two readings of the system's clock
	calibration = 10 * time.Millisecond  // first readings over which the counter's rate is measured
	anchorGap   = 4096                   // ticks that a reading may take if it was not interrupted
)

// stageClock is the clock that a worker reads once a stage. Where the
// processor has a stable counter it goes by that for half a millisecond at a
// time, which costs half as much as the system's clock and differs from it by a
// fraction of a microsecond at most. It never goes back. One goroutine uses it
// at a time.
//
// Between two readings of the system's clock, at most half a millisecond, the counter's
// rate is taken as constant. What the rate is off is corrected at each anchor, and better
// known the longer the clock has run.
type stageClock struct {
	system func() base.Time
	counts bool      // the counter is used
	last   base.Time // last moment returned

	tick  uint64    // counter at the last reading of the system's clock
	base  base.Time // that reading
	span  uint64    // ticks for which it holds; 0 until the rate is known
	scale uint64    // nanoseconds a tick, 32 bits of it a fraction

	firstTick uint64
	first     base.Time
}

// newStageClock returns the clock of a worker: the production clock or, if the
// options name another, that one as it is.
func newStageClock(set *core.Settings) *stageClock {
	return &stageClock{
		system: set.Clock, counts: !set.ForeignClock && tsc.Stable(),
		firstTick: tsc.Read(), first: set.Clock(),
	}
}

func (c *stageClock) now() base.Time {
	if !c.counts {
		return c.system()
	}
	d := tsc.Read() - c.tick
	t := c.base + base.Time(d*c.scale>>32)
	if d >= c.span {
		t = c.anchor()
	}
	c.last = max(c.last, t)
	return c.last
}

// anchor reads the system's clock and the counter at the same moment.
//
// Interrupted between the two readings of the counter, the system's moment belongs to no
// known tick: it is returned, and no anchor made of it.
func (c *stageClock) anchor() base.Time {
	before := tsc.Read()
	now := c.system()
	after := tsc.Read()
	if after-before > anchorGap {
		return now
	}
	tick := before + (after-before)/2
	if elapsed, ticks := now.Sub(c.first), tick-c.firstTick; elapsed >= calibration && ticks > 0 {
		perTick := float64(elapsed) / float64(ticks)
		c.scale = uint64(perTick * (1 << 32))
		c.span = uint64(float64(anchorEvery) / perTick)
	}
	// The base never lies behind what has been returned: time does not go back.
	c.tick, c.base = tick, max(now, c.last)
	return now
}
