// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The coefficients are those of package f32, which says how they were found.
var (
	log2e        = float32(math.Log2E)
	ln2Hi        = float32(math.Ln2)
	ln2Lo        = float32(math.Ln2 - float64(ln2Hi))
	expm1Coefs   = []float32{0.49999997, 0.16666543, 0.0416672, 0.0083665205, 0.0013882521}
	erfSmall     = []float32{0.12837917, -0.37612635, 0.11283715, -0.026860509, 0.005203859, -0.0008175639, 8.513103e-05}
	erfLarge     = []float32{-0.00016920392, 1.1294883, 0.63340086, 0.10822037, -0.025080606, 0.0041562505, -0.00043139257, 2.0828527e-05}
	log1pCoefs   = []float32{1, -0.49999982, 0.3333256, -0.24987271, 0.19890748, -0.16105692, 0.12418436, -0.08244175, 0.041478224, -0.013407527, 0.0020302408}
	logCoefs     = []float32{0.33333313, -0.2500001, 0.2000212, -0.16667996, 0.14219552, -0.12405589, 0.11888162, -0.11675652, 0.06746641}
	erfBorder    = float32(0.9)
	erfLimit     = float32(3.95)
	minNormal    = float32(0x1p-126)
	expLo, expHi = float32(-104), float32(89)
)

// tinyShift is by how many places log moves a subnormal number up.
const tinyShift = 23

// reduce returns n and r with x = n·ln 2 + r and |r| ≤ ln 2 / 2.
func (w width) reduce(x VecVirtual) (n, r VecVirtual) {
	n = w.reg()
	w.times(log2e, x, n)
	w.round(nearest, n, n)
	r = x
	w.subProduct(ln2Hi, n, r)
	w.subProduct(ln2Lo, n, r)
	return n, r
}

// expm1Reduced returns e^r − 1 for a reduced r.
func (w width) expm1Reduced(r VecVirtual) VecVirtual {
	q := w.polynomial(r, expm1Coefs)
	VMULPS(r, q, q)
	VFMADD213PS(r, r, q) // q·r + r
	return q
}

// withExp gives a function the exponential, whose limits stay in registers.
func (w width) withExp(f func(exp func(VecVirtual) VecVirtual, a, b VecVirtual) func(x VecVirtual) VecVirtual) func(a, b VecVirtual) func(x VecVirtual) VecVirtual {
	return func(a, b VecVirtual) func(x VecVirtual) VecVirtual {
		return f(w.newExp(), a, b)
	}
}

// newExp loads what the exponential keeps in registers and returns it.
func (w width) newExp() func(VecVirtual) VecVirtual {
	lo, hi := w.constant(expLo), w.constant(expHi)
	return func(x VecVirtual) VecVirtual {
		n, r := w.reduce(clamp(x, lo, hi))
		y := w.expm1Reduced(r)
		w.plus(1, y, y)
		w.scale(n, y)
		return y
	}
}

// scale sets y to y·2ⁿ.
func (w width) scale(n, y VecVirtual) {
	if w.bytes == 64 {
		VSCALEFPS(n, y, y)
		return
	}
	// Half of n and then the other half, because 2ⁿ alone may not be a number.
	half := w.reg()
	VCVTPS2DQ(n, n)
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	for _, part := range []VecVirtual{half, n} {
		VPADDD(bits(127), part, part)
		VPSLLD(Imm(23), part, part)
		VMULPS(part, y, y)
	}
}

// power returns 2ⁿ for n from −126 to 127.
func (w width) power(n VecVirtual) VecVirtual {
	if w.bytes == 64 {
		y := w.constant(1)
		VSCALEFPS(n, y, y)
		return y
	}
	VCVTPS2DQ(n, n)
	VPADDD(bits(127), n, n)
	VPSLLD(Imm(23), n, n)
	return n
}

// expm1 returns e^x − 1 for x from −87 to 88.
func (w width) expm1(x VecVirtual) VecVirtual {
	n, r := w.reduce(x)
	y, p := w.expm1Reduced(r), w.power(n)
	less1 := w.reg()
	w.plus(-1, p, less1)
	VFMADD213PS(less1, p, y)
	return y
}

// tanh is d / (d + 2) with d = e^2|x| − 1, and the sign of x.
func (w width) tanh(_, _ VecVirtual) func(x VecVirtual) VecVirtual {
	hi := w.constant(10)
	return func(x VecVirtual) VecVirtual {
		t, sign, sum := w.reg(), w.reg(), w.reg()
		w.and(signBit, x, sign)
		w.and(magBits, x, t)
		VMINPS(t, hi, t)
		VADDPS(t, t, t)
		d := w.expm1(t)
		w.plus(2, d, sum)
		VDIVPS(sum, d, d)
		VORPS(sign, d, d)
		return d
	}
}

