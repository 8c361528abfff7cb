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

// radix8 is the pass with twiddles and s a multiple of the lanes: two radix-4
// butterflies, of the sums and of the turned differences.
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
	x := w.loadEight(src, from)
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
	y := [8]VecVirtual{y0, y1, y2, y3, y4, y5, y6, y7}
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
