// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// loadEight loads eight values, one stride apart.
func (w width) loadEight(base Register, s strides) (x [8]VecVirtual) {
	high := GP64()
	LEAQ(Mem{Base: base, Index: s.one, Scale: 4}, high)
	for k := range 4 {
		x[k], x[k+4] = w.reg(), w.reg()
		VMOVUPS(s.at(base, k), x[k])
		VMOVUPS(s.at(high, k), x[k+4])
	}
	return x
}

// butterfly8 turns eight values into the eight sums of a radix-8 butterfly,
// without twiddles: two radix-4 butterflies, of the sums and of the turned
// differences. one, half and minus hold 1, √½ and −√½.
func (w width) butterfly8(x [8]VecVirtual, one, half, minus VecVirtual) [8]VecVirtual {
	for k := range 4 { // sums in front, differences behind
		diff := w.reg()
		VSUBPS(x[k+4], x[k], diff)
		VADDPS(x[k+4], x[k], x[k])
		x[k+4] = diff
	}
	// The differences turn by 0, 1, 2 and 3 eighths.
	turned := func(v VecVirtual, back bool) VecVirtual {
		s := w.reg()
		w.swap(v, s)
		if back {
			VFMADDSUB213PS(s, one, v) // (1 + j)·v
			VMULPS(minus, v, v)
		} else {
			VFMSUBADD213PS(s, one, v) // (1 − j)·v
			VMULPS(half, v, v)
		}
		return v
	}
	x[5], x[7] = turned(x[5], false), turned(x[7], true)
	quarter := w.reg()
	w.swap(x[6], quarter)
	odd := x[4]
	even := w.reg()
	VMOVAPS(odd, even)
	VFMSUBADD213PS(quarter, one, even) // x4 − j·x6
	VFMADDSUB213PS(quarter, one, odd)  // x4 + j·x6
	y0, y2, y4, y6 := w.butterfly(x[0], x[1], x[2], x[3], one)
	sum, diff := w.reg(), w.reg()
	VADDPS(x[7], x[5], sum)
	VSUBPS(x[7], x[5], diff)
	w.swap(diff, diff)
	y1, y5, y3, y7 := w.reg(), w.reg(), w.reg(), odd
	VADDPS(sum, even, y1)
	VSUBPS(sum, even, y5)
	VMOVAPS(odd, y3)
	VFMSUBADD213PS(diff, one, y3)
	VFMADDSUB213PS(diff, one, y7)
	return [8]VecVirtual{y0, y1, y2, y3, y4, y5, y6, y7}
}

// radix8 is the pass with twiddles and s a multiple of the lanes.
func radix8(w width) {
	name := "radix8" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, src, tw *complex64, m, s int)")
	Doc(name + " is Radix8 for m ≥ 1 and s a positive multiple of the lanes.")
	Pragma("noescape")
	dst, src, tw := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("tw"), GP64())
	m := Load(Param("m"), GP64()).(GPVirtual)
	sBytes := Load(Param("s"), GP64()).(GPVirtual)
	SHLQ(Imm(3), sBytes)
	in, twStep := GP64(), GP64()
	MOVQ(m, twStep)
	SHLQ(Imm(3), twStep)
	MOVQ(sBytes, in)
	IMULQ(m, in)
	from, to := multiples(in), multiples(sBytes)
	one, half, minus := w.constant(1), w.constant(math.Sqrt2/2), w.constant(-math.Sqrt2/2)

	Label("outer")
	var t [7]twiddle
	at := GP64()
	MOVQ(tw, at)
	for k := range t {
		t[k] = w.broadcast(Mem{Base: at})
		ADDQ(twStep, at)
	}
	q := GP64()
	MOVQ(sBytes, q)
	Label("inner")
	y := w.butterfly8(w.loadEight(src, from), one, half, minus)
	high := GP64()
	LEAQ(Mem{Base: dst, Index: to.one, Scale: 4}, high)
	for k, v := range y {
		if k > 0 {
			w.times(v, t[k-1])
		}
		if k < 4 {
			VMOVUPS(v, to.at(dst, k))
		} else {
			VMOVUPS(v, to.at(high, k-4))
		}
	}
	ADDQ(U32(uint32(w.bytes)), src)
	ADDQ(U32(uint32(w.bytes)), dst)
	SUBQ(U32(uint32(w.bytes)), q)
	JNZ(LabelRef("inner"))
	LEAQ(Mem{Base: dst, Index: to.one, Scale: 4}, dst)
	ADDQ(to.three, dst)
	ADDQ(Imm(8), tw)
	DECQ(m)
	JNZ(LabelRef("outer"))
	VZEROUPPER()
	RET()
}

// radix8First is the pass with s = 1: vectors run over p, and the eight results
// of each p are put side by side.
func radix8First() {
	w := width512
	TEXT("radix8FirstAVX512", NOSPLIT, "func(dst, src, tw *complex64, m int)")
	Doc("radix8FirstAVX512 is Radix8 for s = 1 and m a positive multiple of 8.")
	Pragma("noescape")
	dst, src, tw := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("tw"), GP64())
	left := Load(Param("m"), GP64()).(GPVirtual)
	bytes := GP64()
	MOVQ(left, bytes)
	SHLQ(Imm(3), bytes)
	s := multiples(bytes)
	one, half, minus := w.constant(1), w.constant(math.Sqrt2/2), w.constant(-math.Sqrt2/2)

	Label("loop")
	y := w.butterfly8(w.loadEight(src, s), one, half, minus)
	at := GP64()
	MOVQ(tw, at)
	for k := 1; k < 8; k++ {
		t := twiddle{w.reg(), w.reg()}
		VMOVSLDUP(Mem{Base: at}, t.re)
		VMOVSHDUP(Mem{Base: at}, t.im)
		w.times(y[k], t)
		ADDQ(bytes, at)
	}
	// Pairs of values, of even p and of odd p; then the four pairs of each p.
	var pairs [2][4]VecVirtual
	for k := range 4 {
		pairs[0][k], pairs[1][k] = w.reg(), w.reg()
		VUNPCKLPD(y[2*k+1], y[2*k], pairs[0][k])
		VUNPCKHPD(y[2*k+1], y[2*k], pairs[1][k])
	}
	for parity, x := range pairs {
		var t [4]VecVirtual
		for i, order := range []uint64{0x44, 0xee} {
			t[2*i], t[2*i+1] = w.reg(), w.reg()
			VSHUFF64X2(Imm(order), x[1], x[0], t[2*i])
			VSHUFF64X2(Imm(order), x[3], x[2], t[2*i+1])
		}
		for i := range 4 {
			out := w.reg()
			VSHUFF64X2(Imm([]uint64{0x88, 0xdd}[i%2]), t[i/2*2+1], t[i/2*2], out)
			VMOVUPS(out, Mem{Base: dst, Disp: 64 * (2*i + parity)})
		}
	}
	ADDQ(Imm(64), src)
	ADDQ(Imm(64), tw)
	ADDQ(U32(512), dst)
	SUBQ(Imm(8), left)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
