// SPDX-License-Identifier: Apache-2.0

package modem

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// MaxLog is the max-log demapper: the difference of the squared distances to
// the nearest point of either hypothesis, over the noise variance. It is exact
// max-log, not its usual straight-line approximation, at the cost of one floor
// a soft bit. The zero value demaps nothing until Configure.
//
// One dimension with 2^k levels folds k times: the first bit is the sign of
// t = y, the next that of t' = 2^(k−1)·A − |t|, and so on with half the levels.
// With x = |t| / 2A and q = min(⌊x⌋, 2^(k−1)−1) the nearest level of the other
// sign is 1, that of its own is 2q+1, and the soft bit is
//
//	±8A²/σ² · (q+1)·(x − q/2)
type MaxLog struct {
	modulation nr.Modulation
	demap      func(dst []int8, sym []complex64, noiseVar []float32)
	float      func(dst []float32, sym []complex64, noiseVar []float32)
}

// Configure implements [Demapper]; it takes every scheme.
func (d *MaxLog) Configure(m nr.Modulation) error {
	switch m {
	case nr.Pi2BPSK:
		d.demap, d.float = maxLogPi2BPSK[int8], maxLogPi2BPSK[float32]
	case nr.QPSK:
		d.demap, d.float = maxLogQPSK[int8], maxLogQPSK[float32]
	case nr.QAM16:
		d.demap, d.float = maxLog16[int8], maxLog16[float32]
	case nr.QAM64:
		d.demap, d.float = maxLog64[int8], maxLog64[float32]
	case nr.QAM256:
		d.demap, d.float = maxLog256[int8], maxLog256[float32]
	default:
		return &nr.FieldError{Field: "modulation", Got: m, Want: "a scheme of TS 38.211 §5.1"}
	}
	d.modulation = m
	return nil
}

// Demap implements [Demapper].
func (d *MaxLog) Demap(dst []int8, sym []complex64, noiseVar []float32) error {
	if err := checkLengths("max-log", len(dst), len(sym), len(noiseVar), d.modulation.BitsPerSymbol()); err != nil {
		return err
	}
	d.demap(dst, sym, noiseVar)
	return nil
}

// DemapFloat implements [Demapper].
func (d *MaxLog) DemapFloat(dst []float32, sym []complex64, noiseVar []float32) error {
	if err := checkLengths("max-log", len(dst), len(sym), len(noiseVar), d.modulation.BitsPerSymbol()); err != nil {
		return err
	}
	d.float(dst, sym, noiseVar)
	return nil
}

// soft is the element of the two output formats.
type soft interface{ int8 | float32 }

// scale returns the factor between an LLR and the output format.
func scale[S soft]() float32 {
	if S(1)/2 == 0 { // integer division
		return nr.LLRScale
	}
	return 1
}

// store converts a scaled soft bit to the output format.
func store[S soft](x float32) S {
	if S(1)/2 == 0 {
		return S(quantize(x))
	}
	return S(x)
}

func maxLogPi2BPSK[S soft](dst []S, sym []complex64, noiseVar []float32) {
	gain := scale[S]() * 4 / math.Sqrt2
	for i, z := range sym {
		t := real(z) + imag(z)
		if i&1 != 0 { // (1+j)·j = −1+j
			t = imag(z) - real(z)
		}
		dst[i] = store[S](t * gain * inverse(noiseVar[i]))
	}
}

func maxLogQPSK[S soft](dst []S, sym []complex64, noiseVar []float32) {
	gain := scale[S]() * 4 / math.Sqrt2
	for i, z := range sym {
		w := gain * inverse(noiseVar[i])
		dst[2*i] = store[S](real(z) * w)
		dst[2*i+1] = store[S](imag(z) * w)
	}
}

func maxLog16[S soft](dst []S, sym []complex64, noiseVar []float32) {
	a := float32(spacing(nr.QAM16))
	gain, unit := scale[S]()*8*a*a, 1/(2*a)
	for i, z := range sym {
		w := gain * inverse(noiseVar[i])
		x, y := real(z)*unit, imag(z)*unit // in units of 2A
		o := dst[4*i : 4*i+4 : 4*i+4]
		o[0] = store[S](foldSign(x, 1) * w)
		o[1] = store[S](foldSign(y, 1) * w)
		o[2] = store[S]((1 - abs(x)) * w)
		o[3] = store[S]((1 - abs(y)) * w)
	}
}

func maxLog64[S soft](dst []S, sym []complex64, noiseVar []float32) {
	a := float32(spacing(nr.QAM64))
	gain, unit := scale[S]()*8*a*a, 1/(2*a)
	for i, z := range sym {
		w := gain * inverse(noiseVar[i])
		x, y := real(z)*unit, imag(z)*unit
		o := dst[6*i : 6*i+6 : 6*i+6]
		o[0] = store[S](foldSign(x, 3) * w)
		o[1] = store[S](foldSign(y, 3) * w)
		x, y = 2-abs(x), 2-abs(y)
		o[2] = store[S](foldSign(x, 1) * w)
		o[3] = store[S](foldSign(y, 1) * w)
		o[4] = store[S]((1 - abs(x)) * w)
		o[5] = store[S]((1 - abs(y)) * w)
	}
}

func maxLog256[S soft](dst []S, sym []complex64, noiseVar []float32) {
	a := float32(spacing(nr.QAM256))
	gain, unit := scale[S]()*8*a*a, 1/(2*a)
	for i, z := range sym {
		w := gain * inverse(noiseVar[i])
		x, y := real(z)*unit, imag(z)*unit
		o := dst[8*i : 8*i+8 : 8*i+8]
		o[0] = store[S](foldSign(x, 7) * w)
		o[1] = store[S](foldSign(y, 7) * w)
		x, y = 4-abs(x), 4-abs(y)
		o[2] = store[S](foldSign(x, 3) * w)
		o[3] = store[S](foldSign(y, 3) * w)
		x, y = 2-abs(x), 2-abs(y)
		o[4] = store[S](foldSign(x, 1) * w)
		o[5] = store[S](foldSign(y, 1) * w)
		o[6] = store[S]((1 - abs(x)) * w)
		o[7] = store[S]((1 - abs(y)) * w)
	}
}

// foldSign returns ±(q+1)(x − q/2) with x = |t|, q = min(⌊x⌋, top): the soft
// bit of the sign of t among 2·(top+1) levels, t in units of 2A.
func foldSign(t, top float32) float32 {
	x := abs(t)
	q := float32(int32(min(x, top)))
	x = (q + 1) * (x - q/2)
	return math.Float32frombits(math.Float32bits(x) | math.Float32bits(t)&(1<<31))
}

func abs(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
}
