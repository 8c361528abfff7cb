// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// unroll is how many vectors of eight run in one turn of an elementwise loop.
const unroll = 4

// elementwise writes a kernel over n elements: body computes one vector, or one
// element when scalar, at a byte offset of its slices.
func elementwise(name, sig, doc string, slices, scalars []string, body func(at func(i int) Mem, s []VecVirtual, scalar bool)) {
	TEXT(name, NOSPLIT, sig)
	Doc(doc)
	ptrs := make([]Register, len(slices))
	for i, p := range slices {
		ptrs[i] = Load(Param(p), GP64())
	}
	n := Load(Param("n"), GP64())
	s := make([]VecVirtual, len(scalars))
	for i, p := range scalars {
		arg, err := Param(p).Resolve()
		if err != nil {
			panic(err)
		}
		s[i] = YMM()
		VBROADCASTSS(arg.Addr, s[i])
	}
	loop := func(label string, elems, vectors int, scalar bool) {
		Label(name + "_" + label)
		CMPQ(n, Imm(uint64(elems)))
		JLT(LabelRef(name + "_" + label + "_end"))
		for v := range vectors {
			body(func(i int) Mem { return Mem{Base: ptrs[i], Disp: 32 * v} }, s, scalar)
		}
		for _, p := range ptrs {
			ADDQ(Imm(uint64(4*elems)), p)
		}
		SUBQ(Imm(uint64(elems)), n)
		JMP(LabelRef(name + "_" + label))
		Label(name + "_" + label + "_end")
	}
	loop("wide", 8*unroll, unroll, false)
	loop("vector", 8, 1, false)
	loop("element", 1, 1, true)
	VZEROUPPER()
	RET()
}

func load(m Mem, dst VecVirtual, scalar bool) {
	if scalar {
		VMOVSS(m, dst.AsX())
		return
	}
	VMOVUPS(m, dst)
}

func store(src VecVirtual, m Mem, scalar bool) {
	if scalar {
		VMOVSS(src.AsX(), m)
		return
	}
	VMOVUPS(src, m)
}

// vectors writes the elementwise kernels.
func vectors() {
	elementwise("axpyAVX2", "func(dst *float32, a float32, x *float32, n uintptr)", "axpyAVX2 computes dst += a·x.",
		[]string{"dst", "x"}, []string{"a"}, func(at func(int) Mem, s []VecVirtual, scalar bool) {
			d, x := YMM(), YMM()
			load(at(0), d, scalar)
			load(at(1), x, scalar)
			VFMADD231PS(x, s[0], d)
			store(d, at(0), scalar)
		})
	elementwise("addAVX2", "func(dst, x, y *float32, n uintptr)", "addAVX2 computes dst = x + y.",
		[]string{"dst", "x", "y"}, nil, func(at func(int) Mem, _ []VecVirtual, scalar bool) {
			x, y := YMM(), YMM()
			load(at(1), x, scalar)
			load(at(2), y, scalar)
			VADDPS(y, x, x)
			store(x, at(0), scalar)
		})
	elementwise("mulAVX2", "func(dst, x, y *float32, n uintptr)", "mulAVX2 computes dst = x · y.",
		[]string{"dst", "x", "y"}, nil, func(at func(int) Mem, _ []VecVirtual, scalar bool) {
			x, y := YMM(), YMM()
			load(at(1), x, scalar)
			load(at(2), y, scalar)
			VMULPS(y, x, x)
			store(x, at(0), scalar)
		})
	elementwise("scaleShiftAVX2", "func(dst, x *float32, scale, shift, floor float32, n uintptr)",
		"scaleShiftAVX2 computes dst = max(x·scale + shift, floor).",
		[]string{"dst", "x"}, []string{"scale", "shift", "floor"}, func(at func(int) Mem, s []VecVirtual, scalar bool) {
			x := YMM()
			load(at(1), x, scalar)
			VFMADD213PS(s[1], s[0], x)
			VMAXPS(x, s[2], x)
			store(x, at(0), scalar)
		})
}
