// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// parityRow256 adds the signs of a row's edges, one block of 64 checks a turn.
func parityRow256() {
	TEXT("parityRowAVX2", NOSPLIT, "func(soft *int8, edges *uint32, degree, z int) uint64")
	Pragma("noescape")
	Doc("parityRowAVX2 is ParityRow; it returns a bit for each violated lane.")
	z := Load(Param("z"), GP64())
	at, valid, here := GP64(), GP64(), Load(Param("soft"), GP64())
	startBlocks(z, at, valid)
	ADDQ(at, here)
	odd := GP64()
	XORQ(odd, odd)
	Label("checks")
	count, edge := Load(Param("degree"), GP64()), Load(Param("edges"), GP64())
	low, high := YMM(), YMM()
	VPXOR(low, low, low)
	VPXOR(high, high, high)
	Label("signsOfEdge")
	addr, wrap := GP64(), GP64()
	MOVL(Mem{Base: edge, Disp: edgeSrc}, addr.As32())
	XORL(wrap.As32(), wrap.As32())
	CMPL(at.As32(), Mem{Base: edge, Disp: edgeLeft})
	CMOVQCC(z, wrap)
	SUBQ(wrap, addr)
	VPXOR(Mem{Base: here, Index: addr, Scale: 1}, low, low)
	VPXOR(Mem{Base: here, Index: addr, Scale: 1, Disp: half}, high, high)
	ADDQ(Imm(edgeSize), edge)
	DECQ(count)
	JNE(LabelRef("signsOfEdge"))
	VPMOVMSKB(low, addr.As32())
	VPMOVMSKB(high, wrap.As32())
	SHLQ(Imm(32), wrap)
	ORQ(wrap, addr)
	ANDQ(valid, addr)
	ORQ(addr, odd)
	MOVQ(I32(-1), valid)
	SUBQ(Imm(lanes), here)
	SUBQ(Imm(lanes), at)
	JGE(LabelRef("checks"))
	VZEROUPPER()
	Store(odd, ReturnIndex(0))
	RET()
}

// packSigns256 gathers 32 sign bits a turn, after it has turned round every
// eight bytes so that the first becomes the most significant bit.
func packSigns256() {
	TEXT("packSignsAVX2", NOSPLIT, "func(dst *byte, src *int8, n int)")
	Pragma("noescape")
	Doc("packSignsAVX2 is PackSigns for 32·n LLRs, n ≥ 1.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	turn := GLOBL("turnEight", RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(i%16^7))
	}
	order := YMM()
	VMOVDQU(turn, order)
	Label("pack")
	x, bits := YMM(), GP32()
	VMOVDQU(Mem{Base: src}, x)
	VPSHUFB(order, x, x)
	VPMOVMSKB(x, bits)
	MOVL(bits, Mem{Base: dst})
	ADDQ(Imm(32), src)
	ADDQ(Imm(4), dst)
	DECQ(n)
	JNE(LabelRef("pack"))
	VZEROUPPER()
	RET()
}
