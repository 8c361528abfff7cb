// SPDX-License-Identifier: Apache-2.0

package tensor

import "math"

// Float16 is an IEEE 754 binary16 value, held as its bits.
type Float16 uint16

// NewFloat16 rounds x to the nearest binary16, ties to even. Values beyond
// 65504 become infinite; a NaN stays one.
func NewFloat16(x float32) Float16 {
	b := math.Float32bits(x)
	sign := Float16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN, kept quiet
		return sign | 0x7e00
	case b >= 0x477ff000: // rounds to 65536 or more
		return sign | 0x7c00
	case b < 0x38800000: // subnormal: let the addition round at 2^-24
		r := math.Float32frombits(b) + 0.5
		return sign | Float16(math.Float32bits(r)-0x3f000000)
	}
	odd := b >> 13 & 1
	return sign | Float16((b-0x38000000+0xfff+odd)>>13)
}

// Float32 returns the value, exactly.
func (f Float16) Float32() float32 {
	sign := uint32(f&0x8000) << 16
	b := uint32(f & 0x7fff)
	switch {
	case b >= 0x7c00: // infinite or NaN
		return math.Float32frombits(sign | 0x7f800000 | b<<13)
	case b < 0x0400: // zero or subnormal: b · 2^-24
		return math.Float32frombits(math.Float32bits(float32(b)*0x1p-24) | sign)
	}
	return math.Float32frombits(sign | (b<<13 + 0x38000000))
}
