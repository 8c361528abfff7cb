// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// mulVectors is the element-wise product of two vectors, b conjugated or not.
func mulVectors(name, of string, conj bool) {
	w := width256
	TEXT(name, NOSPLIT, "func(dst, a, b *complex64, n int)")
	Doc(name + " is " + of + " for n values, n a positive multiple of 4.")
	Pragma("noescape")
	dst, a, b := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	Label("loop")
	x, t := w.reg(), twiddle{w.reg(), w.reg()}
	VMOVUPS(Mem{Base: a}, x)
	VMOVSLDUP(Mem{Base: b}, t.re)
	VMOVSHDUP(Mem{Base: b}, t.im)
	s := w.reg()
	w.swap(x, s)
	VMULPS(t.im, s, s)
	if conj {
		VFMSUBADD213PS(s, t.re, x)
	} else {
		VFMADDSUB213PS(s, t.re, x)
	}
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(Imm(32), a)
	ADDQ(Imm(32), b)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// scaleVector is the product of a vector and a number.
func scaleVector() {
	w := width256
	TEXT("scaleAVX2", NOSPLIT, "func(dst, a, c *complex64, n int)")
	Doc("scaleAVX2 is Scale for n values, n a positive multiple of 4.")
	Pragma("noescape")
	dst, a, c := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("c"), GP64())
	n := Load(Param("n"), GP64())
	t := w.broadcast(Mem{Base: c})
	Label("loop")
	x := w.reg()
	VMOVUPS(Mem{Base: a}, x)
	w.times(x, t)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(Imm(32), a)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// mulScale is the product of two vectors and a number.
func mulScale() {
	w := width256
	TEXT("mulScaleAVX2", NOSPLIT, "func(dst, a, b, c *complex64, n int)")
	Doc("mulScaleAVX2 is MulScale for n values, n a positive multiple of 4.")
	Pragma("noescape")
	dst, a, b := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	c, n := Load(Param("c"), GP64()), Load(Param("n"), GP64())
	t := w.broadcast(Mem{Base: c})
	Label("loop")
	x := w.reg()
	VMOVUPS(Mem{Base: a}, x)
	w.product(x, Mem{Base: b}, false)
	w.times(x, t)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(Imm(32), a)
	ADDQ(Imm(32), b)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
