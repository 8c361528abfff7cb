// SPDX-License-Identifier: Apache-2.0

package c64

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// maxFirst8 is the largest transform that starts with a radix-8 pass: in larger
// ones its eight streams lie on the same lines of the first-level cache.
const maxFirst8 = 2048

// Plan is a forward discrete Fourier transform, X(k) = Σ x(n) exp(−j2πkn/N),
// without scale. It is immutable: any number of goroutines may use one plan,
// each with its own scratch. The inverse is the forward transform of the input
// in reverse order, x((N−n) mod N).
type Plan struct {
	size   int
	passes []pass
}

// pass is one self-sorting pass of the transform.
type pass struct {
	radix, m, s int
	twiddles    []complex64
}

// NewPlan returns a transform of size points, 2^a or 3·2^a from 8 to 8192. It
// reports false for any other size.
func NewPlan(size int) (*Plan, bool) {
	odd := size >> bits.TrailingZeros(uint(size))
	if size < 8 || size > 8192 || (odd != 1 && odd != 3) {
		return nil, false
	}
	p := &Plan{size: size}
	for n, s := size, 1; n > 1; {
		radix := 4
		switch {
		case hasRadix8() && n%8 == 0 && n != 16 && (s%8 == 0 || s == 1 && n%64 == 0 && n <= maxFirst8):
			radix = 8
		case n == 3:
			radix = 3
		case n%4 != 0:
			radix = 2
		}
		p.passes = append(p.passes, pass{radix, n / radix, s, twiddles(radix, n)})
		n, s = n/radix, s*radix
	}
	return p, true
}

// twiddles returns exp(−j2π (k+1) p / n) for p below n/radix and k below
// radix−1.
func twiddles(radix, n int) []complex64 {
	m := n / radix
	tw := make([]complex64, (radix-1)*m)
	for k := range radix - 1 {
		for p := range m {
			sin, cos := math.Sincos(-2 * math.Pi * float64((k+1)*p) / float64(n))
			tw[k*m+p] = complex(float32(cos), float32(sin))
		}
	}
	return tw
}

// Size returns N.
func (p *Plan) Size() int { return p.size }

// Transform writes the transform of src to dst. All slices have N values and
// must not overlap. scratch is overwritten, src is kept. It alternates between
// dst and scratch so that the last pass ends in dst.
func (p *Plan) Transform(dst, src, scratch []complex64) {
	dst, src, scratch = dst[:p.size], src[:p.size], scratch[:p.size]
	to, other := dst, scratch
	if len(p.passes)%2 == 0 {
		to, other = scratch, dst
	}
	for i := range p.passes {
		x := &p.passes[i]
		switch x.radix {
		case 8:
			Radix8(to, src, x.m, x.s, x.twiddles)
		case 4:
			Radix4(to, src, x.m, x.s, x.twiddles)
		case 2:
			Radix2(to, src, x.m, x.s, x.twiddles)
		default:
			Radix3(to, src, x.s)
		}
		src, to, other = to, other, to
	}
}

// String returns the size and the radix of each pass.
func (p *Plan) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "fft %d:", p.size)
	for i := range p.passes {
		fmt.Fprintf(&s, " %d", p.passes[i].radix)
	}
	return s.String()
}
