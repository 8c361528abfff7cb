// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// spread returns a parameter of 32 bits in all lanes.
func spread(name string) VecVirtual {
	arg, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := YMM()
	VBROADCASTSS(arg.Addr, v)
	return v
}

// loop writes a loop over n elements, so many at a time; n is a multiple of that.
func loop(name string, n Register, elems int, body func()) {
	Label(name)
	body()
	SUBQ(Imm(uint64(elems)), n)
	JNZ(LabelRef(name))
	VZEROUPPER()
	RET()
}

// pack writes the interleaving of four rows: element j of the rows becomes four
// neighbours, and sixteen elements per group of a panel.
func pack() {
	TEXT("packAVX2", NOSPLIT, "func(dst *int8, next uintptr, src *uint8, offsets *int, n uintptr, flip uint32)")
	Pragma("noescape")
	Doc("packAVX2 interleaves n elements, a multiple of 16, of four rows into panels that are next bytes apart.")
	dst, next, src, offsets := Load(Param("dst"), GP64()), Load(Param("next"), GP64()), Load(Param("src"), GP64()), Load(Param("offsets"), GP64())
	n, flip := Load(Param("n"), GP64()), spread("flip")
	var from [4]Register
	for i := range from {
		from[i] = GP64()
		MOVQ(Mem{Base: offsets, Disp: 8 * i}, from[i])
		ADDQ(src, from[i])
	}
	loop("pack_group", n, 16, func() {
		var x [4]VecVirtual
		for i := range x {
			x[i] = XMM()
			VMOVDQU(Mem{Base: from[i]}, x[i])
			VPXOR(flip.AsX(), x[i], x[i])
			ADDQ(Imm(16), from[i])
		}
		for half, unpack := range []func(...Op){func(ops ...Op) { VPUNPCKLBW(ops...) }, func(ops ...Op) { VPUNPCKHBW(ops...) }} {
			first, second, out := XMM(), XMM(), XMM()
			unpack(x[1], x[0], first)
			unpack(x[3], x[2], second)
			VPUNPCKLWD(second, first, out)
			VMOVDQU(out, Mem{Base: dst, Disp: 32 * half})
			VPUNPCKHWD(second, first, first)
			VMOVDQU(first, Mem{Base: dst, Disp: 32*half + 16})
		}
		ADDQ(next, dst)
	})
}

