// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Byte orders that put the soft bits of one symbol side by side, each half.
var orders = map[int][16]byte{
	2: {0, 1, 4, 5, 2, 3, 6, 7, 128, 128, 128, 128, 128, 128, 128, 128},
	3: {0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11, 128, 128, 128, 128},
	4: {0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15},
}

// order returns a register with the byte order of a number of stages.
func order(stages int) VecVirtual {
	name := fmt.Sprintf("order%d", stages)
	table := GLOBL(name, RODATA|NOPTR)
	for i, b := range orders[stages] {
		DATA(i, U8(b))
	}
	r := YMM()
	VBROADCASTI128(table, r)
	return r
}

// soft holds the constants of the max-log kernels.
type soft struct{ abs, hi, lo, half, one VecVirtual }

// fixed scales a stage by the weights and rounds it to saturated integers; a
// value that is not a number becomes the least int32.
func (c soft) fixed(v, weights VecVirtual) VecVirtual {
	out := YMM()
	VMULPS(weights, v, out)
	VMINPS(out, c.hi, out) // keeps NaN, the second operand of the instruction
	VMAXPS(out, c.lo, out)
	VCVTPS2DQ(out, out)
	return out
}

// fold returns ±(q+1)(x − q/2), x = |t|, q = min(⌊x⌋, top), and x.
func (c soft) fold(t VecVirtual, top int) (v, x VecVirtual) {
	x, q, sign := YMM(), YMM(), YMM()
	VANDPS(c.abs, t, x)
	VANDNPS(t, c.abs, sign)
	VMINPS(constVec(float32(top)), x, q)
	VROUNDPS(Imm(3), q, q)
	v = YMM()
	VMULPS(c.half, q, v)
	VSUBPS(v, x, v)
	VADDPS(c.one, q, q)
	VMULPS(q, v, v)
	VORPS(sign, v, v)
	return v, x
}

// maxLog demaps four symbols at a time.
func maxLog(stages int) {
	name := fmt.Sprintf("maxLog%dAVX2", stages)
	TEXT(name, NOSPLIT, "func(dst *int8, sym *complex64, noiseVar *float32, n int, gain, unit float32)")
	Doc(fmt.Sprintf("%s is MaxLog with %d bits a dimension for n symbols, n a positive multiple of 4.", name, stages))
	Pragma("noescape")
	dst, sym, nv := Load(Param("dst"), GP64()), Load(Param("sym"), GP64()), Load(Param("noiseVar"), GP64())
	n := Load(Param("n"), GP64())
	gain, unit := XMM(), YMM()
	g, _ := Param("gain").Resolve()
	u, _ := Param("unit").Resolve()
	VBROADCASTSS(g.Addr, gain)
	VBROADCASTSS(u.Addr, unit)
	var c soft
	var least, shuffle VecVirtual
	c.abs = YMM()
	VPCMPEQD(c.abs, c.abs, c.abs)
	VPSRLD(Imm(1), c.abs, c.abs) // all but the sign
	c.hi = width256.constant(120)
	c.lo = width256.constant(-120)
	c.half = width256.constant(0.5)
	c.one = width256.constant(1)
	least = YMM()
	VPCMPEQB(least, least, least)
	VPSLLW(Imm(7), least, least)
	VPACKSSWB(least, least, least) // −128 in every byte
	if stages > 1 {
		shuffle = order(stages)
	}

	Label("loop")
	weights := loadWeights(nv, gain)
	t := YMM()
	VMULPS(Mem{Base: sym}, unit, t)
	var out [4]VecVirtual
	for k := stages - 1; k >= 1; k-- {
		v, x := c.fold(t, 1<<k-1)
		out[stages-1-k] = c.fixed(v, weights)
		t = YMM()
		VMOVUPS(constVec(float32(int(1)<<(k-1))), t)
		VSUBPS(x, t, t)
	}
	out[stages-1] = c.fixed(t, weights)
	storeSoft(dst, out, stages, least, shuffle)
	ADDQ(Imm(32), sym)
	ADDQ(Imm(16), nv)
	ADDQ(Imm(uint64(8*stages)), dst)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// loadWeights returns gain/noiseVar of four symbols, each twice, 0 where the
// variance is not a number.
func loadWeights(nv Register, gain VecVirtual) VecVirtual {
	v, known, w := XMM(), XMM(), YMM()
	VMOVUPS(Mem{Base: nv}, v)
	VCMPPS(Imm(7), v, v, known) // ordered
	VMAXPS(constVec(1e-12), v, v)
	VDIVPS(v, gain, v)
	VANDPS(known, v, v)
	VPMOVZXDQ(v, w)
	VMOVSLDUP(w, w)
	return w
}

// storeSoft packs the stages of four symbols to bytes in the order of the
// codeword, with the least byte, which stands for NaN, set to 0.
func storeSoft(dst Register, s [4]VecVirtual, stages int, least, shuffle VecVirtual) {
	pick := func(i int) VecVirtual { return s[min(i, stages-1)] }
	a := YMM()
	b := a
	VPACKSSDW(pick(1), pick(0), a)
	if stages > 2 {
		b = YMM()
		VPACKSSDW(pick(3), pick(2), b)
	}
	VPACKSSWB(b, a, a)
	nan := YMM()
	VPCMPEQB(least, a, nan)
	VPANDN(a, nan, a)
	if stages > 1 {
		VPSHUFB(shuffle, a, a)
	}
	low, high := a.AsX(), XMM()
	switch stages {
	case 1:
		VEXTRACTI128(Imm(1), a, high)
		VPUNPCKLDQ(high, low, low)
		VMOVQ(low, Mem{Base: dst})
	case 2:
		VPERMQ(Imm(0x08), a, a)
		VMOVDQU(low, Mem{Base: dst})
	case 3:
		VEXTRACTI128(Imm(1), a, high)
		for i, half := range []Register{low, high} {
			VMOVQ(half, Mem{Base: dst, Disp: 12 * i})
			VPEXTRD(Imm(2), half, Mem{Base: dst, Disp: 12*i + 8})
		}
	case 4:
		VMOVDQU(a, Mem{Base: dst})
	}
}
