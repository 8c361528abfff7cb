// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// taps writes the sum of weighted, shifted copies of a signal: for up to eight
// vectors of positions at a time, all taps in turn.
func taps(w width) {
	name := "taps" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, src *float32, offsets *int, w *float32, count, n uintptr, init, floor float32)")
	Pragma("noescape")
	Doc(name + " is Taps for n positions, a multiple of the vector, and count ≥ 1 taps.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	offsets, weights := Load(Param("offsets"), GP64()), Load(Param("w"), GP64())
	count, n := Load(Param("count"), GP64()), Load(Param("n"), GP64())
	init, floor := w.argument("init"), w.argument("floor")
	for _, vectors := range []int{8, 4, 2, 1} {
		label := fmt.Sprintf("%s_%d", name, vectors)
		elems := vectors * w.lanes()
		Label(label)
		CMPQ(n, Imm(uint64(elems)))
		JLT(LabelRef(label + "_end"))
		sum := make([]VecVirtual, vectors)
		for v := range sum {
			sum[v] = w.reg()
			VXORPS(sum[v], sum[v], sum[v])
		}
		t, row := GP64(), GP64()
		XORQ(t, t)
		Label(label + "_taps")
		MOVQ(Mem{Base: offsets, Index: t, Scale: 8}, row)
		LEAQ(Mem{Base: src, Index: row, Scale: 4}, row)
		f := w.reg()
		VBROADCASTSS(Mem{Base: weights, Index: t, Scale: 4}, f)
		for v := range sum {
			VFMADD231PS(Mem{Base: row, Disp: w.bytes * v}, f, sum[v])
		}
		INCQ(t)
		CMPQ(t, count)
		JLT(LabelRef(label + "_taps"))
		for v := range sum {
			VADDPS(init, sum[v], sum[v])
			VMAXPS(sum[v], floor, sum[v])
			VMOVUPS(sum[v], Mem{Base: dst, Disp: w.bytes * v})
		}
		ADDQ(U32(uint32(4*elems)), dst)
		ADDQ(U32(uint32(4*elems)), src)
		SUBQ(Imm(uint64(elems)), n)
		JMP(LabelRef(label))
		Label(label + "_end")
	}
	VZEROUPPER()
	RET()
}
