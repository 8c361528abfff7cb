// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rowComb adds weighted rows, up to eight vectors of columns at a time.
func rowComb() {
	TEXT("rowCombAVX2", NOSPLIT, "func(dst, w, b *float32, ld uintptr, rows, n uintptr)")
	Pragma("noescape")
	Doc("rowCombAVX2 is RowComb for n columns, a multiple of eight, and rows ≥ 1; ld is in bytes.")
	dst, w, b := Load(Param("dst"), GP64()), Load(Param("w"), GP64()), Load(Param("b"), GP64())
	ld, rows, n := Load(Param("ld"), GP64()), Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	for _, vectors := range []int{8, 4, 1} {
		label := fmt.Sprintf("rowComb_%d", vectors)
		Label(label)
		CMPQ(n, Imm(uint64(8*vectors)))
		JLT(LabelRef(label + "_end"))
		sum := make([]VecVirtual, vectors)
		for v := range sum {
			sum[v] = YMM()
			VXORPS(sum[v], sum[v], sum[v])
		}
		row, i := GP64(), GP64()
		MOVQ(b, row)
		XORQ(i, i)
		Label(label + "_rows")
		f := YMM()
		VBROADCASTSS(Mem{Base: w, Index: i, Scale: 4}, f)
		for v := range sum {
			VFMADD231PS(Mem{Base: row, Disp: 32 * v}, f, sum[v])
		}
		ADDQ(ld, row)
		INCQ(i)
		CMPQ(i, rows)
		JLT(LabelRef(label + "_rows"))
		for v := range sum {
			VMOVUPS(sum[v], Mem{Base: dst, Disp: 32 * v})
		}
		ADDQ(U32(uint32(32*vectors)), dst)
		ADDQ(U32(uint32(32*vectors)), b)
		SUBQ(Imm(uint64(8*vectors)), n)
		JMP(LabelRef(label))
		Label(label + "_end")
	}
	VZEROUPPER()
	RET()
}