// sum writes the sum of bytes.
func sum() {
	TEXT("sumAVX2", NOSPLIT, "func(x *uint8, n uintptr) int64")
	Pragma("noescape")
	Doc("sumAVX2 adds n bytes, a positive multiple of 32.")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	acc, zero := YMM(), YMM()
	VPXOR(acc, acc, acc)
	VPXOR(zero, zero, zero)
	Label("sum_vector")
	part := YMM()
	VPSADBW(Mem{Base: x}, zero, part)
	VPADDQ(part, acc, acc)
	ADDQ(Imm(32), x)
	SUBQ(Imm(32), n)
	JNZ(LabelRef("sum_vector"))
	high := XMM()
	VEXTRACTI128(Imm(1), acc, high)
	VPADDQ(high, acc.AsX(), high)
	other, out := XMM(), GP64()
	VPSRLDQ(Imm(8), high, other)
	VPADDQ(other, high, high)
	VMOVQ(high, out)
	Store(out, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// scaledSum returns eight elements of c + f·s + g.
func scaledSum(c, s Register, f, g VecVirtual) VecVirtual {
	x := YMM()
	VPMULLD(Mem{Base: s}, f, x)
	VPADDD(Mem{Base: c}, x, x)
	VPADDD(g, x, x)
	ADDQ(Imm(32), c)
	ADDQ(Imm(32), s)
	return x
}

func addScaled() {
	TEXT("addScaledAVX2", NOSPLIT, "func(dst, c, s *int32, n uintptr, factor, shift int32)")
	Pragma("noescape")
	Doc("addScaledAVX2 computes n elements, a positive multiple of 8.")
	dst, c, s, n := Load(Param("dst"), GP64()), Load(Param("c"), GP64()), Load(Param("s"), GP64()), Load(Param("n"), GP64())
	f, g := spread("factor"), spread("shift")
	loop("add_vector", n, 8, func() {
		VMOVDQU(scaledSum(c, s, f, g), Mem{Base: dst})
		ADDQ(Imm(32), dst)
	})
}

// narrower stores eight numbers, limited and rounded, plus a zero point, as bytes.
type narrower struct {
	lo, hi, zero, low VecVirtual
	dst               Register
}

// low is a shuffle that gathers the low bytes of four numbers.
var low Mem

func newNarrower(dst Register) narrower {
	if low.Base == nil {
		low = GLOBL("low", RODATA|NOPTR)
		DATA(0, U32(0x0c080400))
		for i := range 3 {
			DATA(4*(i+1), U32(0x80808080))
		}
	}
	n := narrower{spread("lo"), spread("hi"), spread("zero"), YMM(), dst}
	VBROADCASTI128(low, n.low)
	return n
}

// store limits x so that what is not a number becomes lo.
func (n narrower) store(x VecVirtual) {
	VMAXPS(n.lo, x, x)
	VMINPS(n.hi, x, x)
	VCVTPS2DQ(x, x)
	VPADDD(n.zero, x, x)
	VPSHUFB(n.low, x, x)
	high := XMM()
	VEXTRACTI128(Imm(1), x, high)
	VPUNPCKLDQ(high, x.AsX(), high)
	VMOVQ(high, Mem{Base: n.dst})
	ADDQ(Imm(8), n.dst)
}

func requantize() {
	TEXT("requantizeAVX2", NOSPLIT, "func(dst *uint8, c, s *int32, n uintptr, factor, shift int32, scale, lo, hi float32, zero int32)")
	Pragma("noescape")
	Doc("requantizeAVX2 computes n elements, a positive multiple of 8.")
	dst, c, s, n := Load(Param("dst"), GP64()), Load(Param("c"), GP64()), Load(Param("s"), GP64()), Load(Param("n"), GP64())
	f, g, scale, narrow := spread("factor"), spread("shift"), spread("scale"), newNarrower(dst)
	loop("requantize_vector", n, 8, func() {
		x := scaledSum(c, s, f, g)
		VCVTDQ2PS(x, x)
		VMULPS(scale, x, x)
		narrow.store(x)
	})
}

func quantize() {
	TEXT("quantizeAVX2", NOSPLIT, "func(dst *uint8, x *float32, n uintptr, scale, lo, hi float32, zero int32)")
	Pragma("noescape")
	Doc("quantizeAVX2 computes n elements, a positive multiple of 8.")
	dst, x, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	scale, narrow := spread("scale"), newNarrower(dst)
	loop("quantize_vector", n, 8, func() {
		y := YMM()
		VMOVUPS(Mem{Base: x}, y)
		VDIVPS(scale, y, y)
		narrow.store(y)
		ADDQ(Imm(32), x)
	})
}

func dequantize() {
	TEXT("dequantizeAVX2", NOSPLIT, "func(dst *float32, x *uint8, n uintptr, scale float32, zero int32, flip uint64)")
	Pragma("noescape")
	Doc("dequantizeAVX2 computes n elements, a positive multiple of 8.")
	dst, x, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	scale, zero, flip := spread("scale"), spread("zero"), XMM()
	arg, err := Param("flip").Resolve()
	if err != nil {
		panic(err)
	}
	VMOVQ(arg.Addr, flip)
	loop("dequantize_vector", n, 8, func() {
		bytes, y := XMM(), YMM()
		VMOVQ(Mem{Base: x}, bytes)
		VPXOR(flip, bytes, bytes)
		VPMOVZXBD(bytes, y)
		VPSUBD(zero, y, y)
		VCVTDQ2PS(y, y)
		VMULPS(scale, y, y)
		VMOVUPS(y, Mem{Base: dst})
		ADDQ(Imm(8), x)
		ADDQ(Imm(32), dst)
	})
}
