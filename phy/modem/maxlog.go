// SPDX-License-Identifier: Apache-2.0

package modem

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/nr"
)

// MaxLog is the max-log demapper: the difference of the squared distances to
// the nearest point of either hypothesis, over the noise variance. It is exact
// max-log, not its usual straight-line approximation: see [c64.MaxLog] for the
// folding recursion. The zero value demaps nothing until Configure.
//
// P. Robertson, E. Villebrun and P. Hoeher, "A Comparison of Optimal and Sub-Optimal MAP
// Decoding Algorithms Operating in the Log Domain", ICC 1995, has the approximation; the
// constellations are those of TS 38.211 §5.1.
type MaxLog struct {
	modulation nr.Modulation
	bitsPerDim int     // bits of I and of Q; 0 for π/2-BPSK
	gain, unit float32 // 8A² and 1/2A
}

// Configure implements [Demapper]; it takes every scheme.
func (d *MaxLog) Configure(m nr.Modulation) error {
	if !m.Valid() {
		return &nr.FieldError{Field: "modulation", Got: m, Want: "a scheme of TS 38.211 §5.1"}
	}
	*d = MaxLog{modulation: m, bitsPerDim: m.BitsPerSymbol() / 2}
	if d.bitsPerDim > 0 {
		a := spacing(m)
		d.gain, d.unit = float32(8*a*a), float32(1/(2*a))
	}
	return nil
}

// Demap implements [Demapper].
func (d *MaxLog) Demap(dst []int8, sym []complex64, noiseVar []float32) error {
	if err := CheckLengths("modem: max-log", len(dst), len(sym), len(noiseVar), d.modulation.BitsPerSymbol()); err != nil {
		return err
	}
	if d.bitsPerDim == 0 {
		for i, z := range sym {
			dst[i] = quantize(nr.LLRScale * pi2BPSK(i, z, noiseVar[i]))
		}
		return nil
	}
	c64.MaxLog(dst, sym, noiseVar, d.bitsPerDim, nr.LLRScale*d.gain, d.unit)
	return nil
}

// DemapFloat implements [Demapper].
func (d *MaxLog) DemapFloat(dst []float32, sym []complex64, noiseVar []float32) error {
	if err := CheckLengths("modem: max-log", len(dst), len(sym), len(noiseVar), d.modulation.BitsPerSymbol()); err != nil {
		return err
	}
	if d.bitsPerDim == 0 {
		for i, z := range sym {
			dst[i] = pi2BPSK(i, z, noiseVar[i])
		}
		return nil
	}
	for i, z := range sym {
		w := d.gain * Inverse(noiseVar[i])
		x, y := real(z)*d.unit, imag(z)*d.unit
		for k := d.bitsPerDim - 1; k >= 1; k-- {
			top, half := float32(int(1)<<k-1), float32(int(1)<<(k-1))
			dst[0], dst[1] = foldSign(x, top)*w, foldSign(y, top)*w
			x, y, dst = half-abs(x), half-abs(y), dst[2:]
		}
		dst[0], dst[1] = x*w, y*w
		dst = dst[2:]
	}
	return nil
}

// pi2BPSK returns the soft bit of symbol i of a codeword; both demappers share
// it, since two points leave nothing to sum or to choose.
func pi2BPSK(i int, z complex64, noiseVar float32) float32 {
	a, b := float64(real(z)), float64(imag(z))
	if i&1 != 0 { // (1+j)·j = −1+j
		a, b = b, -a
	}
	llr := 4 / math.Sqrt2 * (a + b) * float64(Inverse(noiseVar))
	return float32(min(max(llr, -math.MaxFloat32), math.MaxFloat32))
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
