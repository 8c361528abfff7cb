// SPDX-License-Identifier: Apache-2.0

package mac

import "github.com/neuroran/neuroran/phy/nr"

// AverageRate is the discounted average of the bits that a UE is granted per slot:
//
//	T(n) = β·T(n−1) + (1 − β)·R(n)
//
// It is kept as it was after the slot of the last grant, and falls by itself in the slots
// without one, so that it needs no update there. It is a comparable value.
type AverageRate struct {
	Bits float64 // T, bits per slot, after slot At
	At   nr.Slot // slot of the last grant
}

// leastRate is the smallest average, so that one over it is finite.
const leastRate = 1e-3

// Before returns T(slot − 1), at least a thousandth of a bit. It does not allocate.
func (a *AverageRate) Before(slot nr.Slot, discount float64) float64 {
	if slot <= a.At {
		return max(a.Bits, leastRate)
	}
	return max(a.Bits*power(discount, uint64(slot-a.At-1)), leastRate)
}

// Add takes the bits granted in a slot, which makes the average T(slot).
func (a *AverageRate) Add(slot nr.Slot, bits, discount float64) {
	a.Bits, a.At = discount*a.Before(slot, discount)+(1-discount)*bits, slot
}

// power returns x to the n-th power by squaring.
func power(x float64, n uint64) float64 {
	y := 1.0
	for ; n > 0 && y > 0; n >>= 1 {
		if n&1 != 0 {
			y *= x
		}
		x *= x
	}
	return y
}
