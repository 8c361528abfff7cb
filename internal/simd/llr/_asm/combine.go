// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// splitPairs256 takes 64 elements a turn: as 16-bit numbers, the low bytes are
// the even elements and the high bytes the odd ones.
func splitPairs256() {
	TEXT("splitPairsAVX2", NOSPLIT, "func(even, odd, src *int8, n int)")
	Pragma("noescape")
	Doc("splitPairsAVX2 is SplitPairs for 64·n elements of src, n ≥ 1.")
	even, odd := Load(Param("even"), GP64()), Load(Param("odd"), GP64())
	src, n := Load(Param("src"), GP64()), Load(Param("n"), GP64())
	low := YMM()
	VPCMPEQB(low, low, low)
	VPSRLW(Imm(8), low, low)
	Label("pairs")
	a, b, e, f := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: src}, a)
	VMOVDQU(Mem{Base: src, Disp: 32}, b)
	VPAND(low, a, e)
	VPAND(low, b, f)
	VPACKUSWB(f, e, e)
	VPERMQ(Imm(0xd8), e, e)
	VPSRLW(Imm(8), a, a)
	VPSRLW(Imm(8), b, b)
	VPACKUSWB(b, a, a)
	VPERMQ(Imm(0xd8), a, a)
	VMOVDQU(e, Mem{Base: even})
	VMOVDQU(a, Mem{Base: odd})
	ADDQ(Imm(64), src)
	ADDQ(Imm(32), even)
	ADDQ(Imm(32), odd)
	DECQ(n)
	JNE(LabelRef("pairs"))
	VZEROUPPER()
	RET()
}

// addSaturated256 adds 32 elements a turn.
func addSaturated256() {
	TEXT("addSaturatedAVX2", NOSPLIT, "func(dst, src *int8, n, limit int)")
	Pragma("noescape")
	Doc("addSaturatedAVX2 is AddSaturated for 32·n elements, n ≥ 1.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	n, limit := Load(Param("n"), GP64()), Load(Param("limit"), GP64())
	top, bottom := YMM(), YMM()
	MOVQ(limit, top.AsX())
	VPBROADCASTB(top.AsX(), top)
	VPXOR(bottom, bottom, bottom)
	VPSUBB(top, bottom, bottom)
	Label("sums")
	x := YMM()
	VMOVDQU(Mem{Base: dst}, x)
	VPADDSB(Mem{Base: src}, x, x)
	VPMINSB(top, x, x)
	VPMAXSB(bottom, x, x)
	VMOVDQU(x, Mem{Base: dst})
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), dst)
	DECQ(n)
	JNE(LabelRef("sums"))
	VZEROUPPER()
	RET()
}
