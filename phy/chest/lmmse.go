// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// lmmseState is the scratch of the LMMSE estimator.
type lmmseState struct {
	fold    [2][maxRx][maxOccasions][]complex64 // pilots of double symbols, despread over time, of each code
	profile profileMeter
	time    [nr.MaxUEs]timeModel // of the UEs
	bank    filterBank
	filterState
}

func (s *lmmseState) init(lim Limits) {
	pilots := lim.MaxPRB * dmrs.PilotsPerPRB(1)
	for td := range s.fold {
		for r := range lim.MaxRx {
			for o := range maxOccasions / 2 {
				s.fold[td][r][o] = make([]complex64, pilots)
			}
		}
	}
	s.profile.init(lim)
	s.bank.init()
	s.filterState.init(lim)
}

// estimateLMMSE estimates each comb: its power delay profile, its correlation
// in time, and with both the channel.
//
// With the covariance R_f ⊗ R_t over frequency and time and R_t = U·Λ·Uᵀ, the
// LMMSE estimate falls apart into one filter over frequency for each column of
// U, with the noise divided by its eigenvalue. The filtered columns are the
// anchors; the weights are R_t(symbol, pilots)·U·Λ⁻¹.
func (e *Estimator) estimateLMMSE(dst *nr.Channel, rx int) {
	s := &e.lmmse
	anchors := 0
	for c := range e.numCombs {
		e.foldComb(c, rx)
		e.measureComb(c, rx)
		for _, l := range e.combs[c].layers[:e.combs[c].numLayers] {
			anchors = max(anchors, s.time[e.layers[l].ue].rank)
		}
	}
	g := &e.group
	dst.Anchors.Resize(g.NumLayers, rx, anchors, g.NumSubcarriers())
	dst.Weights.Resize(g.NumLayers, g.NumSymbols, anchors)
	for c := range e.numCombs {
		e.foldComb(c, rx)
		e.filterComb(dst, c, rx)
	}
}

// foldComb separates double symbols by their codes in time. The noise of what
// it writes is half that of a symbol.
func (e *Estimator) foldComb(c, rx int) {
	if e.group.Length == 1 {
		return
	}
	for td := range 2 {
		if e.combs[c].tdMask>>td&1 == 0 {
			continue
		}
		sign := complex(float32(1-2*td)/2, 0)
		for r := range rx {
			for o := range e.numOcc {
				a, b := e.u[c][r][2*o][:e.numPilots], e.u[c][r][2*o+1][:e.numPilots]
				v := e.lmmse.fold[td][r][o][:e.numPilots]
				for i := range v {
					v[i] = complex(real(a[i])/2, imag(a[i])/2) + b[i]*sign
				}
			}
		}
	}
}

// stream returns the pilots of one comb, code in time, antenna and occasion.
func (e *Estimator) stream(c, td, r, o int) []complex64 {
	if e.group.Length == 1 {
		return e.u[c][r][o][:e.numPilots]
	}
	return e.lmmse.fold[td][r][o][:e.numPilots]
}

// streamNoise returns the variance of the noise in a stream.
func (e *Estimator) streamNoise() float64 {
	return e.noiseVar / (e.beta * e.beta) / float64(e.group.Length)
}
