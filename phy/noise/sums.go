// SPDX-License-Identifier: Apache-2.0

package noise

import (
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

const maxRx = nr.MaxRx

// Rows are rows of values of each antenna.
//
// Their outer products make [Sums], after J. Wishart, Biometrika 20A, 1928.
type Rows [maxRx][]complex64

// Sums holds the sums of outer products over antennas.
//
// For white noise they follow the law of J. Wishart, Biometrika 20A, 1928.
type Sums struct {
	Count float64                   // independent values of each antenna
	Sum   [maxRx * maxRx]complex128 // Σ y_a·conj(y_b) at a·rx + b, lower triangle
}

// Reset makes the sums zero.
func (s *Sums) Reset() { *s = Sums{} }

// Add adds the products of rows of equal length of the first rx antennas, times
// scale, which count as so many independent values.
func (s *Sums) Add(rows *Rows, rx int, scale, count float64) {
	for a := range rx {
		for b := range a + 1 {
			v := mimo.DotConj(rows[a], rows[b])
			s.Sum[a*rx+b] += complex(real(v)*scale, imag(v)*scale)
		}
	}
	s.Count += count
}

// Join adds the sums of o, of rx antennas.
func (s *Sums) Join(o *Sums, rx int) {
	s.Count += o.Count
	for k, v := range o.Sum[:rx*rx] {
		s.Sum[k] += v
	}
}
