// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose writes the transpose of eight rows, eight columns at a time. A
// register holds the left half of a column of the source and that of the column
// four further, so that the halves need no exchange at the end.
func transpose() {
	TEXT("transpose8AVX2", NOSPLIT, "func(dst *float32, ldd uintptr, src *float32, lds, blocks uintptr)")
	Pragma("noescape")
	Doc("transpose8AVX2 writes eight rows of blocks ≥ 1 times eight columns; distances are in bytes.")
	dst, ldd := Load(Param("dst"), GP64()), Load(Param("ldd"), GP64())
	src, lds := Load(Param("src"), GP64()), Load(Param("lds"), GP64())
	blocks := Load(Param("blocks"), GP64())
	ldd3, lds3 := GP64(), GP64()
	LEAQ(Mem{Base: ldd, Index: ldd, Scale: 2}, ldd3)
	LEAQ(Mem{Base: lds, Index: lds, Scale: 2}, lds3)
	at := func(base, ld, ld3 Register, i, disp int) Mem {
		switch i {
		case 1:
			return Mem{Base: base, Index: ld, Scale: 1, Disp: disp}
		case 2:
			return Mem{Base: base, Index: ld, Scale: 2, Disp: disp}
		case 3:
			return Mem{Base: base, Index: ld3, Scale: 1, Disp: disp}
		}
		return Mem{Base: base, Disp: disp}
	}
	src4, dst4 := GP64(), GP64()
	Label("transpose8_block")
	LEAQ(Mem{Base: src, Index: lds, Scale: 4}, src4)
	LEAQ(Mem{Base: dst, Index: ldd, Scale: 4}, dst4)
	for half, to := range []Register{dst, dst4} {
		var x [4]VecVirtual
		for i := range x {
			x[i] = YMM()
			VMOVUPS(at(src, lds, lds3, i, 16*half), x[i].AsX())
			VINSERTF128(Imm(1), at(src4, lds, lds3, i, 16*half), x[i], x[i])
		}
		var pairs [4]VecVirtual
		for i := range pairs {
			pairs[i] = YMM()
		}
		VUNPCKLPS(x[1], x[0], pairs[0])
		VUNPCKHPS(x[1], x[0], pairs[1])
		VUNPCKLPS(x[3], x[2], pairs[2])
		VUNPCKHPS(x[3], x[2], pairs[3])
		for i := range 4 {
			row := YMM()
			low, high := pairs[i/2], pairs[2+i/2]
			if i%2 == 0 {
				VUNPCKLPD(high, low, row)
			} else {
				VUNPCKHPD(high, low, row)
			}
			VMOVUPS(row, at(to, ldd, ldd3, i, 0))
		}
	}
	LEAQ(Mem{Base: src, Index: lds, Scale: 8}, src)
	ADDQ(Imm(32), dst)
	DECQ(blocks)
	JNZ(LabelRef("transpose8_block"))
	VZEROUPPER()
	RET()
}
