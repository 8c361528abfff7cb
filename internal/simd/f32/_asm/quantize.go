// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// quantize writes the kernel of QuantizeRows: eight variances become factors,
// which a permutation spreads over the rows' elements, eight at a time.
func quantize() {
	TEXT("quantizeRowsAVX2", NOSPLIT,
		"func(dst *int8, x, variance *float32, n, cols uintptr, scale, floor, limit float32, spread *int32)")
	Doc("quantizeRowsAVX2 computes n rows, a multiple of eight; spread holds cols vectors.")
	dst, x, variance := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("variance"), GP64())
	n, cols, spread := Load(Param("n"), GP64()), Load(Param("cols"), GP64()), Load(Param("spread"), GP64())
	scale, floor, limit := width256.argument("scale"), width256.argument("floor"), width256.argument("limit")
	low := YMM()
	VXORPS(low, low, low)
	VSUBPS(limit, low, low)
	SHLQ(Imm(5), cols)
	at := GP64()

	Label("quantize_rows")
	w := YMM()
	VMOVUPS(Mem{Base: variance}, w)
	VMAXPS(w, floor, w) // the second source survives when it is not a number
	VDIVPS(w, scale, w)
	XORQ(at, at)

	Label("quantize_vector")
	y, ordered := YMM(), YMM()
	VMOVUPS(Mem{Base: spread, Index: at, Scale: 1}, y)
	VPERMPS(w, y, y)
	VMULPS(Mem{Base: x, Index: at, Scale: 1}, y, y)
	VCMPPS(Imm(7), y, y, ordered)
	VANDPS(ordered, y, y)
	VMINPS(limit, y, y)
	VMAXPS(low, y, y)
	VCVTPS2DQ(y, y)
	high := XMM()
	VEXTRACTI128(Imm(1), y, high)
	VPACKSSDW(high, y.AsX(), high)
	VPACKSSWB(high, high, high)
	VMOVQ(high, Mem{Base: dst})
	ADDQ(Imm(8), dst)
	ADDQ(Imm(32), at)
	CMPQ(at, cols)
	JLT(LabelRef("quantize_vector"))

	ADDQ(cols, x)
	ADDQ(Imm(32), variance)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("quantize_rows"))
	VZEROUPPER()
	RET()
}
