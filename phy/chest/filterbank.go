// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	filterPilots = 36                       // most pilots under a filter
	filterSpan   = 9 * nr.SubcarriersPerPRB // most subcarriers under a filter
)

// filterBank interpolates over frequency: one Wiener filter for each subcarrier
// of a window of PRBs. In the middle of the allocation the filters of the middle
// PRB of the window serve all PRBs; at its ends the others do.
type filterBank struct {
	prbs, size int                                 // window in PRBs and pilots
	taps       [filterSpan][filterPilots]complex64 // [subcarrier of the window][pilot of the window]
	mse        [filterSpan]float64                 // mean squared error of each filter, of unit eigenvalue
	cov        [filterPilots * filterPilots]complex128
	col        [filterPilots]complex128
	cross      [filterPilots]complex128
	lag        [2*filterSpan + 1]complex128 // R_f of subcarrier distance d at d+filterSpan
	off        [filterPilots]int
}

// setProfile computes R_f from a power delay profile.
func (f *filterBank) setProfile(p *plan, tau, gain []float64) {
	f.prbs = min(p.group.NumPRB, filterPilots/p.perPRB)
	f.size = f.prbs * p.perPRB
	span := f.prbs * nr.SubcarriersPerPRB
	lag := f.lag[filterSpan-span : filterSpan+span+1]
	clear(lag)
	for b, g := range gain {
		sin, cos := math.Sincos(-2 * math.Pi * p.spacing * tau[b])
		turn, z := complex(cos, sin), complex(g, 0)
		for d := range span + 1 {
			lag[span+d] += z
			z *= turn
		}
	}
	for d := 1; d <= span; d++ {
		v := lag[span+d]
		lag[span-d] = complex(real(v), -imag(v))
	}
}

// at returns R_f over d subcarriers.
func (f *filterBank) at(d int) complex128 { return f.lag[filterSpan+d] }

// factor factorises the covariance of the window's pilots: every code of the
// mask carries a channel of the profile, plus noise.
func (f *filterBank) factor(p *plan, fdMask uint8, noise float64) {
	n := f.size
	codes := float64(fdMask&1 + fdMask>>1)
	noise = max(noise, 1e-7*codes*real(f.at(0)), 1e-30)
	for i := range n {
		for k := range i + 1 {
			r := f.at(p.pilotAt(i) - p.pilotAt(k))
			if (i+k)&1 == 1 {
				r *= complex(float64(fdMask&1)-float64(fdMask>>1), 0)
			} else {
				r *= complex(codes, 0)
			}
			f.cov[i*n+k] = r
		}
		f.cov[i*n+i] += complex(noise, 0)
	}
	mimo.Cholesky(f.cov[:n*n], n)
}

// solve computes the filters of the layer with code fd on the comb that starts
// at subcarrier delta.
func (f *filterBank) solve(p *plan, fd, delta int) {
	n := f.size
	for k := range f.prbs * nr.SubcarriersPerPRB {
		x, y := f.cross[:n], f.col[:n]
		for i := range n {
			r := f.at(k - delta - p.pilotAt(i))
			if fd == 1 && i&1 == 1 {
				r = -r
			}
			x[i] = r
			y[i] = complex(real(r), -imag(r))
		}
		// The row is x·C⁻¹ = (C⁻¹·xᴴ)ᴴ.
		mimo.Solve(f.cov[:n*n], n, y)
		mse := real(f.at(0))
		for i, v := range y {
			f.taps[k][i] = complex(float32(real(v)), float32(-imag(v)))
			mse -= real(x[i])*real(v) + imag(x[i])*imag(v)
		}
		f.mse[k] = max(mse, 0)
	}
}

// filterComb writes anchors, weights and error of the layers of comb c.
func (e *Estimator) filterComb(dst *nr.Channel, c, rx int) {
	s := &e.lmmse
	cb := &e.combs[c]
	m := &s.profile
	for _, l := range cb.layers[:cb.numLayers] {
		ly := &e.layers[l]
		t := &s.time[ly.ue]
		gain := m.gain[ly.ue][:m.beams]
		s.bank.setProfile(&e.plan, m.tau[:m.beams], gain)
		e.layerWeights(dst, l, t)
		total := m.totalGain(ly.ue)
		e.setSNR(dst, ly.ue, total)
		for a := range t.rank {
			s.bank.factor(&e.plan, e.sameTime(cb, ly.td), e.streamNoise()/t.value[a])
			s.bank.solve(&e.plan, ly.fd, cb.delta)
			e.applyBank(dst, c, l, a, rx)
			e.layerError(dst, l, t, a, total)
		}
	}
}

