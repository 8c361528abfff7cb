// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// product returns x·b or x·conj(b) for b in memory; x is overwritten.
func (w width) product(x VecVirtual, b Mem, conj bool) VecVirtual {
	t := twiddle{w.reg(), w.reg()}
	VMOVSLDUP(b, t.re)
	VMOVSHDUP(b, t.im)
	s := w.reg()
	w.swap(x, s)
	VMULPS(t.im, s, s)
	if conj {
		VFMSUBADD213PS(s, t.re, x)
	} else {
		VFMADDSUB213PS(s, t.re, x)
	}
	return x
}

// mulEven is the product of every second value of a with b.
func mulEven(name, of string, conj bool) {
	w := width256
	TEXT(name, NOSPLIT, "func(dst, a, b *complex64, n int)")
	Doc(name + " is " + of + " for n values, n a positive multiple of 4; it reads 2n values of a.")
	Pragma("noescape")
	dst, a, b := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	Label("loop")
	x := w.reg()
	VMOVUPD(Mem{Base: a}, x)
	VUNPCKLPD(Mem{Base: a, Disp: 32}, x, x) // 0, 4, 2, 6
	VPERMPD(Imm(0xd8), x, x)
	VMOVUPS(w.product(x, Mem{Base: b}, conj), Mem{Base: dst})
	ADDQ(Imm(64), a)
	ADDQ(Imm(32), b)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// pairSum adds the two products of each pair.
func pairSum() {
	w := width256
	TEXT("pairSumAVX2", NOSPLIT, "func(dst, a, b *complex64, n int)")
	Doc("pairSumAVX2 is PairSum for n values of dst, n a positive multiple of 4.")
	Pragma("noescape")
	dst, a, b := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	Label("loop")
	var x [2]VecVirtual
	for v := range x {
		x[v] = w.reg()
		VMOVUPS(Mem{Base: a, Disp: 32 * v}, x[v])
		w.product(x[v], Mem{Base: b, Disp: 32 * v}, false)
	}
	first, second := w.reg(), w.reg()
	VUNPCKLPD(x[1], x[0], first)
	VUNPCKHPD(x[1], x[0], second)
	VADDPS(second, first, first)
	VPERMPD(Imm(0xd8), first, first)
	VMOVUPS(first, Mem{Base: dst})
	ADDQ(Imm(64), a)
	ADDQ(Imm(64), b)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// lineFour holds every value three times and then the mean with the next one.
func lineFour() {
	w := width256
	TEXT("lineFourAVX2", NOSPLIT, "func(dst, src *complex64, n int)")
	Doc("lineFourAVX2 is LineFour for n values of src, n a positive multiple of 4; it reads one value more.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	half := w.constant(0.5)
	Label("loop")
	a, mid := w.reg(), w.reg()
	VMOVUPS(Mem{Base: src}, a)
	VADDPS(Mem{Base: src, Disp: 8}, a, mid)
	VMULPS(half, mid, mid)
	for i := range 4 {
		hold, last := w.reg(), w.reg()
		VPERMPD(Imm(uint64(0x55*i)), a, hold)
		VPERMPD(Imm(uint64(0x55*i)), mid, last)
		VBLENDPD(Imm(8), last, hold, hold)
		VMOVUPD(hold, Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(Imm(32), src)
	ADDQ(U32(128), dst)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// autoCorrelate computes four lags at a time.
func autoCorrelate(w width) {
	values := w.lanes()
	TEXT("autoCorrelate"+w.suffix, NOSPLIT, "func(sum *[8]float32, a, b *complex64, n int)")
	Doc(fmt.Sprintf("autoCorrelate%s writes the real parts and then the imaginary parts of Σ a[p+j]·conj(b[p]), j = 0…3,", w.suffix),
		fmt.Sprintf("over n values of b, n a positive multiple of %d; it reads n+3 values of a.", values))
	Pragma("noescape")
	sum, a, b := Load(Param("sum"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	var same, cross [4]VecVirtual
	for j := range same {
		same[j], cross[j] = w.zeroed(), w.zeroed()
	}
	Label("loop")
	y, s := w.reg(), w.reg()
	VMOVUPS(Mem{Base: b}, y)
	w.swap(y, s)
	for j := range same {
		x := w.reg()
		VMOVUPS(Mem{Base: a, Disp: 8 * j}, x)
		VFMADD231PS(x, y, same[j])
		VFMADD231PS(x, s, cross[j])
	}
	ADDQ(Imm(uint64(w.bytes)), a)
	ADDQ(Imm(uint64(w.bytes)), b)
	SUBQ(Imm(uint64(values)), n)
	JNZ(LabelRef("loop"))
	// I·Q' has the sign − and Q·I' the sign +.
	for i, x := range [][4]VecVirtual{same, cross} {
		for j := range x {
			x[j] = w.fold(x[j])
		}
		add := VHADDPS
		if i == 1 {
			add = VHSUBPS // even − odd: the negative, turned below
		}
		add(x[1], x[0], x[0])
		add(x[3], x[2], x[2])
		VHADDPS(x[2], x[0], x[0])
		high := XMM()
		VEXTRACTF128(Imm(1), x[0], high)
		low := x[0].AsX()
		VADDPS(high, low, low)
		if i == 1 {
			zero := XMM()
			VXORPS(zero, zero, zero)
			VSUBPS(low, zero, low)
		}
		VMOVUPS(low, Mem{Base: sum, Disp: 16 * i})
	}
	VZEROUPPER()
	RET()
}
