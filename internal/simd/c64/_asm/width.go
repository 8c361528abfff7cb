// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// width is a vector width: registers, bytes, and the suffix of the names.
type width struct {
	bytes  int
	suffix string
	reg    func() VecVirtual
}

var (
	width256 = width{32, "AVX2", YMM}
	width512 = width{64, "AVX512", ZMM}
)

// lanes returns the complex values of a register.
func (w width) lanes() int { return w.bytes / 8 }

// zeroed returns a cleared register.
func (w width) zeroed() VecVirtual {
	r := w.reg()
	if w.bytes == 64 {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

// fold adds the halves of a register that is wider than 32 bytes.
func (w width) fold(x VecVirtual) VecVirtual {
	if w.bytes == 32 {
		return x
	}
	high := YMM()
	VEXTRACTF64X4(Imm(1), x, high)
	VADDPS(high, x.AsY(), high)
	return high
}

// swap sets out to x with I and Q exchanged.
func (w width) swap(x, out VecVirtual) { VPERMILPS(Imm(0xb1), x, out) }

// constant returns a register whose elements are all x.
func (w width) constant(x float32) VecVirtual {
	r := w.reg()
	VBROADCASTSS(constVec(x), r)
	return r
}

// vectors holds the constants written so far.
var vectors = map[float32]Mem{}

// constVec returns an operand of eight equal numbers.
func constVec(x float32) Mem {
	m, ok := vectors[x]
	if !ok {
		m = GLOBL(fmt.Sprintf("vec%08x", math.Float32bits(x)), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(math.Float32bits(x)))
		}
		vectors[x] = m
	}
	return m
}

// twiddle is a broadcast or loaded complex factor: real and imaginary part in
// both elements of every pair.
type twiddle struct{ re, im VecVirtual }

// broadcast loads one twiddle into all pairs.
func (w width) broadcast(m Mem) twiddle {
	t := twiddle{w.reg(), w.reg()}
	VBROADCASTSS(m, t.re)
	VBROADCASTSS(m.Offset(4), t.im)
	return t
}

// times sets x to x·t.
func (w width) times(x VecVirtual, t twiddle) {
	s := w.reg()
	w.swap(x, s)
	VMULPS(t.im, s, s)
	VFMADDSUB213PS(s, t.re, x) // x·re ∓ s
}

// butterfly turns a, b, c, d into the four sums of a radix-4 butterfly, without
// twiddles. one holds ones.
func (w width) butterfly(a, b, c, d, one VecVirtual) (y0, y1, y2, y3 VecVirtual) {
	even, odd, sum, diff := w.reg(), w.reg(), w.reg(), w.reg()
	VADDPS(c, a, even)
	VSUBPS(c, a, odd)
	VADDPS(d, b, sum)
	VSUBPS(d, b, diff)
	y0, y2 = w.reg(), w.reg()
	VADDPS(sum, even, y0)
	VSUBPS(sum, even, y2)
	w.swap(diff, diff)
	y1, y3 = w.reg(), w.reg()
	VMOVAPS(odd, y1)
	VFMSUBADD213PS(diff, one, y1) // odd − j·diff: I adds, Q subtracts
	VMOVAPS(odd, y3)
	VFMADDSUB213PS(diff, one, y3) // odd + j·diff
	return y0, y1, y2, y3
}
