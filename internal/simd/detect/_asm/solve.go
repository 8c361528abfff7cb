// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The layout of Work, in bytes.
const (
	maxLayers = 4
	maxPairs  = 6
	chunk     = 192
	numAt     = 0
	crossAt   = numAt + maxLayers*8*chunk
	gainAt    = crossAt + maxPairs*8*chunk
	noiseAt   = gainAt + maxLayers*4*chunk
	symbolAt  = noiseAt + maxLayers*4*chunk
)

const (
	minNoiseVar = 1e-8
	maxNoiseVar = 1e8
	tiny        = 1e-30
	weak        = 1e-7
)

var constants = map[float32]Mem{}

// constMem returns eight equal numbers in memory.
func constMem(x float32) Mem {
	m, ok := constants[x]
	if !ok {
		m = GLOBL(fmt.Sprintf("vec%08x", math.Float32bits(x)), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(math.Float32bits(x)))
		}
		constants[x] = m
	}
	return m
}

// constant returns eight equal numbers in a register.
func constant(x float32) VecVirtual { return loaded(constMem(x)) }

// pair is a block of complex numbers in registers.
type pair struct{ re, im VecVirtual }

func loadPair(m Mem) pair { return pair{loaded(m), loaded(imag(m))} }

func (x pair) store(m Mem) {
	VMOVUPS(x.re, m)
	VMOVUPS(x.im, imag(m))
}

// sub subtracts a·b, or conj(a)·b.
func (x pair) sub(a, b pair, conj bool) {
	VFNMADD231PS(a.re, b.re, x.re)
	VFNMADD231PS(a.re, b.im, x.im)
	if conj {
		VFNMADD231PS(a.im, b.im, x.re)
		VFMADD231PS(a.im, b.re, x.im)
	} else {
		VFMADD231PS(a.im, b.im, x.re)
		VFNMADD231PS(a.im, b.re, x.im)
	}
}

// scaled returns x·f.
func (x pair) scaled(f Op) pair {
	y := pair{YMM(), YMM()}
	VMULPS(f, x.re, y.re)
	VMULPS(f, x.im, y.im)
	return y
}

// normSq returns |x|².
func (x pair) normSq() VecVirtual {
	n := YMM()
	VMULPS(x.re, x.re, n)
	VFMADD231PS(x.im, x.im, n)
	return n
}

// solver writes one kernel: registers and the places of its operands.
type solver struct {
	n          int
	wide, slim Register // where blocks of complex and of real numbers are
	load, q    Mem      // broadcast, on the stack
	one        Mem
}

func (s *solver) num(l int) Mem   { return Mem{Base: s.wide, Disp: numAt + 8*chunk*l} }
func (s *solver) cross(i int) Mem { return Mem{Base: s.wide, Disp: crossAt + 8*chunk*i} }
func (s *solver) gain(l int) Mem  { return Mem{Base: s.slim, Disp: gainAt + 4*chunk*l} }

