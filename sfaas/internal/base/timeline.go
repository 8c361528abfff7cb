// SPDX-License-Identifier: Apache-2.0

package base

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Timeline says when slots begin on the clock of the process. It may be set while
// runtimes follow it, and again whenever the radio's clock turns out to be another:
// what is pushed from then on is due accordingly. All methods may be called
// concurrently; Start does not allocate and takes no lock.
type Timeline struct {
	length time.Duration // of a slot on the radio's clock
	now    atomic.Pointer[pace]

	mu    sync.Mutex // of those who write
	least lead
}

// pace is one slot with its start, and what lies between starts.
type pace struct {
	slot   Slot
	start  Time
	length float64 // ns on the clock of the process
}

// lead is what [Timeline.Follow] has heard in a window of slots: the slot that came
// earliest, compared with the timeline.
type lead struct {
	first Slot
	early time.Duration
	heard bool
	tuned bool // a window has passed since the timeline was set
}

// followWindow is over how many slots [Timeline.Follow] looks for the earliest.
const followWindow = 1000

// NewTimeline returns a timeline of slots of a length on the radio's clock, above 0.
// As long as it is not set, no slot has a start, and nothing is late.
func NewTimeline(length time.Duration) *Timeline { return &Timeline{length: length} }

// Length returns the length of a slot on the radio's clock.
func (t *Timeline) Length() time.Duration { return t.length }

// Start returns when a slot begins: [Never] where the timeline is not set, and beyond
// the range of the clock.
func (t *Timeline) Start(n Slot) Time {
	p := t.now.Load()
	if p == nil {
		return Never
	}
	at := float64(int64(n-p.slot)) * p.length
	if at > math.MaxInt64/2 {
		return Never
	}
	return p.start + Time(math.Round(at))
}

// SlotAt returns the slot that is on the air at a moment, and false before slot 0 and
// where the timeline is not set.
func (t *Timeline) SlotAt(at Time) (Slot, bool) {
	p := t.now.Load()
	if p == nil {
		return 0, false
	}
	n := int64(math.Floor(float64(at-p.start) / p.length))
	if n < 0 && uint64(-n) > uint64(p.slot) {
		return 0, false
	}
	return p.slot + Slot(n), true
}

// Set says when a slot begins. What was adjusted before stays.
func (t *Timeline) Set(n Slot, start Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	length := float64(t.length)
	if p := t.now.Load(); p != nil {
		length = p.length
	}
	t.now.Store(&pace{n, start, length})
	t.least = lead{first: n}
}

// Adjust says by how many parts per million the clock of the radio is faster than the
// one of the process; from slot n on the slots are as much shorter. It has no effect
// before [Timeline.Set].
func (t *Timeline) Adjust(n Slot, ppm float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Load() != nil {
		t.now.Store(&pace{n, t.Start(n), float64(t.length) / (1 + ppm*1e-6)})
	}
}

// PPM returns by how many parts per million the clock of the radio is taken to be
// faster than the one of the process.
func (t *Timeline) PPM() float64 {
	p := t.now.Load()
	if p == nil {
		return 0
	}
	return (float64(t.length)/p.length - 1) * 1e6
}

// Follow keeps the timeline with a radio: it says that something of slot n, always the
// same, has come at a moment, such as its first packet. The first call sets the
// timeline. The way to the program delays some packets and makes none early, so the
// earliest of 1000 slots counts: by how much it differs shifts the timeline, and half
// of the drift that follows from it adjusts the rate.
func (t *Timeline) Follow(n Slot, at Time) {
	if t.now.Load() == nil {
		t.Set(n, at)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := at.Sub(t.Start(n)); !t.least.heard || d < t.least.early {
		t.least.early, t.least.heard = d, true
	}
	span := int64(n - t.least.first)
	if span < followWindow {
		return
	}
	p := *t.now.Load()
	p.start, p.slot = t.Start(n).Add(t.least.early), n
	if t.least.tuned {
		p.length += float64(t.least.early) / float64(span) / 2
	}
	t.now.Store(&p)
	t.least = lead{first: n, tuned: true}
}