// sameTime returns the codes in frequency of the layers with a code in time.
func (e *Estimator) sameTime(cb *comb, td int) (mask uint8) {
	for _, l := range cb.layers[:cb.numLayers] {
		if e.layers[l].td == td {
			mask |= 1 << e.layers[l].fd
		}
	}
	return mask
}

func (e *Estimator) layerWeights(dst *nr.Channel, l int, t *timeModel) {
	for s := range e.group.NumSymbols {
		rot := e.rotation(l, s)
		w := dst.Weights.Row(l, s)
		for a := range w {
			w[a] = 0
			if a < t.rank {
				w[a] = complex64(complex(t.weight[s][a], 0) * rot)
			}
		}
	}
	for a := t.rank; a < dst.Anchors.Dim(2); a++ {
		for r := range dst.Anchors.Dim(1) {
			clear(dst.Anchors.Row(l, r, a))
		}
	}
}

// layerError takes what anchor a explains from the variance of the channel:
// var = P − Σ_a w_a²·(λ_a·P − mse_a).
func (e *Estimator) layerError(dst *nr.Channel, l int, t *timeModel, a int, total float64) {
	f := &e.lmmse.bank
	mse := 0.0
	span := f.prbs * nr.SubcarriersPerPRB
	for _, v := range f.mse[:span] {
		mse += v / float64(span)
	}
	row := dst.ErrorVar.Row(l)
	for s := range row {
		if a == 0 {
			row[s] = float32(total)
		}
		w := t.weight[s][a]
		row[s] -= float32(w * w * t.value[a] * (total - mse))
		if a == t.rank-1 {
			row[s] = max(row[s], 0)
		}
	}
}

// applyBank writes anchor a of layer l: its time component through the filters.
func (e *Estimator) applyBank(dst *nr.Channel, c, l, a, rx int) {
	s := &e.lmmse
	ly := &e.layers[l]
	t := &s.time[ly.ue]
	f := &s.bank
	prbs := e.group.NumPRB
	middle := (f.prbs - 1) / 2
	for r := range rx {
		e.gatherRows(c, ly.td, r, a, t)
		out := dst.Anchors.Row(l, r, a)
		for prb := 0; prb < middle; prb++ {
			e.applyWindow(out, 0, prb, prb, 1, c)
		}
		inner := prbs - f.prbs + 1
		e.applyWindow(out, 0, middle, middle, inner, c)
		for prb := middle + inner; prb < prbs; prb++ {
			e.applyWindow(out, prbs-f.prbs, prb-(prbs-f.prbs), prb, 1, c)
		}
	}
}

// gatherRows writes component a of the pilots, sorted by their place in a PRB.
func (e *Estimator) gatherRows(c, td, r, a int, t *timeModel) {
	prbs := e.group.NumPRB
	for j := range e.perPRB {
		row := e.lmmse.rows[j*prbs : (j+1)*prbs]
		for o := range e.numOcc {
			v := e.stream(c, td, r, o)
			w := float32(t.vector[o][a])
			for p := range row {
				x := v[p*e.perPRB+j]
				y := complex(w*real(x), w*imag(x))
				if o == 0 {
					row[p] = y
				} else {
					row[p] += y
				}
			}
		}
	}
}

// applyWindow filters count PRBs from PRB first on with the filters of PRB rel
// of the window; the window of the first starts at PRB start.
func (e *Estimator) applyWindow(out []complex64, start, rel, first, count, c int) {
	s := &e.lmmse
	f := &s.bank
	prbs := e.group.NumPRB
	for i := range f.size {
		f.off[i] = i%e.perPRB*prbs + start + i/e.perPRB
	}
	lane := s.lane[:count]
	ramp := e.ramp[c]
	for k := range nr.SubcarriersPerPRB {
		mimo.LinComb(lane, f.taps[rel*nr.SubcarriersPerPRB+k][:f.size], s.rows, f.off[:f.size])
		at := first*nr.SubcarriersPerPRB + k
		for _, v := range lane {
			out[at] = v * ramp[at]
			at += nr.SubcarriersPerPRB
		}
	}
}
