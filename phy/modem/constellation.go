// SPDX-License-Identifier: Apache-2.0

package modem

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// spacing returns A, half the distance between neighbouring levels of one
// dimension: 1/√2, 1/√10, 1/√42 or 1/√170 (TS 38.211 §5.1.3 to §5.1.6).
func spacing(m nr.Modulation) float64 {
	levels := float64(int(1) << (m.BitsPerSymbol() / 2)) // a dimension
	return 1 / math.Sqrt(2*(levels*levels-1)/3)
}

// level returns the amplitude of one dimension, in units of A, for its bits in
// order, most significant first: the nested form (1−2b)[2^k − (1−2b)[…]].
func level(bits, numBits int) int {
	x := 1
	for i := range numBits {
		if i > 0 {
			x = 1<<i - x
		}
		if bits>>i&1 != 0 {
			x = -x
		}
	}
	return x
}

// Constellation returns the points of a scheme; the index is the bits of a
// symbol, the first bit most significant. For π/2-BPSK it holds the two points
// of an even symbol; odd symbols are rotated by 90°. It returns nil for an
// unknown scheme.
func Constellation(m nr.Modulation) []complex64 {
	switch {
	case !m.Valid():
		return nil
	case m == nr.Pi2BPSK:
		const a = math.Sqrt2 / 2
		return []complex64{complex(a, a), complex(-a, -a)}
	}
	half := m.BitsPerSymbol() / 2
	a := spacing(m)
	points := make([]complex64, 1<<m.BitsPerSymbol())
	for v := range points {
		var i, q int // bits of each dimension: even positions are I, odd are Q
		for k := range half {
			i = i<<1 | v>>(2*half-1-2*k)&1
			q = q<<1 | v>>(2*half-2-2*k)&1
		}
		points[v] = complex(float32(a*float64(level(i, half))), float32(a*float64(level(q, half))))
	}
	return points
}
