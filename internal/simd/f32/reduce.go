// SPDX-License-Identifier: Apache-2.0

package f32

import "math"

// Sum returns Σ x, summed in float64.
func Sum(x []float32) float64 { return sum(x) }

// SumSquares returns Σ (x − mean)², the squares summed in float64 and the
// differences rounded to float32.
func SumSquares(x []float32, mean float32) float64 { return sumSquares(x, mean) }

// ExpSum computes dst[i] = e^(x[i] − shift) for every element of dst, which may
// be x, and returns the sum, in float64. The error of each is that of [Exp] of
// the rounded difference.
func ExpSum(dst, x []float32, shift float32) float64 { return expSum(dst, x[:len(dst)], shift) }

// Greatest returns the greatest element, which is what is not a number if there
// is such an element, and minus infinity if there is none.
func Greatest(x []float32) float32 { return greatest(x) }

// Least returns the least element, which is what is not a number if there is
// such an element, and infinity if there is none.
func Least(x []float32) float32 { return least(x) }

func sumGeneric(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v)
	}
	return s
}

func sumSquaresGeneric(x []float32, mean float32) float64 {
	s := 0.0
	for _, v := range x {
		d := float64(v - mean)
		s += d * d
	}
	return s
}

func expSumGeneric(dst, x []float32, shift float32) float64 {
	s := 0.0
	for i, v := range x {
		dst[i] = exp(v-shift, 0, 0)
		s += float64(dst[i])
	}
	return s
}

func greatestGeneric(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

func leastGeneric(x []float32) float32 {
	m := float32(math.Inf(1))
	for _, v := range x {
		m = min(m, v)
	}
	return m
}