// solve writes the kernel for a number of layers.
func solve(layers int) {
	name := fmt.Sprintf("solve%dAVX2", layers)
	flags := NOSPLIT
	if layers > 2 {
		flags = 0 // the frame is too large for a stack that may not grow
	}
	TEXT(name, flags, "func(w *float32, blocks int, load, q float32)")
	Doc(fmt.Sprintf("%s is Work.Solve for %d layers and at least one block; w is the start of the Work.", name, layers))
	Pragma("noescape")
	s := &solver{n: layers, wide: Load(Param("w"), GP64()), slim: GP64(), one: constMem(1)}
	blocks := Load(Param("blocks"), GP64())
	MOVQ(s.wide, s.slim)
	for _, p := range []struct {
		name string
		at   *Mem
	}{{"load", &s.load}, {"q", &s.q}} {
		arg, err := Param(p.name).Resolve()
		if err != nil {
			panic(err)
		}
		x := YMM()
		VBROADCASTSS(arg.Addr, x)
		*p.at = AllocLocal(32)
		VMOVUPS(x, *p.at)
	}
	Label("loop")
	switch layers {
	case 1:
		s.finish(0, loadPair(s.num(0)), loaded(s.q), loaded(s.gain(0)))
	case 2:
		s.two()
	default:
		s.many()
	}
	ADDQ(Imm(64), s.wide)
	ADDQ(Imm(32), s.slim)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// finish stores x/gain and variance/gain, within bounds.
func (s *solver) finish(l int, x pair, variance, gain VecVirtual) {
	good, inv := YMM(), YMM()
	VCMPPS(Imm(14), constMem(tiny), gain, good) // gain > tiny
	VMOVUPS(s.one, inv)
	VDIVPS(gain, inv, inv)
	VMULPS(inv, variance, variance)
	VMINPS(constMem(maxNoiseVar), variance, variance) // not a number becomes the bound
	VMAXPS(constMem(minNoiseVar), variance, variance)
	VBLENDVPS(good, variance, constant(maxNoiseVar), variance)
	VMOVUPS(variance, Mem{Base: s.slim, Disp: noiseAt + 4*chunk*l})
	y := x.scaled(inv)
	VANDPS(good, y.re, y.re)
	VANDPS(good, y.im, y.im)
	low, high, out := YMM(), YMM(), YMM()
	VUNPCKLPS(y.im, y.re, low)
	VUNPCKHPS(y.im, y.re, high)
	at := Mem{Base: s.wide, Disp: symbolAt + 8*chunk*l}
	VPERM2F128(Imm(0x20), high, low, out)
	VMOVUPS(out, at)
	VPERM2F128(Imm(0x31), high, low, low)
	VMOVUPS(low, imag(at))
}

// two is the closed form of two layers.
func (s *solver) two() {
	for l := range 2 {
		c, x := loadPair(s.cross(0)), loadPair(s.num(l))
		own, other := loaded(s.gain(l)), loaded(s.gain(1-l))
		VADDPS(s.load, other, other)
		det := c.normSq()
		VFMSUB231PS(own, other, det)
		x = x.scaled(other)
		x.sub(c, loadPair(s.num(1-l)), l == 1)
		VMULPS(s.q, other, other)
		s.finish(l, x, other, det)
	}
}

// many factorizes A = Uᴴ·D·U and solves, as in the Go definition; what does not
// fit into registers is on the stack.
func (s *solver) many() {
	n := s.n
	slot := func() Mem { return AllocLocal(64) }
	var u, t, v [maxLayers][maxLayers]Mem
	var x, inv [maxLayers]Mem
	for k := range n {
		x[k], inv[k] = slot(), AllocLocal(32)
		for j := k + 1; j < n; j++ {
			u[k][j], t[k][j], v[k][j] = slot(), slot(), slot()
		}
	}
	good := AllocLocal(32)
	index := 0
	for k := range n {
		a := loaded(s.gain(k))
		VADDPS(s.load, a, a)
		d, b := YMM(), loadPair(s.num(k))
		VMOVAPS(a, d)
		for i := range k {
			VFNMADD231PS(inv[i], loadPair(t[i][k]).normSq(), d)
			b.sub(loadPair(u[i][k]), loadPair(x[i]), true)
		}
		b.store(x[k])
		strong, f := YMM(), YMM()
		VMULPS(constMem(weak), a, a)
		VCMPPS(Imm(14), a, d, strong) // d > weak·a
		if k > 0 {
			VANDPS(good, strong, strong)
		}
		VMOVUPS(strong, good)
		VMOVUPS(s.one, f)
		VDIVPS(d, f, f)
		VMOVUPS(f, inv[k])
		for j := k + 1; j < n; j++ {
			y := loadPair(s.cross(index))
			index++
			for i := range k {
				y.sub(loadPair(u[i][k]), loadPair(t[i][j]), true)
			}
			y.store(t[k][j])
			y.scaled(f).store(u[k][j])
		}
	}
	zero := AllocLocal(32)
	VMOVUPS(zeroed(1)[0], zero)
	for j := n - 1; j >= 0; j-- {
		y, diagonal := loadPair(x[j]).scaled(inv[j]), loaded(inv[j])
		for m := j + 1; m < n; m++ {
			y.sub(loadPair(u[j][m]), loadPair(x[m]), false)
			z := pair{loaded(zero), loaded(zero)}
			own := loadPair(u[j][m])
			VSUBPS(own.re, z.re, z.re)
			VSUBPS(own.im, z.im, z.im)
			for i := j + 1; i < m; i++ {
				z.sub(loadPair(u[j][i]), loadPair(v[i][m]), false)
			}
			z.store(v[j][m])
			VFMADD231PS(inv[m], z.normSq(), diagonal)
		}
		y.store(x[j])
		gain, variance := loaded(s.one), YMM()
		VFNMADD231PS(s.load, diagonal, gain)
		VANDPS(good, gain, gain)
		VMULPS(s.q, diagonal, variance)
		s.finish(j, y, variance, gain)
	}
}
