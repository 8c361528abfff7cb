// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// secondOnes writes the copy of every second element.
func secondOnes() {
	TEXT("strided2AVX2", NOSPLIT, "func(dst, src *float32, n uintptr)")
	Pragma("noescape")
	Doc("strided2AVX2 copies n elements, a positive multiple of 8, which lie two apart; it reads 2n.")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	Label("strided2")
	a, b := YMM(), YMM()
	VMOVUPS(Mem{Base: src}, a)
	VMOVUPS(Mem{Base: src, Disp: 32}, b)
	VSHUFPS(Imm(0x88), b, a, a) // a0 a2 b0 b2 | a4 a6 b4 b6
	VPERMPD(Imm(0xd8), a, a)
	VMOVUPS(a, Mem{Base: dst})
	ADDQ(Imm(64), src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("strided2"))
	VZEROUPPER()
	RET()
}
