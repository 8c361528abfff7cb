// SPDX-License-Identifier: Apache-2.0

package modem

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Exact is the log-MAP demapper: it sums the likelihoods of all points of
// either hypothesis. It costs up to 32 exponentials a symbol; it is the
// reference that neural demappers are trained towards. The zero value demaps
// nothing until Configure.
//
// The constellations are those of TS 38.211 §5.1.
type Exact struct {
	modulation nr.Modulation
	numBits    int         // bits a dimension
	levels     [16]float64 // amplitude of each combination of these bits
}

// Configure implements [Demapper]; it takes every scheme.
func (d *Exact) Configure(m nr.Modulation) error {
	if !m.Valid() {
		return &nr.FieldError{Field: "modulation", Got: m, Want: "a scheme of TS 38.211 §5.1"}
	}
	d.modulation, d.numBits = m, max(1, m.BitsPerSymbol()/2)
	a := 1.0 // π/2-BPSK has one dimension of ±1
	if m != nr.Pi2BPSK {
		a = spacing(m)
	}
	for v := range 1 << d.numBits {
		d.levels[v] = a * float64(level(v, d.numBits))
	}
	return nil
}

// Demap implements [Demapper].
func (d *Exact) Demap(dst []int8, sym []complex64, noiseVar []float32) error {
	if err := CheckLengths("modem: exact", len(dst), len(sym), len(noiseVar), d.modulation.BitsPerSymbol()); err != nil {
		return err
	}
	var buf [8]float32
	qm := d.modulation.BitsPerSymbol()
	for i, z := range sym {
		d.symbol(&buf, i, z, noiseVar[i])
		Quantize(dst[i*qm:(i+1)*qm], buf[:qm])
	}
	return nil
}

// DemapFloat implements [Demapper].
func (d *Exact) DemapFloat(dst []float32, sym []complex64, noiseVar []float32) error {
	if err := CheckLengths("modem: exact", len(dst), len(sym), len(noiseVar), d.modulation.BitsPerSymbol()); err != nil {
		return err
	}
	var buf [8]float32
	qm := d.modulation.BitsPerSymbol()
	for i, z := range sym {
		d.symbol(&buf, i, z, noiseVar[i])
		copy(dst[i*qm:(i+1)*qm], buf[:qm])
	}
	return nil
}

// symbol demaps symbol i of a codeword.
func (d *Exact) symbol(dst *[8]float32, i int, z complex64, noiseVar float32) {
	if d.modulation == nr.Pi2BPSK {
		dst[0] = pi2BPSK(i, z, noiseVar)
		return
	}
	w := float64(Inverse(noiseVar))
	d.dimension(dst[0:], float64(real(z)), w)
	d.dimension(dst[1:], float64(imag(z)), w)
}

// dimension writes the soft bits of one dimension to every second element.
//
// The metric of a level L is −(y−L)²·w without the part y²·w that all have in
// common: beside that of a great y the others would drown.
func (d *Exact) dimension(dst []float32, y, w float64) {
	y = min(max(y, -math.MaxFloat32), math.MaxFloat32)
	var metric [16]float64
	n := 1 << d.numBits
	for v, level := range d.levels[:n] {
		metric[v] = (2*y - level) * level * w
	}
	for k := range d.numBits {
		shift := d.numBits - 1 - k
		llr := logSum(metric[:n], shift, 0) - logSum(metric[:n], shift, 1)
		dst[2*k] = float32(min(max(llr, -math.MaxFloat32), math.MaxFloat32))
	}
}

// logSum returns ln Σ exp(metric[v]) over the v whose bit shift equals want.
func logSum(metric []float64, shift, want int) float64 {
	top := math.Inf(-1)
	for v, m := range metric {
		if v>>shift&1 == want {
			top = max(top, m)
		}
	}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	sum := 0.0
	for v, m := range metric {
		if v>>shift&1 == want && m-top > -40 {
			sum += math.Exp(m - top)
		}
	}
	return top + math.Log(sum)
}
