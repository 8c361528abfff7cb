// SPDX-License-Identifier: Apache-2.0

package f32

import "math"

// The coefficients are found as those of exp.go:
//
//   - sinCoefs: (sin r − r)/r³ in r² for |r| ≤ π/4, relative error of sin r 2^-28
//   - cosCoefs: (cos r − 1 + r²/2)/r⁴ in r² for |r| ≤ π/4, relative error of cos r 2^-33
//
// quarter1 to quarter3 add up to π/2.
const (
	twoOverPi  = float32(2 / math.Pi)
	quarter1   = float32(math.Pi / 2)
	quarter2   = float32(-4.371139e-08)
	quarter3   = float32(-1.7151245e-15)
	angleLimit = float32(1 << 17) // up to here an angle is reduced in float32
)

var (
	sinCoefs = [...]float32{-0.16666655, 0.00833216, -0.00019515218}
	cosCoefs = [...]float32{0.041666646, -0.0013887315, 2.4433082e-05}
)

func sin(x, _, _ float32) float32 { return wave(x, 0, math.Sin) }
func cos(x, _, _ float32) float32 { return wave(x, 1, math.Cos) }

// wave returns the sine of x + turn·π/2, from far for what is beyond the limit.
//
// It takes k quarters off x. The product p of k and the first part of π/2 is so
// close to x that x − p is exact, and what p lacks is found by a fused operation;
// so the rest has no error but that of its own last place, even where it is small.
func wave(x float32, turn int32, far func(float64) float64) float32 {
	if !(float32(math.Abs(float64(x))) <= angleLimit) {
		return float32(far(float64(x)))
	}
	k := float32(math.RoundToEven(float64(x * twoOverPi)))
	p := k * quarter1
	r := x - p
	r -= fma(k, quarter1, -p)
	r = fma(-quarter2, k, r)
	r = fma(-quarter3, k, r)
	s := r * r
	q := int32(k) + turn
	var y float32
	if q&1 == 0 {
		y = fma(polynomial(s, sinCoefs[:])*s, r, r)
	} else {
		y = fma(polynomial(s, cosCoefs[:])*s, s, fma(-0.5, s, 1))
	}
	return math.Float32frombits(math.Float32bits(y) ^ uint32(q&2)<<30)
}

func sign(x, _, _ float32) float32 {
	if x < 0 || x > 0 {
		return float32(math.Copysign(1, float64(x)))
	}
	return x
}
