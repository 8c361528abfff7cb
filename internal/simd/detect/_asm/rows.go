// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// zeroed returns n cleared registers.
func zeroed(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = YMM()
		VXORPS(r[i], r[i], r[i])
	}
	return r
}

// loaded returns a register with what is in memory.
func loaded(m Mem) VecVirtual {
	r := YMM()
	VMOVUPS(m, r)
	return r
}

// imag returns the imaginary parts of the block at m.
func imag(m Mem) Mem { return m.Offset(32) }

func split() {
	TEXT("splitAVX2", NOSPLIT, "func(dst *float32, src *complex64, scale float32, blocks int)")
	Doc("splitAVX2 is Split for whole blocks, at least one.")
	Pragma("noescape")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	factor := YMM()
	VBROADCASTSS(Load(Param("scale"), XMM()), factor)
	Label("loop")
	a, b := loaded(Mem{Base: src}), loaded(Mem{Base: src, Disp: 32})
	for i, pick := range []uint64{0x88, 0xdd} {
		out := YMM()
		VSHUFPS(Imm(pick), b, a, out)
		VPERMPD(Imm(0xd8), out, out)
		VMULPS(factor, out, out)
		VMOVUPS(out, Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(Imm(64), src)
	ADDQ(Imm(64), dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// comb runs two blocks at a time, then one.
func comb() {
	TEXT("combAVX2", NOSPLIT, "func(dst *float32, w *complex64, src *float32, off *int, taps, blocks int)")
	Doc("combAVX2 is Comb for taps ≥ 1 rows of a number of blocks.")
	Pragma("noescape")
	dst, w := Load(Param("dst"), GP64()), Load(Param("w"), GP64())
	src, off := Load(Param("src"), GP64()), Load(Param("off"), GP64())
	taps, n := Load(Param("taps"), GP64()), Load(Param("blocks"), GP64())
	for _, blocks := range []int{2, 1} {
		name := map[int]string{2: "two", 1: "one"}[blocks]
		Label(name)
		CMPQ(n, Imm(uint64(blocks)))
		JLT(LabelRef(name + "End"))
		sum := zeroed(2 * blocks)
		i := GP64()
		XORQ(i, i)
		Label(name + "Rows")
		row, re, im := GP64(), YMM(), YMM()
		MOVQ(Mem{Base: off, Index: i, Scale: 8}, row)
		LEAQ(Mem{Base: src, Index: row, Scale: 4}, row)
		VBROADCASTSS(Mem{Base: w, Index: i, Scale: 8}, re)
		VBROADCASTSS(Mem{Base: w, Index: i, Scale: 8, Disp: 4}, im)
		for b := range blocks {
			x := Mem{Base: row, Disp: 64 * b}
			xr, xi := loaded(x), loaded(imag(x))
			VFMADD231PS(xr, re, sum[2*b])
			VFNMADD231PS(xi, im, sum[2*b])
			VFMADD231PS(xi, re, sum[2*b+1])
			VFMADD231PS(xr, im, sum[2*b+1])
		}
		INCQ(i)
		CMPQ(i, taps)
		JLT(LabelRef(name + "Rows"))
		for k, s := range sum {
			VMOVUPS(s, Mem{Base: dst, Disp: 32 * k})
		}
		ADDQ(U32(uint32(64*blocks)), dst)
		ADDQ(U32(uint32(64*blocks)), src)
		SUBQ(Imm(uint64(blocks)), n)
		JMP(LabelRef(name))
		Label(name + "End")
	}
	VZEROUPPER()
	RET()
}

// rowLoop runs body for every pair of rows and finish for every block.
func rowLoop(bytes int, body func(a, b Mem), finish func(dst Mem)) {
	dst, a := Load(Param("dst"), GP64()), Load(Param("a"), GP64())
	b, rows := Load(Param("b"), GP64()), Load(Param("rows"), GP64())
	stepA, stepB := Load(Param("stepA"), GP64()), Load(Param("stepB"), GP64())
	n := Load(Param("blocks"), GP64())
	Label("loop")
	atA, atB, i := GP64(), GP64(), GP64()
	XORQ(atA, atA)
	XORQ(atB, atB)
	MOVQ(rows, i)
	finish(Mem{}) // clears the sums
	Label("rows")
	body(Mem{Base: a, Index: atA, Scale: 1}, Mem{Base: b, Index: atB, Scale: 1})
	ADDQ(stepA, atA)
	ADDQ(stepB, atB)
	DECQ(i)
	JNZ(LabelRef("rows"))
	finish(Mem{Base: dst})
	ADDQ(Imm(uint64(bytes)), dst)
	ADDQ(Imm(64), a)
	ADDQ(Imm(64), b)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func dot() {
	TEXT("dotAVX2", NOSPLIT, "func(dst, a, b *float32, rows, stepA, stepB, blocks int)")
	Doc("dotAVX2 is Dot for at least one row and block; steps are in bytes.")
	Pragma("noescape")
	var sum [4]VecVirtual // the two products of each part, so that their chains are short
	for i := range sum {
		sum[i] = YMM()
	}
	rowLoop(64, func(a, b Mem) {
		ar, ai, br, bi := loaded(a), loaded(imag(a)), loaded(b), loaded(imag(b))
		VFMADD231PS(ar, br, sum[0])
		VFMADD231PS(ai, bi, sum[1])
		VFMADD231PS(ar, bi, sum[2])
		VFMADD231PS(ai, br, sum[3])
	}, func(dst Mem) {
		if dst.Base == nil {
			for _, s := range sum {
				VXORPS(s, s, s)
			}
			return
		}
		VADDPS(sum[1], sum[0], sum[0])
		VSUBPS(sum[3], sum[2], sum[2])
		VMOVUPS(sum[0], dst)
		VMOVUPS(sum[2], imag(dst))
	})
}

func dotReal() {
	TEXT("dotRealAVX2", NOSPLIT, "func(dst, a, b *float32, rows, stepA, stepB, blocks int)")
	Doc("dotRealAVX2 is DotReal for at least one row and block; steps are in bytes.")
	Pragma("noescape")
	sum := [2]VecVirtual{YMM(), YMM()}
	rowLoop(32, func(a, b Mem) {
		VFMADD231PS(b, loaded(a), sum[0])
		VFMADD231PS(imag(b), loaded(imag(a)), sum[1])
	}, func(dst Mem) {
		if dst.Base == nil {
			VXORPS(sum[0], sum[0], sum[0])
			VXORPS(sum[1], sum[1], sum[1])
			return
		}
		VADDPS(sum[1], sum[0], sum[0])
		VMOVUPS(sum[0], dst)
	})
}

func sumInverse() {
	TEXT("sumInverseAVX2", NOSPLIT, "func(v *float32, n int) float32")
	Doc("sumInverseAVX2 is SumInverse for n values, n a positive multiple of 8.")
	Pragma("noescape")
	v, n := Load(Param("v"), GP64()), Load(Param("n"), GP64())
	one, sum := constant(1), zeroed(1)[0]
	Label("loop")
	inv := YMM()
	VDIVPS(Mem{Base: v}, one, inv)
	VADDPS(inv, sum, sum)
	ADDQ(Imm(32), v)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	high, low := XMM(), sum.AsX()
	VEXTRACTF128(Imm(1), sum, high)
	VADDPS(high, low, low)
	VHADDPS(low, low, low)
	VHADDPS(low, low, low)
	Store(low, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
