// SPDX-License-Identifier: Apache-2.0

package c64

import "math"

const (
	maxSoft  = 120   // largest magnitude of a soft bit
	minNoise = 1e-12 // smallest variance
)

// maxLogGeneric is the definition of [MaxLog]. Every product is rounded by
// itself, so that all implementations give the same bits.
func maxLogGeneric(dst []int8, sym []complex64, noiseVar []float32, bitsPerDim int, gain, unit float32) {
	for i, z := range sym {
		w := float32(0)
		if v := noiseVar[i]; v == v {
			w = gain / max(v, minNoise)
		}
		x, y := float32(real(z)*unit), float32(imag(z)*unit)
		out := dst[2*bitsPerDim*i:][:2*bitsPerDim]
		for k := bitsPerDim - 1; k >= 1; k-- {
			top, half := float32(int(1)<<k-1), float32(int(1)<<(k-1))
			out[0] = fixed(float32(fold(x, top) * w))
			out[1] = fixed(float32(fold(y, top) * w))
			x, y = half-abs(x), half-abs(y)
			out = out[2:]
		}
		out[0] = fixed(float32(x * w))
		out[1] = fixed(float32(y * w))
	}
}

// fold returns ±(q+1)(x − q/2) with x = |t|, q = min(⌊x⌋, top) and the sign of t.
func fold(t, top float32) float32 {
	x := abs(t)
	q := float32(int32(min(x, top)))
	x = (q + 1) * float32(x-float32(q*0.5))
	return math.Float32frombits(math.Float32bits(x) | math.Float32bits(t)&(1<<31))
}

// fixed rounds to nearest even and saturates; NaN becomes 0.
func fixed(x float32) int8 {
	const round = 3 << 22 // the sum has no fraction bits left
	x = min(max(x, -maxSoft), maxSoft)
	if x != x {
		return 0
	}
	return int8(int32(float32(x+round) - round))
}

func abs(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
}
