// SPDX-License-Identifier: Apache-2.0

package core

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// Histogram counts durations in buckets of a sixteenth of an octave: what it
// tells is at most 1/16 too high. Its memory is in proportion to the range of
// what it has counted. The zero value is empty. Two histograms merge without any
// loss; one copied by assignment shares its memory with the original, see
// [Histogram.Clone].
//
// A Histogram is for one goroutine at a time.
type Histogram struct {
	first  int // bucket of counts[0]
	counts []uint64
	max    time.Duration
}

// A bucket is 1/16 of an octave: the first four bits after the leading one.
const (
	subBits = 4
	buckets = 40 << subBits // up to 2^43 ns
)

// bucket returns the place of a duration in nanoseconds.
//
//	ns:     1 b b b b x x x x x        e: how many bits are cut off
//	place:  e · 16 + 1bbbb             below 16 ns every nanosecond has a bucket
func bucket(ns uint64) int {
	if ns < 1<<subBits {
		return int(ns)
	}
	e := bits.Len64(ns) - 1 - subBits
	return min(e<<subBits+int(ns>>e), buckets-1)
}

// upper returns the largest duration of bucket i.
func upper(i int) time.Duration {
	if i < 1<<subBits {
		return time.Duration(i)
	}
	e := i>>subBits - 1
	m := uint64(i&(1<<subBits-1) | 1<<subBits)
	return time.Duration((m+1)<<e - 1)
}

// add counts one duration. The first one makes room for what is up to sixteen times
// as short or as long, so that the usual range of something takes no memory later.
func (h *Histogram) add(d time.Duration) {
	i := bucket(uint64(max(d, 0)))
	if uint(i-h.first) >= uint(len(h.counts)) {
		lo, hi := i, i+1
		if len(h.counts) == 0 {
			lo, hi = max(i-4<<subBits, 0), i+4<<subBits
		}
		h.cover(lo, hi)
	}
	h.counts[i-h.first]++
	h.max = max(h.max, d)
}

// Add counts one duration; below 0 it counts as 0. It allocates where one is far from all
// before it.
func (h *Histogram) Add(d time.Duration) { h.add(d) }

// cover makes room for the buckets from lo up to hi, whole octaves of them: so
// little is ever made, and nothing in the steady state.
func (h *Histogram) cover(lo, hi int) {
	const octave = 1 << subBits
	lo, hi = lo&^(octave-1), min((hi+octave-1)&^(octave-1), buckets)
	if len(h.counts) == 0 {
		h.first = lo
	}
	if lo < h.first {
		h.counts = slices.Insert(h.counts, 0, make([]uint64, h.first-lo)...)
		h.first = lo
	}
	if end := h.first + len(h.counts); hi > end {
		h.counts = append(h.counts, make([]uint64, hi-end)...)
	}
}

// tally is a histogram of fixed memory, for durations that are counted one by one
// while handlers run.
//
// Handlers must not wait for memory, so that the counters which they write have all
// buckets from the start.
type tally struct {
	counts [buckets]uint32
	max    time.Duration
}

func (t *tally) add(d time.Duration) {
	t.counts[bucket(uint64(max(d, 0)))]++
	t.max = max(t.max, d)
}

// pour adds everything to h and leaves t empty.
func (t *tally) pour(h *Histogram) {
	for i, n := range t.counts {
		if n > 0 {
			h.cover(i, i+1)
			h.counts[i-h.first] += uint64(n)
		}
	}
	h.max = max(h.max, t.max)
	*t = tally{}
}

// Merge adds everything that o has counted.
func (h *Histogram) Merge(o *Histogram) {
	if len(o.counts) == 0 {
		return
	}
	h.cover(o.first, o.first+len(o.counts))
	for i, n := range o.counts {
		h.counts[o.first-h.first+i] += n
	}
	h.max = max(h.max, o.max)
}

// reset empties h and keeps its memory.
func (h *Histogram) reset() {
	clear(h.counts)
	h.max = 0
}

// set makes h a copy of o in its own memory.
func (h *Histogram) set(o *Histogram) {
	h.first, h.max = o.first, o.max
	h.counts = append(h.counts[:0], o.counts...)
}

// Clone returns a copy that shares no memory.
func (h *Histogram) Clone() Histogram {
	return Histogram{h.first, slices.Clone(h.counts), h.max}
}

// Count returns how many durations have been counted.
func (h *Histogram) Count() uint64 {
	var total uint64
	for _, n := range h.counts {
		total += n
	}
	return total
}

// Max returns the longest duration, 0 if nothing was counted.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns an upper bound of the q-quantile, which a share q of all
// durations do not exceed; 0 if nothing was counted.
//
// The bound is the upper end of the bucket, or the longest duration if that is less.
func (h *Histogram) Quantile(q float64) time.Duration {
	total := h.Count()
	if total == 0 {
		return 0
	}
	rank := uint64(max(math.Ceil(q*float64(total)), 1)) - 1
	for i, n := range h.counts {
		if n > rank {
			return min(upper(h.first+i), h.max)
		}
		rank -= n
	}
	return h.max
}
