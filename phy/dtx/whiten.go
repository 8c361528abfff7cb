// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/dmrs"
)

// whiten makes the rows of all antennas orthogonal to each other and of unit energy (Gram
// and Schmidt), so that an interferer, or a UE, that all of them hear fills one of them
// alone. Rows of noise, of whatever colour over the antennas, are then spread evenly
// over all directions, as independent ones are. An antenna that hears nothing but what
// others do becomes empty. whiten reports false where less than two rows are left.
func (p *piece) whiten() bool {
	left, n := 0, p.occasions*p.pilots()
	for r := range p.rx {
		row := p.rows[r][:n]
		for range 2 { // the second time takes away what rounding left
			for q := range r {
				if p.energy[q] > 0 {
					subtract(row, p.rows[q][:n])
				}
			}
		}
		rest := real(mimo.DotConj(row, row))
		if !(rest > nothing*p.energy[r]) {
			clear(row)
			p.energy[r] = 0
			continue
		}
		c64.Scale(row, row, complex(float32(1/math.Sqrt(rest)), 0))
		p.energy[r] = 1
		left++
	}
	return left > 1
}

// nothing is the share of the energy of an antenna that is rounding.
const nothing = 1e-11

// subtract takes from row what it has in common with other, which is of unit energy.
func subtract(row, other []complex64) {
	common := complex64(mimo.DotConj(row, other))
	for i, x := range other {
		row[i] -= common * x
	}
}

// power returns the share of the energy of the rows under the codes of a mask in
// frequency, summed over antennas.
func (p *piece) power(codes uint8) (sum float64) {
	if codes == 3 {
		return float64(p.rx)
	}
	sign := float32(dmrs.CodeSum(codes, 1))
	for r := range p.rx {
		if !(p.energy[r] > 0) {
			continue
		}
		own, row := 0.0, p.rows[r][:p.occasions*p.pilots()]
		for i := 0; i < len(row); i += 2 {
			x, y := row[i], row[i+1]
			re, im := real(x)+sign*real(y), imag(x)+sign*imag(y)
			own += float64(re*re+im*im) / 2
		}
		sum += own / p.energy[r]
	}
	return sum
}
