// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// globals holds the read-only data written so far.
var globals = map[string]Mem{}

// leadingLanes returns a table of masks: 16 lanes set, then 16 clear.
func leadingLanes() Mem {
	const name = "leading"
	m, ok := globals[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 32 {
			v := uint32(0)
			if i < 16 {
				v = math.MaxUint32
			}
			DATA(4*i, U32(v))
		}
		globals[name] = m
	}
	return m
}

// bits returns an operand of eight equal 32-bit patterns.
func bits(v uint32) Mem {
	name := fmt.Sprintf("vec%08x", v)
	m, ok := globals[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(v))
		}
		globals[name] = m
	}
	return m
}

func number(x float32) Mem { return bits(math.Float32bits(x)) }

// constant returns a register whose elements are all x.
func (w width) constant(x float32) VecVirtual {
	r := w.reg()
	VBROADCASTSS(number(x), r)
	return r
}

// The operations below take one operand from memory, which AVX-512 broadcasts.

// mulAdd sets x to x·y + c.
func (w width) mulAdd(c float32, y, x VecVirtual) {
	if w.bytes == 64 {
		VFMADD213PS_BCST(number(c), y, x)
		return
	}
	VFMADD213PS(number(c), y, x)
}

// subProduct sets x to x − c·y.
func (w width) subProduct(c float32, y, x VecVirtual) {
	if w.bytes == 64 {
		VFNMADD231PS_BCST(number(c), y, x)
		return
	}
	VFNMADD231PS(number(c), y, x)
}

// addProduct sets x to x + c·y.
func (w width) addProduct(c float32, y, x VecVirtual) {
	if w.bytes == 64 {
		VFMADD231PS_BCST(number(c), y, x)
		return
	}
	VFMADD231PS(number(c), y, x)
}

// times sets y to c·x.
func (w width) times(c float32, x, y VecVirtual) {
	if w.bytes == 64 {
		VMULPS_BCST(number(c), x, y)
		return
	}
	VMULPS(number(c), x, y)
}

// plus sets y to x + c.
func (w width) plus(c float32, x, y VecVirtual) {
	if w.bytes == 64 {
		VADDPS_BCST(number(c), x, y)
		return
	}
	VADDPS(number(c), x, y)
}

// and sets y to the bits of x under a pattern.
func (w width) and(pattern uint32, x, y VecVirtual) {
	if w.bytes == 64 {
		VANDPS_BCST(bits(pattern), x, y)
		return
	}
	VANDPS(bits(pattern), x, y)
}

const (
	signBit  = 1 << 31
	magBits  = signBit - 1
	less     = 17 // predicates of VCMPPS, quiet
	unorder  = 3
	nearest  = 0 // rounding modes of VROUNDPS
	downward = 1
	upward   = 2
)

// compare returns a mask of the lanes where the predicate holds for x and y.
func (w width) compare(predicate uint64, x, y VecVirtual) Register {
	if w.bytes == 64 {
		k := K()
		VCMPPS(Imm(predicate), y, x, k)
		return k
	}
	m := YMM()
	VCMPPS(Imm(predicate), y, x, m)
	return m
}

// choose sets out to yes where the mask is set and to no elsewhere.
func (w width) choose(mask Register, yes, no, out VecVirtual) {
	if w.bytes == 64 {
		VBLENDMPS(yes, no, mask, out)
		return
	}
	VBLENDVPS(mask, yes, no, out)
}

// round sets y to x rounded to an integer.
func (w width) round(mode uint64, x, y VecVirtual) {
	if w.bytes == 64 {
		VRNDSCALEPS(Imm(mode), x, y)
		return
	}
	VROUNDPS(Imm(mode), x, y)
}

// copy returns a register of its own with the value of x.
func (w width) copy(x VecVirtual) VecVirtual {
	y := w.reg()
	VMOVAPS(x, y)
	return y
}

// polynomial returns c[0] + c[1]·x + c[2]·x² + …
func (w width) polynomial(x VecVirtual, c []float32) VecVirtual {
	y := w.constant(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		w.mulAdd(c[i], x, y)
	}
	return y
}
