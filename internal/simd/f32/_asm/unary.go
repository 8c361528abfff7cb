// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// unary writes a function of one number. prepare runs before the loop, to load
// what stays in registers, and returns what computes one vector.
func unary(w width, name string, prepare func(a, b VecVirtual) func(x VecVirtual) VecVirtual) {
	name += w.suffix
	TEXT(name, NOSPLIT, "func(dst, x *float32, n uintptr, a, b float32)")
	Pragma("noescape")
	l := newLoop(w, name, 1, "dst", "x")
	op := prepare(w.argument("a"), w.argument("b"))
	l.write(func(p part) { p.store(op(p.load(1)), 0) })
	VZEROUPPER()
	RET()
}

// plain is prepare for a function without parameters and registers.
func plain(op func(x VecVirtual) VecVirtual) func(a, b VecVirtual) func(x VecVirtual) VecVirtual {
	return func(VecVirtual, VecVirtual) func(x VecVirtual) VecVirtual { return op }
}

// unaries writes the functions of one number; package f32 defines each in Go,
// step by step as here.
func unaries(w width) {
	unary(w, "abs", plain(func(x VecVirtual) VecVirtual { w.and(magBits, x, x); return x }))
	unary(w, "sqrt", plain(func(x VecVirtual) VecVirtual { VSQRTPS(x, x); return x }))
	unary(w, "floor", plain(func(x VecVirtual) VecVirtual { w.round(downward, x, x); return x }))
	unary(w, "ceil", plain(func(x VecVirtual) VecVirtual { w.round(upward, x, x); return x }))
	unary(w, "round", plain(func(x VecVirtual) VecVirtual { w.round(nearest, x, x); return x }))
	unary(w, "clamp", func(lo, hi VecVirtual) func(x VecVirtual) VecVirtual {
		return func(x VecVirtual) VecVirtual { return clamp(x, lo, hi) }
	})
	unary(w, "hardSigmoid", func(a, b VecVirtual) func(x VecVirtual) VecVirtual {
		zero, one := w.constant(0), w.constant(1)
		return func(x VecVirtual) VecVirtual {
			VFMADD213PS(b, a, x)
			return clamp(x, zero, one)
		}
	})
	unary(w, "leakyRelu", func(a, _ VecVirtual) func(x VecVirtual) VecVirtual {
		zero := w.constant(0)
		return func(x VecVirtual) VecVirtual {
			y := w.reg()
			VMULPS(a, x, y)
			w.choose(w.compare(less, x, zero), y, x, x)
			return x
		}
	})
	unary(w, "exp", w.withExp(func(exp func(VecVirtual) VecVirtual, _, _ VecVirtual) func(x VecVirtual) VecVirtual { return exp }))
	unary(w, "sigmoid", w.withExp(func(exp func(VecVirtual) VecVirtual, _, _ VecVirtual) func(x VecVirtual) VecVirtual {
		one := w.constant(1)
		return func(x VecVirtual) VecVirtual {
			VXORPS(w.signs(), x, x)
			y := exp(x)
			VADDPS(one, y, y)
			VDIVPS(y, one, y)
			return y
		}
	}))
	unary(w, "tanh", w.tanh)
	unary(w, "elu", w.elu)
	unary(w, "erf", w.withExp(w.erf))
	unary(w, "softplus", w.withExp(w.softplus))
	unary(w, "log", w.log)
	unary(w, "sin", w.wave(0))
	unary(w, "cos", w.wave(1))
	unary(w, "sign", w.sign)
}

// clamp limits x, which stays what it is if it is not a number.
func clamp(x, lo, hi VecVirtual) VecVirtual {
	VMAXPS(x, lo, x)
	VMINPS(x, hi, x)
	return x
}

// signs returns a register of sign bits.
func (w width) signs() VecVirtual {
	r := w.reg()
	VBROADCASTSS(bits(signBit), r)
	return r
}
