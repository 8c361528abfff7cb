// SPDX-License-Identifier: Apache-2.0

package ofdm

import (
	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// Plan is a forward discrete Fourier transform, X(k) = Σ x(n) exp(−j2πkn/N),
// without scale. It is immutable: any number of goroutines may use one plan,
// each with its own scratch. The inverse is the forward transform of the input
// in reverse order, x((N−n) mod N).
//
// It is the sum over k of TS 38.211 §5.3.1.
type Plan struct {
	fft *c64.Plan
}

// NewPlan returns a transform of size points, 2^a or 3·2^a from 8 to 8192. It
// returns a [*nr.FieldError] for any other size.
func NewPlan(size int) (*Plan, error) {
	fft, ok := c64.NewPlan(size)
	if !ok {
		return nil, &nr.FieldError{Field: "fft_size", Got: size, Want: "2^a or 3·2^a, 8…8192"}
	}
	return &Plan{fft}, nil
}

// Size returns N.
func (p *Plan) Size() int { return p.fft.Size() }

// Transform writes the transform of src to dst.
//
//   - dst, src, scratch: N values each; they must not overlap. scratch is
//     overwritten, src is kept.
//
// It returns a [*tensor.ShapeError] if a length differs. It does not allocate.
func (p *Plan) Transform(dst, src, scratch []complex64) error {
	for _, s := range [][]complex64{dst, src, scratch} {
		if len(s) != p.Size() {
			return &tensor.ShapeError{Op: "ofdm: transform", Want: []int{p.Size()}, Got: []int{len(s)}}
		}
	}
	p.fft.Transform(dst, src, scratch)
	return nil
}

// String returns the size and the radix of each pass.
func (p *Plan) String() string { return p.fft.String() }

// buffer returns n aligned values.
func buffer(n int) []complex64 {
	t := tensor.New[complex64]([]int{n})
	return t.Data()
}
