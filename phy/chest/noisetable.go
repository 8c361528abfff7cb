// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math/bits"

	"github.com/neuroran/neuroran/phy/dmrs"
)

const (
	residualEps = 1e-6 // regularization of the residual filter against unit signal power
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
//
// With both codes in use, the covariance is zero between even and odd pilots, and half as
// many dimensions are left. The widths go down until a fifth of the dimensions is left
// for noise: with a narrow range the tails of a long channel count as noise, which costs
// less than noise that is not known at all.
func newNoiseTable(configType, prbs int, fdMask uint8) *noiseTable {
	t := &noiseTable{size: prbs * dmrs.PilotsPerPRB(configType)}
	t.m = make([]complex64, t.size*t.size)
	s := newPilotSystem(t.size, t.size)
	for _, width := range [...]float64{1, 0.5, 0.25, 0.1, 0.03} {
		t.build(s, configType, fdMask, width)
		if t.dims >= 0.2*float64(t.size) {
			break
		}
	}
	return t
}

// build computes M for delays from −width/2 to 1.1·width cyclic prefixes.
func (t *noiseTable) build(s *pilotSystem, configType int, fdMask uint8, width float64) {
	n, span := t.size, dmrs.Subcarrier(configType, 0, t.size-1)
	var l lags
	// A uniform profile says nothing but the range: every delay in it is as likely as any
	// other, and M removes them all.
	for i := range delayPoints {
		tau := width * (-delayBefore + delayWidth*float64(i)/(delayPoints-1))
		z := phasor(-turnOfCP * tau)
		for d := range span + 1 {
			v := z.at(d)
			l.re[filterSpan+d] += real(v) / delayPoints
			l.im[filterSpan+d] += imag(v) / delayPoints
		}
	}
	l.mirror(span)
	// ε is so small that what passes M of a channel in the range is below every noise of
	// interest, and so large that the system can be solved in double precision.
	s.reset(&l, configType, n, bits.OnesCount8(fdMask), residualEps, n, 0)
	for i := range n {
		re, im := s.unknowns(i)
		clear(re)
		clear(im)
		re[i] = residualEps
	}
	s.solve()
	t.dims = 0
	for i := range n {
		re, im := s.unknowns(i)
		for k, v := range re {
			t.dims += v*v + im[k]*im[k]
			if t.m[i*n+k] = complex(float32(v), float32(im[k])); fdMask == 2 && (i-k)&1 == 1 {
				t.m[i*n+k] *= -1 // the second code turns every other pilot
			}
		}
	}
}
