// SPDX-License-Identifier: Apache-2.0

package world

import (
	"math/rand/v2"
	"time"
)

// draw is the source of everything that a seed decides.
type draw struct{ *rand.Rand }

func newDraw(seed, stream uint64) draw { return draw{rand.New(rand.NewPCG(seed, stream))} }

// chance returns true with probability p.
func (d draw) chance(p float64) bool { return d.Float64() < p }

// between returns a whole number from least to most.
func (d draw) between(least, most int) int { return least + d.IntN(most-least+1) }

// span returns a duration from least to most.
func (d draw) span(least, most time.Duration) time.Duration {
	return least + time.Duration(d.Int64N(int64(most-least)+1))
}

// wait returns an exponential waiting time for something that happens so often per
// second.
func (d draw) wait(rate float64) time.Duration {
	return time.Duration(d.ExpFloat64() / rate * float64(time.Second))
}

// pick returns one of some.
func pick[T any](d draw, some []T) T { return some[d.IntN(len(some))] }

// hash mixes numbers into one, the same for the same numbers.
func hash(xs ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, x := range xs {
		h ^= x
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
	}
	return h
}
