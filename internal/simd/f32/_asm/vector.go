// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise writes dst = op(x, y) or, where y is a number, dst = op(x, y) for
// that number.
func elementwise(w width, name, doc string, number bool, op func(x, y VecVirtual) VecVirtual) {
	name += w.suffix
	sig, slices := "func(dst, x, y *float32, n uintptr)", []string{"dst", "x", "y"}
	if number {
		sig, slices = "func(dst, x *float32, y float32, n uintptr)", slices[:2]
	}
	TEXT(name, NOSPLIT, sig)
	Pragma("noescape")
	Doc(name + " computes " + doc + ".")
	l := newLoop(w, name, 4, slices...)
	var y VecVirtual
	if number {
		y = w.argument("y")
	}
	l.write(func(p part) {
		if !number {
			y = p.load(2)
		}
		p.store(op(p.load(1), y), 0)
	})
	VZEROUPPER()
	RET()
}

// arithmetic writes the operators on two vectors and on a vector and a number.
func arithmetic(w width) {
	binary := func(op func(b Op, a, dst VecVirtual)) func(x, y VecVirtual) VecVirtual {
		return func(x, y VecVirtual) VecVirtual {
			z := w.reg()
			op(y, x, z)
			return z
		}
	}
	swapped := func(op func(x, y VecVirtual) VecVirtual) func(x, y VecVirtual) VecVirtual {
		return func(x, y VecVirtual) VecVirtual { return op(y, x) }
	}
	// The vector instructions return their second source when either is not a
	// number; the other one has its turn here.
	ordered := func(op func(x, y VecVirtual) VecVirtual) func(x, y VecVirtual) VecVirtual {
		return func(x, y VecVirtual) VecVirtual {
			z := op(x, y)
			w.choose(w.compare(unorder, x, x), x, z, z)
			return z
		}
	}
	add := binary(func(b Op, a, dst VecVirtual) { VADDPS(b, a, dst) })
	sub := binary(func(b Op, a, dst VecVirtual) { VSUBPS(b, a, dst) })
	mul := binary(func(b Op, a, dst VecVirtual) { VMULPS(b, a, dst) })
	div := binary(func(b Op, a, dst VecVirtual) { VDIVPS(b, a, dst) })
	most := ordered(binary(func(b Op, a, dst VecVirtual) { VMAXPS(b, a, dst) }))
	least := ordered(binary(func(b Op, a, dst VecVirtual) { VMINPS(b, a, dst) }))
	for _, k := range []struct {
		name, doc string
		number    bool
		op        func(x, y VecVirtual) VecVirtual
	}{
		{"add", "dst = x + y", false, add}, {"addNumber", "dst = x + y", true, add},
		{"sub", "dst = x − y", false, sub}, {"subNumber", "dst = x − y", true, sub}, {"subFromNumber", "dst = y − x", true, swapped(sub)},
		{"mul", "dst = x · y", false, mul}, {"mulNumber", "dst = x · y", true, mul},
		{"div", "dst = x / y", false, div}, {"divNumber", "dst = x / y", true, div}, {"divOfNumber", "dst = y / x", true, swapped(div)},
		{"max", "dst = max(x, y)", false, most}, {"maxNumber", "dst = max(x, y)", true, most},
		{"min", "dst = min(x, y)", false, least}, {"minNumber", "dst = min(x, y)", true, least},
	} {
		elementwise(w, k.name, k.doc, k.number, k.op)
	}
}

// axpy writes dst += a·x.
func axpy(w width) {
	name := "axpy" + w.suffix
	TEXT(name, NOSPLIT, "func(dst *float32, a float32, x *float32, n uintptr)")
	Pragma("noescape")
	Doc(name + " computes dst += a·x.")
	l := newLoop(w, name, 4, "dst", "x")
	a := w.argument("a")
	l.write(func(p part) {
		d := p.load(0)
		VFMADD231PS(p.load(1), a, d)
		p.store(d, 0)
	})
	VZEROUPPER()
	RET()
}

// scaleShift writes dst = max(x·scale + shift, floor).
func scaleShift(w width) {
	name := "scaleShift" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, x *float32, scale, shift, floor float32, n uintptr)")
	Pragma("noescape")
	Doc(name + " computes dst = max(x·scale + shift, floor).")
	l := newLoop(w, name, 4, "dst", "x")
	scale, shift, floor := w.argument("scale"), w.argument("shift"), w.argument("floor")
	l.write(func(p part) {
		x := p.load(1)
		VFMADD213PS(shift, scale, x)
		VMAXPS(x, floor, x)
		p.store(x, 0)
	})
	VZEROUPPER()
	RET()
}

// normalize writes dst = (x − mean)·scale·gamma + beta.
func normalize(w width) {
	name := "normalize" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, x, gamma, beta *float32, mean, scale float32, n uintptr)")
	Pragma("noescape")
	Doc(name + " computes dst = (x − mean)·scale·gamma + beta.")
	l := newLoop(w, name, 2, "dst", "x", "gamma", "beta")
	mean, scale := w.argument("mean"), w.argument("scale")
	l.write(func(p part) {
		x := p.load(1)
		VSUBPS(mean, x, x)
		VMULPS(scale, x, x)
		VFMADD213PS(p.load(3), p.load(2), x)
		p.store(x, 0)
	})
	VZEROUPPER()
	RET()
}
