// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// strides holds 1, 2 and 3 times a distance in bytes.
type strides struct{ one, two, three Register }

func multiples(bytes GPVirtual) strides {
	two, three := GP64(), GP64()
	LEAQ(Mem{Base: bytes, Index: bytes, Scale: 1}, two)
	LEAQ(Mem{Base: bytes, Index: bytes, Scale: 2}, three)
	return strides{bytes, two, three}
}

// at returns the operand k strides behind base.
func (s strides) at(base Register, k int) Mem {
	switch k {
	case 1:
		return Mem{Base: base, Index: s.one, Scale: 1}
	case 2:
		return Mem{Base: base, Index: s.two, Scale: 1}
	case 3:
		return Mem{Base: base, Index: s.three, Scale: 1}
	}
	return Mem{Base: base}
}

// loadFour loads a, b, c, d, one stride apart.
func (w width) loadFour(base Register, s strides) (x [4]VecVirtual) {
	for k := range x {
		x[k] = w.reg()
		VMOVUPS(s.at(base, k), x[k])
	}
	return x
}

// radix4First is the pass with s = 1: vectors run over p, and the four results
// of each p are put side by side.
func radix4First() {
	w := width256
	TEXT("radix4FirstAVX2", NOSPLIT, "func(dst, src, tw *complex64, m int)")
	Doc("radix4FirstAVX2 is Radix4 for s = 1 and m a positive multiple of 4.")
	Pragma("noescape")
	dst, src, tw := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("tw"), GP64())
	left := Load(Param("m"), GP64()).(GPVirtual)
	bytes := GP64()
	MOVQ(left, bytes)
	SHLQ(Imm(3), bytes)
	s := multiples(bytes)
	one := w.constant(1)

	Label("loop")
	x := w.loadFour(src, s)
	y0, y1, y2, y3 := w.butterfly(x[0], x[1], x[2], x[3], one)
	for k, y := range []VecVirtual{y1, y2, y3} {
		t := twiddle{w.reg(), w.reg()}
		VMOVSLDUP(s.at(tw, k), t.re)
		VMOVSHDUP(s.at(tw, k), t.im)
		w.times(y, t)
	}
	lo01, hi01, lo23, hi23 := YMM(), YMM(), YMM(), YMM()
	VUNPCKLPD(y1, y0, lo01) // p 0 and 2
	VUNPCKHPD(y1, y0, hi01) // p 1 and 3
	VUNPCKLPD(y3, y2, lo23)
	VUNPCKHPD(y3, y2, hi23)
	for p, pair := range [][3]VecVirtual{{lo01, lo23}, {hi01, hi23}, {lo01, lo23}, {hi01, hi23}} {
		out := YMM()
		VPERM2F128(Imm(uint64(0x20+0x11*(p/2))), pair[1], pair[0], out)
		VMOVUPS(out, Mem{Base: dst, Disp: 32 * p})
	}
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), tw)
	ADDQ(U32(128), dst)
	SUBQ(Imm(4), left)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// radix4 is the pass with twiddles and s a multiple of the lanes: the outer
// loop runs over p, the inner over q.
func radix4(w width) {
	name := "radix4" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, src, tw *complex64, m, s int)")
	Doc(name + " is Radix4 for m ≥ 1 and s a positive multiple of the lanes.")
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
	from, to, factors := multiples(in), multiples(sBytes), multiples(twStep)
	one := w.constant(1)

	Label("outer")
	t := [3]twiddle{w.broadcast(factors.at(tw, 0)), w.broadcast(factors.at(tw, 1)), w.broadcast(factors.at(tw, 2))}
	q := GP64()
	MOVQ(sBytes, q)
	Label("inner")
	x := w.loadFour(src, from)
	y0, y1, y2, y3 := w.butterfly(x[0], x[1], x[2], x[3], one)
	w.times(y1, t[0])
	w.times(y2, t[1])
	w.times(y3, t[2])
	for k, y := range []VecVirtual{y0, y1, y2, y3} {
		VMOVUPS(y, to.at(dst, k))
	}
	ADDQ(U32(uint32(w.bytes)), src)
	ADDQ(U32(uint32(w.bytes)), dst)
	SUBQ(U32(uint32(w.bytes)), q)
	JNZ(LabelRef("inner"))
	ADDQ(to.three, dst)
	ADDQ(Imm(8), tw)
	DECQ(m)
	JNZ(LabelRef("outer"))
	VZEROUPPER()
	RET()
}

