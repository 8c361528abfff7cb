// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// packRow writes the copy of a row into full panels.
func packRow(w width) {
	name := "packRow" + w.suffix
	TEXT(name, NOSPLIT, "func(dst *float32, next uintptr, row *float32, panels uintptr)")
	Pragma("noescape")
	Doc(name + " copies a row to panels that are next bytes apart; panels ≥ 1.")
	dst, next := Load(Param("dst"), GP64()), Load(Param("next"), GP64())
	row, panels := Load(Param("row"), GP64()), Load(Param("panels"), GP64())
	Label(name + "_panel")
	for disp := 0; disp < panelBytes; disp += w.bytes {
		x := w.reg()
		VMOVUPS(Mem{Base: row, Disp: disp}, x)
		VMOVUPS(x, Mem{Base: dst, Disp: disp})
	}
	ADDQ(Imm(panelBytes), row)
	ADDQ(next, dst)
	DECQ(panels)
	JNZ(LabelRef(name + "_panel"))
	VZEROUPPER()
	RET()
}