// elu is b·x for x > 0 and b·a·(e^x − 1) elsewhere.
func (w width) elu(a, b VecVirtual) func(x VecVirtual) VecVirtual {
	lo, zero := w.constant(-87), w.constant(0)
	return func(x VecVirtual) VecVirtual {
		y := w.reg()
		VMINPS(x, zero, y)
		VMAXPS(y, lo, y)
		y = w.expm1(y)
		VMULPS(a, y, y)
		w.choose(w.compare(less, zero, x), x, y, y)
		VMULPS(b, y, y)
		return y
	}
}

// erf is a polynomial in x² near zero and 1 − e^−g(|x|) beyond.
func (w width) erf(exp func(VecVirtual) VecVirtual, _, _ VecVirtual) func(x VecVirtual) VecVirtual {
	border, limit := w.constant(erfBorder), w.constant(erfLimit)
	return func(x VecVirtual) VecVirtual {
		t, sign, s := w.reg(), w.reg(), w.reg()
		w.and(signBit, x, sign)
		w.and(magBits, x, t)
		near := w.compare(less, t, border)
		VMULPS(x, x, s)
		small := w.polynomial(s, erfSmall)
		VFMADD213PS(x, x, small)
		VMINPS(t, limit, t)
		g := w.polynomial(t, erfLarge)
		VXORPS(w.signs(), g, g)
		large := exp(g)
		one := w.constant(1)
		VSUBPS(large, one, large)
		VORPS(sign, large, large)
		w.choose(near, small, large, large)
		return large
	}
}

// softplus is max(x, 0) + ln(1 + e^−|x|).
func (w width) softplus(exp func(VecVirtual) VecVirtual, _, _ VecVirtual) func(x VecVirtual) VecVirtual {
	zero := w.constant(0)
	return func(x VecVirtual) VecVirtual {
		t := w.reg()
		w.and(magBits, x, t)
		VORPS(w.signs(), t, t)
		VMAXPS(x, zero, x)
		e := exp(t)
		y := w.polynomial(e, log1pCoefs)
		VFMADD213PS(x, e, y)
		return y
	}
}

// log splits x into 2ᵉ·(1+f) with 1+f from √½ to √2, a subnormal x after it was
// made larger.
func (w width) log(_, _ VecVirtual) func(x VecVirtual) VecVirtual {
	zero, inf := w.constant(0), w.constant(float32(math.Inf(1)))
	nan, minusInf := w.constant(float32(math.NaN())), w.constant(float32(math.Inf(-1)))
	normal, shift := w.constant(minNormal), w.constant(tinyShift)
	return func(x VecVirtual) VecVirtual {
		larger, taken := w.reg(), w.reg()
		w.times(1<<tinyShift, x, larger)
		tiny := w.compare(less, x, normal)
		w.choose(tiny, larger, x, x)
		w.choose(tiny, shift, zero, taken)
		// The bits less those of √½ hold e above and the rest of 1+f below.
		e, f := w.reg(), w.reg()
		offset := w.reg()
		VBROADCASTSS(bits(math.Float32bits(math.Sqrt2/2)), offset)
		w.integerSub(offset, x, f)
		w.shiftRight(f, e)
		VCVTDQ2PS(e, e)
		VSUBPS(taken, e, e)
		w.and(1<<23-1, f, f)
		w.integerAdd(offset, f, f)
		w.plus(-1, f, f)

		y, s := w.polynomial(f, logCoefs), w.reg()
		VMULPS(f, f, s)
		VMULPS(f, y, y)
		VMULPS(s, y, y)
		w.addProduct(ln2Lo, e, y)
		w.subProduct(0.5, s, y)
		VADDPS(f, y, y)
		w.addProduct(ln2Hi, e, y)
		w.choose(w.compare(less, x, inf), y, x, y) // infinity and what is no number
		w.choose(w.compare(0, x, zero), minusInf, y, y)
		w.choose(w.compare(less, x, zero), nan, y, y)
		return y
	}
}

func (w width) integerSub(b, a, dst VecVirtual) { VPSUBD(b, a, dst) }
func (w width) integerAdd(b, a, dst VecVirtual) { VPADDD(b, a, dst) }
func (w width) shiftRight(a, dst VecVirtual)    { VPSRAD(Imm(23), a, dst) }