// radix4Last is the pass with m = 1, which has no twiddles.
func radix4Last(w width) {
	name := "radix4Last" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, src *complex64, s int)")
	Doc(name + " is Radix4 for m = 1 and s a positive multiple of the lanes.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	bytes := Load(Param("s"), GP64()).(GPVirtual)
	SHLQ(Imm(3), bytes)
	s := multiples(bytes)
	q := GP64()
	MOVQ(bytes, q)
	one := w.constant(1)
	Label("loop")
	x := w.loadFour(src, s)
	y0, y1, y2, y3 := w.butterfly(x[0], x[1], x[2], x[3], one)
	for k, y := range []VecVirtual{y0, y1, y2, y3} {
		VMOVUPS(y, s.at(dst, k))
	}
	ADDQ(U32(uint32(w.bytes)), src)
	ADDQ(U32(uint32(w.bytes)), dst)
	SUBQ(U32(uint32(w.bytes)), q)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// radix2Last is the radix-2 pass with m = 1, which has no twiddles.
func radix2Last() {
	w := width256
	TEXT("radix2LastAVX2", NOSPLIT, "func(dst, src *complex64, s int)")
	Doc("radix2LastAVX2 is Radix2 for m = 1 and s a positive multiple of 4.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	bytes := Load(Param("s"), GP64()).(GPVirtual)
	SHLQ(Imm(3), bytes)
	q := GP64()
	MOVQ(bytes, q)
	Label("loop")
	a, b, sum := w.reg(), w.reg(), w.reg()
	VMOVUPS(Mem{Base: src}, a)
	VMOVUPS(Mem{Base: src, Index: bytes, Scale: 1}, b)
	VADDPS(b, a, sum)
	VSUBPS(b, a, a)
	VMOVUPS(sum, Mem{Base: dst})
	VMOVUPS(a, Mem{Base: dst, Index: bytes, Scale: 1})
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), q)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// radix2 is the radix-2 pass with twiddles and s a multiple of the lanes.
func radix2() {
	w := width256
	TEXT("radix2AVX2", NOSPLIT, "func(dst, src, tw *complex64, m, s int)")
	Doc("radix2AVX2 is Radix2 for m ≥ 1 and s a positive multiple of 4.")
	Pragma("noescape")
	dst, src, tw := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("tw"), GP64())
	m := Load(Param("m"), GP64()).(GPVirtual)
	sBytes := Load(Param("s"), GP64()).(GPVirtual)
	SHLQ(Imm(3), sBytes)
	in, q := GP64(), GP64()
	MOVQ(sBytes, in)
	IMULQ(m, in)
	Label("outer")
	t := w.broadcast(Mem{Base: tw})
	MOVQ(sBytes, q)
	Label("inner")
	a, b, sum := w.reg(), w.reg(), w.reg()
	VMOVUPS(Mem{Base: src}, a)
	VMOVUPS(Mem{Base: src, Index: in, Scale: 1}, b)
	VADDPS(b, a, sum)
	VSUBPS(b, a, a)
	w.times(a, t)
	VMOVUPS(sum, Mem{Base: dst})
	VMOVUPS(a, Mem{Base: dst, Index: sBytes, Scale: 1})
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), q)
	JNZ(LabelRef("inner"))
	ADDQ(sBytes, dst)
	ADDQ(Imm(8), tw)
	DECQ(m)
	JNZ(LabelRef("outer"))
	VZEROUPPER()
	RET()
}

// radix3 is the last pass of lengths divisible by 3.
func radix3() {
	w := width256
	TEXT("radix3AVX2", NOSPLIT, "func(dst, src *complex64, s int)")
	Doc("radix3AVX2 is Radix3 for s a positive multiple of 4.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	bytes := Load(Param("s"), GP64()).(GPVirtual)
	SHLQ(Imm(3), bytes)
	s := multiples(bytes)
	q := GP64()
	MOVQ(bytes, q)
	one, half, height := w.constant(1), w.constant(0.5), w.constant(float32(math.Sqrt(3)/2))
	Label("loop")
	a, b, c := w.reg(), w.reg(), w.reg()
	VMOVUPS(s.at(src, 0), a)
	VMOVUPS(s.at(src, 1), b)
	VMOVUPS(s.at(src, 2), c)
	sum, diff, mid, out := w.reg(), w.reg(), w.reg(), w.reg()
	VADDPS(c, b, sum)
	VSUBPS(c, b, diff)
	w.swap(diff, diff)
	VMULPS(height, diff, diff)
	VADDPS(sum, a, out)
	VMOVUPS(out, s.at(dst, 0))
	VMULPS(half, sum, mid)
	VSUBPS(mid, a, mid)
	VMOVAPS(mid, out)
	VFMSUBADD213PS(diff, one, out) // mid − j·√3/2·(b−c)
	VMOVUPS(out, s.at(dst, 1))
	VFMADDSUB213PS(diff, one, mid) // mid + j·√3/2·(b−c)
	VMOVUPS(mid, s.at(dst, 2))
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), q)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
