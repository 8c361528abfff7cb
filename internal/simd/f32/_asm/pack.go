// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// packRows writes the copy of rows into panels: row i begins at an offset of its
// own, and goes to row i of every panel. A last panel that the row fills in part
// is filled up with zeros.
func packRows(w width) {
	name := "packRows" + w.suffix
	TEXT(name, NOSPLIT, "func(dst *float32, next uintptr, src *float32, offsets *int, count, n uintptr)")
	Pragma("noescape")
	Doc(name + " copies count ≥ 1 rows of n elements to panels that are next bytes apart.")
	dst, next := Load(Param("dst"), GP64()), Load(Param("next"), GP64())
	src, offsets := Load(Param("src"), GP64()), Load(Param("offsets"), GP64())
	count, n := Load(Param("count"), GP64()), Load(Param("n"), GP64())
	rest := GP64()
	MOVQ(n, rest)
	ANDQ(Imm(panelBytes/4-1), rest)
	vectors := panelBytes / w.bytes
	masks := w.masks(rest, vectors)
	from, to, left := GP64(), GP64(), GP64()
	Label(name + "_row")
	MOVQ(Mem{Base: offsets}, from)
	LEAQ(Mem{Base: src, Index: from, Scale: 4}, from)
	MOVQ(dst, to)
	MOVQ(n, left)
	Label(name + "_panel")
	SUBQ(Imm(panelBytes/4), left)
	JLT(LabelRef(name + "_rest"))
	for v := range vectors {
		x := w.reg()
		VMOVUPS(Mem{Base: from, Disp: v * w.bytes}, x)
		VMOVUPS(x, Mem{Base: to, Disp: v * w.bytes})
	}
	ADDQ(Imm(panelBytes), from)
	ADDQ(next, to)
	JMP(LabelRef(name + "_panel"))
	Label(name + "_rest")
	TESTQ(rest, rest)
	JZ(LabelRef(name + "_next"))
	for v := range vectors {
		x, at := w.reg(), Mem{Base: from, Disp: v * w.bytes}
		if w.bytes == 64 {
			VMOVUPS_Z(at, masks[v], x)
		} else {
			VMASKMOVPS(at, masks[v], x)
		}
		VMOVUPS(x, Mem{Base: to, Disp: v * w.bytes})
	}
	Label(name + "_next")
	ADDQ(Imm(8), offsets)
	ADDQ(Imm(panelBytes), dst)
	DECQ(count)
	JNZ(LabelRef(name + "_row"))
	VZEROUPPER()
	RET()
}
