// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// flip256 handles 64 LLRs and one word a turn.
func flip256() {
	TEXT("flipSignsAVX2", NOSPLIT, "func(llrs *int8, words *uint64, n int)")
	Pragma("noescape")
	Doc("flipSignsAVX2 is FlipSigns for 64·n LLRs, n ≥ 1.")
	x := Load(Param("llrs"), GP64())
	words := Load(Param("words"), GP64())
	n := Load(Param("n"), GP64())
	spread := GLOBL("spread", RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(i/8))
	}
	selectBit := GLOBL("selectBit", RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(1<<(i%8)))
	}
	byteOf, bitOf := YMM(), YMM()
	VMOVDQU(spread, byteOf)
	VMOVDQU(selectBit, bitOf)
	Label("word")
	for h := range 2 {
		m, v := YMM(), YMM()
		VPBROADCASTD(Mem{Base: words, Disp: 4 * h}, m)
		VPSHUFB(byteOf, m, m)
		VPAND(bitOf, m, m)
		VPCMPEQB(bitOf, m, m) // all ones where the bit is 1
		VPXOR(Mem{Base: x, Disp: 32 * h}, m, v)
		VPSUBB(m, v, v)
		VMOVDQU(v, Mem{Base: x, Disp: 32 * h})
	}
	ADDQ(Imm(8), words)
	ADDQ(Imm(64), x)
	DECQ(n)
	JNE(LabelRef("word"))
	VZEROUPPER()
	RET()
}

// scale256 multiplies 32 magnitudes a turn as 16-bit numbers.
func scale256() {
	TEXT("scaleAVX2", NOSPLIT, "func(dst, src *int8, n, factor, limit int)")
	Pragma("noescape")
	Doc("scaleAVX2 is Scale for 32·n LLRs, n ≥ 1.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	f := YMM()
	factor := Load(Param("factor"), GP64())
	MOVQ(factor, f.AsX())
	VPBROADCASTW(f.AsX(), f)
	top := YMM()
	limit := Load(Param("limit"), GP64())
	MOVQ(limit, top.AsX())
	VPBROADCASTB(top.AsX(), top)
	low := YMM()
	VPCMPEQB(low, low, low)
	VPSRLW(Imm(8), low, low)
	Label("vector")
	x, even, odd := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: src}, x)
	VPABSB(x, odd)
	VPAND(low, odd, even)
	VPSRLW(Imm(8), odd, odd)
	VPMULHRSW(f, even, even)
	VPMULHRSW(f, odd, odd)
	VPSLLW(Imm(8), odd, odd)
	VPOR(even, odd, even)
	VPMINUB(top, even, even)
	VPSIGNB(x, even, even)
	VMOVDQU(even, Mem{Base: dst})
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), dst)
	DECQ(n)
	JNE(LabelRef("vector"))
	VZEROUPPER()
	RET()
}

// hardDecide256 moves 32 sign bits a turn.
func hardDecide256() {
	TEXT("hardDecideAVX2", NOSPLIT, "func(dst *byte, src *int8, n int)")
	Pragma("noescape")
	Doc("hardDecideAVX2 is HardDecide for 32·n LLRs, n ≥ 1.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	one, zero := YMM(), YMM()
	VPXOR(zero, zero, zero)
	VPCMPEQB(one, one, one)
	VPABSB(one, one)
	Label("signs")
	x := YMM()
	VPCMPGTB(Mem{Base: src}, zero, x)
	VPAND(one, x, x)
	VMOVDQU(x, Mem{Base: dst})
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), dst)
	DECQ(n)
	JNE(LabelRef("signs"))
	VZEROUPPER()
	RET()
}
