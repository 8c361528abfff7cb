// SPDX-License-Identifier: Apache-2.0

// Command asm writes the assembly of package mimo: go run . -out ../mimo_amd64.s
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	one = ConstData("one", F32(1))
	for _, x := range lincombs {
		x.linComb()
	}
	conjMulAdd()
	dotConj()
	Generate()
}

// zeroed returns n cleared registers.
func zeroed(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = YMM()
		VXORPS(r[i], r[i], r[i])
	}
	return r
}

// zeroed512 is zeroed of wide registers.
func zeroed512(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = ZMM()
		VPXORD(r[i], r[i], r[i])
	}
	return r
}

// swap returns x with I and Q exchanged.
func swap(x Op) VecVirtual {
	s := YMM()
	VPERMILPS(Imm(0xb1), x, s)
	return s
}

// lincomb says how wide the vectors of a LinComb are.
type lincomb struct {
	name   string
	values int // of a vector
	vector func() VecVirtual
	zeroed func(n int) []VecVirtual
	join   func(re, im VecVirtual) VecVirtual // re − im at even places, re + im at odd ones, im swapped
}

// one is 1 in memory.
var one Mem

var lincombs = []lincomb{
	{"linCombAVX2", 4, YMM, zeroed, func(re, im VecVirtual) VecVirtual {
		out := YMM()
		VADDSUBPS(swap(im), re, out)
		return out
	}},
	// VADDSUBPS has no wide form. A product with 1 is exact, so that this rounds alike.
	{"linCombAVX512", 8, ZMM, zeroed512, func(re, im VecVirtual) VecVirtual {
		unit, s := ZMM(), ZMM()
		VPERMILPS(Imm(0xb1), im, s)
		VBROADCASTSS(one, unit)
		VFMADDSUB213PS(s, unit, re)
		return re
	}},
}

// linComb keeps w.re·x and w.im·x of all taps apart and joins them at the end. Each
// value is rounded in the same way by all widths.
func (x lincomb) linComb() {
	TEXT(x.name, NOSPLIT, "func(dst, w, src *complex64, off *int, taps, n int)")
	Doc(fmt.Sprintf("%s is LinComb for n values, n a positive multiple of %d.", x.name, x.values))
	Pragma("noescape")
	dst, w := Load(Param("dst"), GP64()), Load(Param("w"), GP64())
	src, off := Load(Param("src"), GP64()), Load(Param("off"), GP64())
	taps, n := Load(Param("taps"), GP64()), Load(Param("n"), GP64())
	for _, vectors := range []int{4, 2, 1} {
		name := fmt.Sprintf("vectors%d", vectors)
		Label(name)
		CMPQ(n, Imm(uint64(x.values*vectors)))
		JLT(LabelRef(name + "End"))
		re, im := x.zeroed(vectors), x.zeroed(vectors)
		i := GP64()
		XORQ(i, i)
		Label(name + "Taps")
		row, wr, wi := GP64(), x.vector(), x.vector()
		MOVQ(Mem{Base: off, Index: i, Scale: 8}, row)
		LEAQ(Mem{Base: src, Index: row, Scale: 8}, row)
		VBROADCASTSS(Mem{Base: w, Index: i, Scale: 8}, wr)
		VBROADCASTSS(Mem{Base: w, Index: i, Scale: 8, Disp: 4}, wi)
		for v := range vectors {
			y := x.vector()
			VMOVUPS(Mem{Base: row, Disp: 8 * x.values * v}, y)
			VFMADD231PS(y, wr, re[v])
			VFMADD231PS(y, wi, im[v])
		}
		INCQ(i)
		CMPQ(i, taps)
		JLT(LabelRef(name + "Taps"))
		for v := range vectors {
			VMOVUPS(x.join(re[v], im[v]), Mem{Base: dst, Disp: 8 * x.values * v})
		}
		advance(8*x.values*vectors, dst, src)
		SUBQ(Imm(uint64(x.values*vectors)), n)
		JMP(LabelRef(name))
		Label(name + "End")
	}
	VZEROUPPER()
	RET()
}

// conjTimes adds conj(a)·b to acc; a is in memory or a register.
func conjTimes(a Op, b, acc VecVirtual) {
	re, im := YMM(), YMM()
	VMOVSLDUP(a, re)
	VMOVSHDUP(a, im)
	s := swap(b)
	VMULPS(im, s, s)
	VFMSUBADD213PS(s, b, re) // even: re·b + s, odd: re·b − s
	VADDPS(re, acc, acc)
}

func conjMulAdd() {
	TEXT("conjMulAddAVX2", NOSPLIT, "func(acc, a, b *complex64, n int)")
	Doc("conjMulAddAVX2 is ConjMulAdd for n values, n a positive multiple of 4.")
	Pragma("noescape")
	acc, a := Load(Param("acc"), GP64()), Load(Param("a"), GP64())
	b, n := Load(Param("b"), GP64()), Load(Param("n"), GP64())
	Label("loop")
	x, y, z := YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: a}, x)
	VMOVUPS(Mem{Base: b}, y)
	VMOVUPS(Mem{Base: acc}, z)
	conjTimes(x, y, z)
	VMOVUPS(z, Mem{Base: acc})
	advance(32, acc, a, b)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// dotConj returns the sums of a.re·b and a.im·b over all elements in four lanes
// each; the caller adds them up.
func dotConj() {
	TEXT("dotConjAVX2", NOSPLIT, "func(sum *[16]float32, a, b *complex64, n int)")
	Doc("dotConjAVX2 writes eight partial sums of a·b and eight of a·swap(b), element by element,",
		"for n values, n a positive multiple of 8.")
	Pragma("noescape")
	sum, a := Load(Param("sum"), GP64()), Load(Param("a"), GP64())
	b, n := Load(Param("b"), GP64()), Load(Param("n"), GP64())
	same, cross := zeroed(2), zeroed(2)
	Label("loop")
	for v := range 2 {
		x, y := YMM(), YMM()
		VMOVUPS(Mem{Base: a, Disp: 32 * v}, x)
		VMOVUPS(Mem{Base: b, Disp: 32 * v}, y)
		VFMADD231PS(x, y, same[v])
		VFMADD231PS(x, swap(y), cross[v])
	}
	advance(64, a, b)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	VADDPS(same[1], same[0], same[0])
	VADDPS(cross[1], cross[0], cross[0])
	VMOVUPS(same[0], Mem{Base: sum})
	VMOVUPS(cross[0], Mem{Base: sum, Disp: 32})
	VZEROUPPER()
	RET()
}

// advance moves pointers.
func advance(bytes int, pointers ...Op) {
	by := Imm(uint64(bytes))
	if bytes > math.MaxUint8 { // there is none of 16 bits
		by = U32(bytes)
	}
	for _, p := range pointers {
		ADDQ(by, p)
	}
}
