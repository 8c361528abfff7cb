// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The coefficients are those of package f32, which says how they were found.
var (
	sinCoefs = []float32{-0.16666655, 0.00833216, -0.00019515218}
	cosCoefs = []float32{0.041666646, -0.0013887315, 2.4433082e-05}
	quarters = []float32{math.Pi / 2, -4.371139e-08, -1.7151245e-15}
)

// notEqual is the predicate of VCMPPS for numbers that differ.
const notEqual = 12

// wave is the sine of x + turn·π/2, step by step as package f32 defines it.
func (w width) wave(turn uint32) func(a, b VecVirtual) func(x VecVirtual) VecVirtual {
	return plain(func(x VecVirtual) VecVirtual {
		k, p, lack := w.reg(), w.reg(), w.reg()
		w.times(2/math.Pi, x, k)
		w.round(nearest, k, k)
		w.times(quarters[0], k, p)
		first := w.constant(quarters[0])
		VMOVAPS(p, lack)
		VFMSUB231PS(first, k, lack) // k·first − lack
		VSUBPS(p, x, x)
		VSUBPS(lack, x, x)
		w.subProduct(quarters[1], k, x)
		w.subProduct(quarters[2], k, x)
		s := w.reg()
		VMULPS(x, x, s)
		sine, cosine := w.polynomial(s, sinCoefs), w.polynomial(s, cosCoefs)
		VMULPS(s, sine, sine)
		VFMADD213PS(x, x, sine) // sine·x + x
		half := w.constant(1)
		w.subProduct(0.5, s, half)
		VMULPS(s, cosine, cosine)
		VFMADD213PS(half, s, cosine) // cosine·s + half
		quarter, odd, sign := w.reg(), w.reg(), w.reg()
		VCVTPS2DQ(k, quarter)
		if turn != 0 {
			moved := w.reg()
			VBROADCASTSS(bits(turn), moved)
			VPADDD(moved, quarter, quarter)
		}
		VPSLLD(Imm(31), quarter, odd)
		VPSLLD(Imm(30), quarter, sign)
		w.and(signBit, sign, sign)
		y := w.reg()
		w.choose(w.negative(odd), cosine, sine, y)
		VXORPS(sign, y, y)
		return y
	})
}

// negative returns a mask of the lanes with the sign bit.
func (w width) negative(x VecVirtual) Register {
	if w.bytes == 64 {
		k := K()
		VPMOVD2M(x, k)
		return k
	}
	return x
}

// sign is 1 with the sign of x, or x where that is 0 or no number.
func (w width) sign(_, _ VecVirtual) func(x VecVirtual) VecVirtual {
	zero, one := w.constant(0), w.constant(1)
	return func(x VecVirtual) VecVirtual {
		y := w.reg()
		w.and(signBit, x, y)
		VORPS(one, y, y)
		w.choose(w.compare(notEqual, x, zero), y, x, x)
		return x
	}
}
