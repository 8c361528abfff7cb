// SPDX-License-Identifier: Apache-2.0

package core

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts durations in buckets of a quarter of an octave: a quantile
// is at most 19 % too high.
type histogram struct {
	counts [buckets]uint32
	max    time.Duration
}

const (
	subBits = 2
	buckets = 40 << subBits
)

// bucket returns the place of a duration in nanoseconds.
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

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))]++
	h.max = max(h.max, d)
}

// merge adds the counts of o.
func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.max = max(h.max, o.max)
}

// quantile returns an upper bound of the q-quantile, 0 if nothing was counted.
func (h *histogram) quantile(q float64) time.Duration {
	var total uint64
	for _, n := range h.counts {
		total += uint64(n)
	}
	if total == 0 {
		return 0
	}
	rank := uint64(max(math.Ceil(q*float64(total)), 1)) - 1
	for i, n := range h.counts {
		if uint64(n) > rank {
			return min(upper(i), h.max)
		}
		rank -= uint64(n)
	}
	return h.max
}
