// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// reductions writes the kernels that fold a vector into one number.
func reductions(w width) {
	w.sum("sum", "func(x *float32, n uintptr) float64", "Σ x", nil)
	w.sum("sumSquares", "func(x *float32, n uintptr, mean float32) float64", "Σ (x − mean)²", func() func(p part, x VecVirtual) VecVirtual {
		mean, zero := w.argument("mean"), w.constant(0)
		return func(p part, x VecVirtual) VecVirtual {
			VSUBPS(mean, x, x)
			p.masked(x, zero)
			return x
		}
	})
	w.sum("expSum", "func(dst, x *float32, n uintptr, shift float32) float64", "dst = e^(x − shift) and Σ dst", func() func(p part, x VecVirtual) VecVirtual {
		exp, shift, zero := w.newExp(), w.argument("shift"), w.constant(0)
		return func(p part, x VecVirtual) VecVirtual {
			VSUBPS(shift, x, x)
			y := exp(x)
			p.store(y, 0)
			p.masked(y, zero)
			return y
		}
	})
	w.extreme("most", "the greatest x, at least start", func(b Op, a, dst VecVirtual) { VMAXPS(b, a, dst) })
	w.extreme("least", "the least x, at most start", func(b Op, a, dst VecVirtual) { VMINPS(b, a, dst) })
}

// lower and upper return halves of a vector.
func (w width) lower(x VecVirtual) VecVirtual {
	if w.bytes == 64 {
		return x.AsY().(VecVirtual)
	}
	return x.AsX().(VecVirtual)
}

func (w width) upper(x VecVirtual) VecVirtual {
	if w.bytes == 64 {
		h := YMM()
		VEXTRACTF64X4(Imm(1), x, h)
		return h
	}
	h := XMM()
	VEXTRACTF128(Imm(1), x, h)
	return h
}

// sum writes a sum in float64: two accumulators for each of two vectors.
func (w width) sum(name, sig, doc string, prepare func() func(p part, x VecVirtual) VecVirtual) {
	name += w.suffix
	TEXT(name, NOSPLIT, sig)
	Pragma("noescape")
	Doc(name + " computes " + doc + ".")
	slices := []string{"x"}
	if name == "expSum"+w.suffix {
		slices = []string{"dst", "x"}
	}
	l := newLoop(w, name, 2, slices...)
	term := func(_ part, x VecVirtual) VecVirtual { return x }
	if prepare != nil {
		term = prepare()
	}
	acc := make([]VecVirtual, 4)
	for i := range acc {
		acc[i] = w.reg()
		VXORPS(acc[i], acc[i], acc[i])
	}
	square := name == "sumSquares"+w.suffix
	l.write(func(p part) {
		x := term(p, p.load(len(slices)-1))
		lo, hi := w.reg(), w.reg()
		VCVTPS2PD(w.lower(x), lo)
		VCVTPS2PD(w.upper(x), hi)
		for i, d := range []VecVirtual{lo, hi} {
			if square {
				VFMADD231PD(d, d, acc[2*p.v+i])
			} else {
				VADDPD(d, acc[2*p.v+i], acc[2*p.v+i])
			}
		}
	})
	VADDPD(acc[2], acc[0], acc[0])
	VADDPD(acc[3], acc[1], acc[1])
	VADDPD(acc[1], acc[0], acc[0])
	w.addLanes(acc[0])
}

// addLanes returns the sum of the lanes of a vector of float64 and ends the
// function.
func (w width) addLanes(x VecVirtual) {
	y := x
	if w.bytes == 64 {
		h := YMM()
		VEXTRACTF64X4(Imm(1), x, h)
		VADDPD(x.AsY(), h, h)
		y = h
	}
	h := XMM()
	VEXTRACTF128(Imm(1), y.AsY(), h)
	VADDPD(y.AsX(), h, h)
	o := XMM()
	VUNPCKHPD(h, h, o)
	VADDSD(o, h, h)
	VZEROUPPER()
	Store(h, ReturnIndex(0))
	RET()
}

// extreme writes the greatest or least element; what is not a number wins.
func (w width) extreme(name, doc string, op func(b Op, a, dst VecVirtual)) {
	name += w.suffix
	TEXT(name, NOSPLIT, "func(x *float32, n uintptr, start float32) float32")
	Pragma("noescape")
	Doc(name + " returns " + doc + "; what is not a number is the greatest and the least.")
	l := newLoop(w, name, 4, "x")
	start := w.argument("start")
	acc, odd := make([]VecVirtual, 4), make([]VecVirtual, 4)
	for i := range acc {
		acc[i], odd[i] = w.copy(start), w.constant(0)
	}
	l.write(func(p part) {
		x := p.load(0)
		p.masked(x, start)
		op(x, acc[p.v], acc[p.v])
		// Not a number as the second source stays; once it is the first it is
		// lost, and so it is kept apart.
		w.keepOdd(x, odd[p.v])
	})
	for i := 1; i < 4; i++ {
		op(acc[i], acc[0], acc[0])
		VORPS(odd[i], odd[0], odd[0])
	}
	y, o := acc[0], odd[0]
	if w.bytes == 64 {
		h, ho := YMM(), YMM()
		VEXTRACTF64X4(Imm(1), y, h)
		VEXTRACTF64X4(Imm(1), o, ho)
		op(y.AsY(), h, h)
		VORPS(o.AsY(), ho, ho)
		y, o = h, ho
	}
	h, ho := XMM(), XMM()
	VEXTRACTF128(Imm(1), y.AsY(), h)
	VEXTRACTF128(Imm(1), o.AsY(), ho)
	op(y.AsX(), h, h)
	VORPS(o.AsX(), ho, ho)
	for _, order := range []uint64{0x4e, 0xb1} {
		t, to := XMM(), XMM()
		VPERMILPS(Imm(order), h, t)
		VPERMILPS(Imm(order), ho, to)
		op(t, h, h)
		VORPS(to, ho, ho)
	}
	bitsOf := GP32()
	VMOVD(ho, bitsOf)
	TESTL(bitsOf, bitsOf)
	JZ(LabelRef(name + "_number"))
	VBROADCASTSS(bits(math.Float32bits(float32(math.NaN()))), h)
	Label(name + "_number")
	VZEROUPPER()
	Store(h, ReturnIndex(0))
	RET()
}

// keepOdd sets bits of odd where x is not a number.
func (w width) keepOdd(x, odd VecVirtual) {
	if w.bytes == 64 {
		k := w.compare(unorder, x, x)
		VORPS(x, odd, k, odd)
		return
	}
	m := w.compare(unorder, x, x)
	VORPS(m, odd, odd)
}
