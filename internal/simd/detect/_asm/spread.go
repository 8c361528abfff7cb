// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// both returns the low and high halves of two registers, interleaved.
func both(low, high func(ops ...Op), a, b Op) (x, y VecVirtual) {
	x, y = YMM(), YMM()
	low(b, a, x)
	high(b, a, y)
	return x, y
}

func pairsOfFloats(a, b Op) (x, y VecVirtual) { return both(VUNPCKLPS, VUNPCKHPS, a, b) }

func pairsOfPairs(a, b Op) (x, y VecVirtual) { return both(VUNPCKLPD, VUNPCKHPD, a, b) }

// halves stores the low halves of a and b side by side, or the high ones.
func halves(a, b VecVirtual, high bool, at Mem) {
	out, pick := YMM(), uint64(0x20)
	if high {
		pick = 0x31
	}
	VPERM2F128(Imm(pick), b, a, out)
	VMOVUPS(out, at)
}

// spread writes the symbols and variances of two or four layers side by side.
func spread(layers int) {
	name := fmt.Sprintf("spread%dAVX2", layers)
	TEXT(name, NOSPLIT, "func(z *complex64, v *float32, symbols *complex64, noise *float32, blocks int)")
	Doc(fmt.Sprintf("%s is Work.Spread of %d layers for at least one block; symbols and noise are those of the first.", name, layers))
	Pragma("noescape")
	z, v := Load(Param("z"), GP64()), Load(Param("v"), GP64())
	symbols, noise := Load(Param("symbols"), GP64()), Load(Param("noise"), GP64())
	blocks := Load(Param("blocks"), GP64())
	Label("loop")
	for half := range 2 { // four subcarriers of symbols
		x := func(l int) VecVirtual { return loaded(Mem{Base: symbols, Disp: 8*chunk*l + 32*half}) }
		at := func(i int) Mem { return Mem{Base: z, Disp: 32*layers*half + 32*i} }
		even, odd := pairsOfPairs(x(0), x(1)) // of subcarriers 0 and 2, and 1 and 3
		if layers == 2 {
			halves(even, odd, false, at(0))
			halves(even, odd, true, at(1))
			continue
		}
		even2, odd2 := pairsOfPairs(x(2), x(3))
		halves(even, even2, false, at(0))
		halves(odd, odd2, false, at(1))
		halves(even, even2, true, at(2))
		halves(odd, odd2, true, at(3))
	}
	x := func(l int) VecVirtual { return loaded(Mem{Base: noise, Disp: 4 * chunk * l}) }
	at := func(i int) Mem { return Mem{Base: v, Disp: 32 * i} }
	low, high := pairsOfFloats(x(0), x(1))
	if layers == 2 {
		halves(low, high, false, at(0))
		halves(low, high, true, at(1))
	} else {
		low2, high2 := pairsOfFloats(x(2), x(3))
		a, b := pairsOfPairs(low, low2)
		c, d := pairsOfPairs(high, high2)
		halves(a, b, false, at(0))
		halves(c, d, false, at(1))
		halves(a, b, true, at(2))
		halves(c, d, true, at(3))
	}
	ADDQ(Imm(64), symbols)
	ADDQ(Imm(32), noise)
	ADDQ(U32(uint32(64*layers)), z)
	ADDQ(U32(uint32(32*layers)), v)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
