// SPDX-License-Identifier: Apache-2.0

package modem

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// Demapper turns noisy symbols into log-likelihood ratios. Implementations are
// [MaxLog], [Exact] and the neural demappers of phy/neural; package modemtest
// states what all of them promise. A Demapper is for one goroutine at a time.
//
// The constellations are those of TS 38.211 §5.1.
type Demapper interface {
	// Configure selects the scheme. It returns a [*nr.FieldError] for an
	// unknown scheme and a [*nr.UnsupportedError] for one that the
	// implementation refuses. It does not allocate.
	Configure(m nr.Modulation) error

	// Demap writes fixed-point soft bits: LLR · [nr.LLRScale], rounded to
	// nearest and saturated at ±[nr.MaxLLR].
	//
	//   - dst: [len(sym)·Q_m], positive means bit 0
	//   - sym: unbiased symbols of unit mean energy, in codeword order; the
	//     first one has an even index in the codeword (for π/2-BPSK)
	//   - noiseVar: [len(sym)] variance of the complex error of each symbol,
	//     positive; a variance that is zero, negative or not a number counts
	//     as the smallest normal one, or as unknown (soft bits 0) when NaN
	//
	// It returns a [*tensor.ShapeError] if the lengths disagree. It does not
	// allocate; dst must not overlap the inputs.
	Demap(dst []int8, sym []complex64, noiseVar []float32) error

	// DemapFloat is Demap without scale, rounding and saturation.
	DemapFloat(dst []float32, sym []complex64, noiseVar []float32) error
}

// New returns the named model-driven demapper: "maxlog" or "exact". It returns
// a [*nr.FieldError] for another name.
func New(method string) (Demapper, error) {
	switch method {
	case "maxlog":
		return new(MaxLog), nil
	case "exact":
		return new(Exact), nil
	}
	return nil, &nr.FieldError{Field: "demapper", Got: method, Want: "maxlog or exact"}
}

// Quantize writes llr in the fixed-point form of [Demapper.Demap]: times
// [nr.LLRScale], rounded to nearest, saturated at ±[nr.MaxLLR]; NaN becomes 0.
// It panics if dst is shorter than llr. It does not allocate.
func Quantize(dst []int8, llr []float32) {
	dst = dst[:len(llr)]
	for i, x := range llr {
		dst[i] = quantize(x * nr.LLRScale)
	}
}

// quantize rounds and saturates a scaled soft bit.
func quantize(x float32) int8 {
	switch {
	case x >= nr.MaxLLR:
		return nr.MaxLLR
	case x <= -nr.MaxLLR:
		return -nr.MaxLLR
	case x != x:
		return 0
	case x < 0:
		return int8(x - 0.5)
	}
	return int8(x + 0.5)
}

// MinNoise is the smallest variance that a demapper divides by; it keeps finite
// symbols finite.
const MinNoise = 1e-12

// Inverse returns 1/noiseVar, bounded as every demapper bounds it; NaN gives 0, so
// that the soft bits of an element that nothing is known about are 0.
func Inverse(noiseVar float32) float32 {
	if noiseVar != noiseVar {
		return 0
	}
	return 1 / max(noiseVar, MinNoise)
}

// CheckLengths returns a [*tensor.ShapeError] of the named operation unless every
// symbol has one variance and qm soft bits, with qm above 0.
func CheckLengths(op string, dst, sym, noiseVar, qm int) error {
	switch {
	case qm == 0 || dst != sym*qm:
		return &tensor.ShapeError{Op: op + ": soft bits", Want: []int{sym * qm}, Got: []int{dst}}
	case noiseVar != sym:
		return &tensor.ShapeError{Op: op + ": noise variances", Want: []int{sym}, Got: []int{noiseVar}}
	}
	return nil
}
