// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package f64: go run . -out ../f64_amd64.s
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	for _, v := range []vectors{{"AVX2", 4, YMM}, {"AVX512", 8, ZMM}} {
		v.addComb()
		v.scale()
		v.sumSquares()
	}
	Generate()
}

// vectors says how wide registers are.
type vectors struct {
	name   string
	values int // of a register
	new    func() VecVirtual
}

// zeroed returns n cleared registers.
func (v vectors) zeroed(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		if r[i] = v.new(); v.values == 8 {
			VPXORQ(r[i], r[i], r[i])
		} else {
			VXORPD(r[i], r[i], r[i])
		}
	}
	return r
}

// addComb adds up all rows in registers, for as many values at once as fit. Each value
// is rounded in the same way by all widths.
func (v vectors) addComb() {
	TEXT("addComb"+v.name, NOSPLIT, "func(dst, w, src *float64, off *int, taps, n int)")
	Doc(fmt.Sprintf("addComb%s is AddComb for n values, n a positive multiple of %d, and taps ≥ 1 rows.", v.name, v.values))
	Pragma("noescape")
	dst, w := Load(Param("dst"), GP64()), Load(Param("w"), GP64())
	src, off := Load(Param("src"), GP64()), Load(Param("off"), GP64())
	taps, n := Load(Param("taps"), GP64()), Load(Param("n"), GP64())
	for _, registers := range []int{8, 4, 2, 1} {
		name := fmt.Sprintf("registers%d", registers)
		Label(name)
		CMPQ(n, U32(v.values*registers))
		JLT(LabelRef(name + "End"))
		sum, i := v.zeroed(registers), GP64()
		XORQ(i, i)
		Label(name + "Rows")
		row, f := GP64(), v.new()
		MOVQ(Mem{Base: off, Index: i, Scale: 8}, row)
		LEAQ(Mem{Base: src, Index: row, Scale: 8}, row)
		VBROADCASTSD(Mem{Base: w, Index: i, Scale: 8}, f)
		for k := range registers {
			VFMADD231PD(Mem{Base: row, Disp: 8 * v.values * k}, f, sum[k])
		}
		INCQ(i)
		CMPQ(i, taps)
		JLT(LabelRef(name + "Rows"))
		for k := range registers {
			VADDPD(Mem{Base: dst, Disp: 8 * v.values * k}, sum[k], sum[k])
			VMOVUPD(sum[k], Mem{Base: dst, Disp: 8 * v.values * k})
		}
		ADDQ(U32(8*v.values*registers), dst)
		ADDQ(U32(8*v.values*registers), src)
		SUBQ(U32(v.values*registers), n)
		JMP(LabelRef(name))
		Label(name + "End")
	}
	VZEROUPPER()
	RET()
}

func (v vectors) scale() {
	TEXT("scale"+v.name, NOSPLIT, "func(x *float64, f float64, n int)")
	Doc(fmt.Sprintf("scale%s is Scale for n values, n a positive multiple of %d.", v.name, v.values))
	Pragma("noescape")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	f := v.new()
	p, _ := Param("f").Resolve()
	VBROADCASTSD(p.Addr, f)
	Label("loop")
	y := v.new()
	VMULPD(Mem{Base: x}, f, y)
	VMOVUPD(y, Mem{Base: x})
	ADDQ(U32(8*v.values), x)
	SUBQ(U32(v.values), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// sumSquares adds squares in two registers.
func (v vectors) sumSquares() {
	TEXT("sumSquares"+v.name, NOSPLIT, "func(x *float64, n int) float64")
	Doc(fmt.Sprintf("sumSquares%s is SumSquares for n values, n a positive multiple of %d.", v.name, 2*v.values))
	Pragma("noescape")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	sum := v.zeroed(2)
	Label("loop")
	for k := range sum {
		y := v.new()
		VMOVUPD(Mem{Base: x, Disp: 8 * v.values * k}, y)
		VFMADD231PD(y, y, sum[k])
	}
	ADDQ(U32(16*v.values), x)
	SUBQ(U32(2*v.values), n)
	JNZ(LabelRef("loop"))
	VADDPD(sum[1], sum[0], sum[0])
	wide := sum[0]
	if v.values == 8 {
		high := YMM()
		VEXTRACTF64X4(Imm(1), wide, high)
		VADDPD(high, wide.AsY(), high)
		wide = high
	}
	high := XMM()
	VEXTRACTF128(Imm(1), wide, high)
	low := wide.AsX()
	VADDPD(high, low, low)
	VHADDPD(low, low, low)
	Store(low, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
