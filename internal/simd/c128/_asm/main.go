// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package c128: go run . -out ../c128_amd64.s
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	addComb()
	scale()
	normSq()
	Generate()
}

// vectors returns n registers of a width in bytes, cleared.
func vectors(n, bytes int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		if bytes == 32 {
			r[i] = YMM()
		} else {
			r[i] = XMM()
		}
		VXORPD(r[i], r[i], r[i])
	}
	return r
}

// addComb keeps w.re·x and w.im·x of all rows apart and joins them at the end.
func addComb() {
	TEXT("addCombAVX2", NOSPLIT, "func(dst, w, src *complex128, off *int, taps, n int)")
	Doc("addCombAVX2 is AddComb for n ≥ 0 values and taps ≥ 1 rows.")
	Pragma("noescape")
	dst, w := Load(Param("dst"), GP64()), Load(Param("w"), GP64())
	src, off := Load(Param("src"), GP64()), Load(Param("off"), GP64())
	taps, n := Load(Param("taps"), GP64()), Load(Param("n"), GP64())
	for _, block := range []struct{ vectors, bytes int }{{4, 32}, {1, 32}, {1, 16}} {
		values := block.vectors * block.bytes / 16
		name := fmt.Sprintf("values%d", values)
		Label(name)
		CMPQ(n, Imm(uint64(values)))
		JLT(LabelRef(name + "End"))
		re, im := vectors(block.vectors, block.bytes), vectors(block.vectors, block.bytes)
		i := GP64()
		XORQ(i, i)
		Label(name + "Rows")
		row, at, f := GP64(), GP64(), vectors(2, block.bytes)
		MOVQ(Mem{Base: off, Index: i, Scale: 8}, row)
		SHLQ(Imm(4), row)
		ADDQ(src, row)
		MOVQ(i, at)
		SHLQ(Imm(4), at)
		broadcast := func(m Mem, r VecVirtual) {
			if block.bytes == 32 {
				VBROADCASTSD(m, r)
			} else {
				VMOVDDUP(m, r)
			}
		}
		broadcast(Mem{Base: w, Index: at, Scale: 1}, f[0])
		broadcast(Mem{Base: w, Index: at, Scale: 1, Disp: 8}, f[1])
		for v := range block.vectors {
			x := vectors(1, block.bytes)[0]
			VMOVUPD(Mem{Base: row, Disp: block.bytes * v}, x)
			VFMADD231PD(x, f[0], re[v])
			VFMADD231PD(x, f[1], im[v])
		}
		INCQ(i)
		CMPQ(i, taps)
		JLT(LabelRef(name + "Rows"))
		for v := range block.vectors {
			VPERMILPD(Imm(5), im[v], im[v])
			VADDSUBPD(im[v], re[v], re[v])
			VADDPD(Mem{Base: dst, Disp: block.bytes * v}, re[v], re[v])
			VMOVUPD(re[v], Mem{Base: dst, Disp: block.bytes * v})
		}
		ADDQ(Imm(uint64(16*values)), dst)
		ADDQ(Imm(uint64(16*values)), src)
		SUBQ(Imm(uint64(values)), n)
		JMP(LabelRef(name))
		Label(name + "End")
	}
	VZEROUPPER()
	RET()
}

// scale multiplies by a real number.
func scale() {
	TEXT("scaleAVX2", NOSPLIT, "func(x *complex128, f float64, n int)")
	Doc("scaleAVX2 is Scale for n values, n a positive multiple of 2.")
	Pragma("noescape")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	f := YMM()
	p, _ := Param("f").Resolve()
	VBROADCASTSD(p.Addr, f)
	Label("loop")
	v := YMM()
	VMULPD(Mem{Base: x}, f, v)
	VMOVUPD(v, Mem{Base: x})
	ADDQ(Imm(32), x)
	SUBQ(Imm(2), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// normSq adds squares in four registers of four lanes.
func normSq() {
	TEXT("normSqAVX2", NOSPLIT, "func(x *complex128, n int) float64")
	Doc("normSqAVX2 is NormSq for n values, n a positive multiple of 4.")
	Pragma("noescape")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	sum := vectors(2, 32)
	Label("loop")
	for v := range sum {
		y := YMM()
		VMOVUPD(Mem{Base: x, Disp: 32 * v}, y)
		VFMADD231PD(y, y, sum[v])
	}
	ADDQ(Imm(64), x)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VADDPD(sum[1], sum[0], sum[0])
	high := XMM()
	VEXTRACTF128(Imm(1), sum[0], high)
	low := sum[0].AsX()
	VADDPD(high, low, low)
	VHADDPD(low, low, low)
	Store(low, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
