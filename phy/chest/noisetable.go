// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math/bits"

	"github.com/neuroran/neuroran/internal/simd/c128"
	"github.com/neuroran/neuroran/phy/dmrs"
)

const (
	residualEps = 1e-6 // regularisation of the residual filter against unit signal power
	delayPoints = 24   // points of the assumed delay profile
)

// noiseTable removes every channel within a range of delays from a window of
// pilots of one CDM group. With R the covariance of pilots of a channel of
// uniform profile over that range, M = ε(R+ε)⁻¹ leaves the noise: the estimate
// is Σ|M·u|² / tr(M·Mᴴ).
type noiseTable struct {
	size int         // pilots in a window
	m    []complex64 // M, [size, size]
	dims float64     // tr(M·Mᴴ)
}

// newNoiseTable computes M where the layers use the codes in frequency of the
// mask. The assumed range of delays, from half a cyclic prefix before the
// measured delay to a little more than one after it, narrows where few pilots
// would leave no room for noise.
func newNoiseTable(configType, prbs int, fdMask uint8) *noiseTable {
	t := &noiseTable{size: prbs * dmrs.PilotsPerPRB(configType)}
	t.m = make([]complex64, t.size*t.size)
	s := c128.NewSystem(t.size, t.size)
	for _, width := range [...]float64{1, 0.5, 0.25, 0.1, 0.03} {
		t.build(s, configType, fdMask, width)
		if t.dims >= 0.2*float64(t.size) {
			break
		}
	}
	return t
}

// build computes M for delays from −width/2 to 1.1·width cyclic prefixes.
func (t *noiseTable) build(s *c128.System, configType int, fdMask uint8, width float64) {
	n := t.size
	codes := bits.OnesCount8(fdMask)
	at := func(i int) int { return dmrs.Subcarrier(configType, 0, i) }
	var lag [filterSpan]complex128
	for i := range delayPoints {
		tau := width * (-delayBefore + delayWidth*float64(i)/(delayPoints-1))
		z := phasor(turnOfCP * tau)
		for d := range at(n-1) + 1 {
			lag[d] += z.at(d) / delayPoints
		}
	}
	s.Reset(n, n, codes)
	for i := range n {
		row := s.Row(i)
		clear(row)
		for k := i; k < n; k++ { // R(i, k) is the conjugate of R(k, i)
			v := lag[at(k)-at(i)]
			row[k] = complex(real(v), -imag(v)) * complex(dmrs.CodeSum(fdMask, k-i), 0)
		}
		row[i] += residualEps
		row[n+i] = residualEps
	}
	s.Factor()
	s.Solve(n)
	t.dims = s.NormSq(0)
	for i := range n {
		for k, v := range s.Row(i)[n:] {
			t.m[i*n+k] = complex64(v)
		}
	}
}
