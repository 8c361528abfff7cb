// SPDX-License-Identifier: Apache-2.0

package i8

import (
	"encoding/binary"
	"math"
)

// Range is what a quantized type holds less its zero point, and the zero point:
// results are limited to Lo and Hi and then moved by Zero.
type Range struct {
	Lo   float32 // least number of the type less the zero point
	Hi   float32 // greatest one less the zero point
	Zero int32   // zero point
}

// Signed returns the range of int8 with a zero point.
func Signed(zero int32) Range { return Range{float32(-128 - zero), float32(127 - zero), zero} }

// Unsigned returns the range of uint8 with a zero point.
func Unsigned(zero int32) Range { return Range{float32(-zero), float32(255 - zero), zero} }

// narrow rounds x to the nearest integer, ties to the even one; what is not a
// number is Lo.
func (r Range) narrow(x float32) uint8 {
	if !(x > r.Lo) {
		x = r.Lo
	}
	return uint8(int32(math.RoundToEven(float64(min(x, r.Hi)))) + r.Zero)
}

// Sum adds bytes as unsigned numbers.
func Sum(x []uint8) int64 {
	n := len(x) &^ 31
	total := sum(x[:n])
	for _, v := range x[n:] {
		total += int64(v)
	}
	return total
}

// AddScaled computes dst = c + f·s + g, modulo 2³². dst may be c.
func AddScaled(dst, c, s []int32, f, g int32) {
	n := addScaled(dst, c[:len(dst)], s[:len(dst)], f, g)
	for i := n; i < len(dst); i++ {
		dst[i] = c[i] + f*s[i] + g
	}
}

// Requantize computes dst = (c + f·s + g)·scale in the range r.
func Requantize(dst []uint8, c, s []int32, f, g int32, scale float32, r Range) {
	n := requantize(dst, c[:len(dst)], s[:len(dst)], f, g, scale, r)
	for i := n; i < len(dst); i++ {
		dst[i] = r.narrow(float32(c[i]+f*s[i]+g) * scale)
	}
}

// Quantize computes dst = x/scale in the range r.
func Quantize(dst []uint8, x []float32, scale float32, r Range) {
	n := quantize(dst, x[:len(dst)], scale, r)
	for i := n; i < len(dst); i++ {
		dst[i] = r.narrow(x[i] / scale)
	}
}

// Dequantize computes dst = ((x ^ flip) − zero)·scale; with flip 0 x is unsigned,
// with [Flip] signed and zero greater by 128.
func Dequantize(dst []float32, x []uint8, scale float32, zero int32, flip uint8) {
	n := dequantize(dst, x[:len(dst)], scale, zero, flip)
	for i := n; i < len(dst); i++ {
		dst[i] = float32(int32(x[i]^flip)-zero) * scale
	}
}

func sumGeneric(x []uint8) (total int64) {
	for _, v := range x {
		total += int64(v)
	}
	return total
}

// CopyFlipped copies x, every byte flipped by a pattern.
func CopyFlipped(dst, x []uint8, flip uint8) {
	x = x[:len(dst)]
	if flip == 0 {
		copy(dst, x)
		return
	}
	n, word := len(dst)&^7, uint64(flip)*0x0101010101010101
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(x[i:])^word)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = x[i] ^ flip
	}
}
