// SPDX-License-Identifier: Apache-2.0

// Package lookup tabulates functions of one positive number that has no natural scale, such as
// a ratio of powers: a lookup costs a few nanoseconds, where a logarithm or an exponential
// costs tens.
package lookup

import "math"

// Table is a function over positive numbers, as straight lines between places of which there
// are 32 for every factor of two. It is immutable and shared; its methods do not allocate.
//
// The place of an argument is found by its exponent and the first bits of its mantissa. A
// logarithm in dB is met to within 0.0006 dB.
type Table struct {
	low    int       // exponent of the first place
	values []float32 // at every place, and at the one after the last
}

// mantissaBits is how many bits of the mantissa tell places apart.
const mantissaBits = 5

// New tabulates a function from 2^low to 2^high.
func New(low, high int, f func(x float64) float64) *Table {
	t := &Table{low: low, values: make([]float32, (high-low)<<mantissaBits+1)}
	for i := range t.values {
		part := float64(i&(1<<mantissaBits-1)) / (1 << mantissaBits)
		t.values[i] = float32(f(math.Ldexp(1+part, low+i>>mantissaBits)))
	}
	return t
}

// At returns the function at x; below 2^low, and of what is no positive number, what it is at
// 2^low, and above 2^high what it is there.
func (t *Table) At(x float32) float32 {
	const (
		shift = 23 - mantissaBits // of a float32: 23 bits of mantissa, below an exponent that counts from −127
		bias  = 127
	)
	bits := math.Float32bits(x)
	i := int(bits>>shift) - (bias+t.low)<<mantissaBits
	if i < 0 || !(x > 0) {
		return t.values[0]
	}
	if i >= len(t.values)-1 {
		return t.values[len(t.values)-1]
	}
	part := float32(bits&(1<<shift-1)) * (1.0 / (1 << shift))
	return t.values[i] + part*(t.values[i+1]-t.values[i])
}
