// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/internal/simd/c128"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	filterPilots = 36                       // most pilots under a filter
	filterSpan   = 9 * nr.SubcarriersPerPRB // most subcarriers under a filter
)

// filterBank interpolates over frequency: one Wiener filter for each subcarrier
// of a window of PRBs. In the middle of the allocation the filters of the middle
// PRB of the window serve all PRBs; at its ends the others do.
//
// The filters are those of the first code in frequency. Those of the second are
// the same with every other tap turned: the covariance of the pilots is either
// of one code, and turns alike, or of both, and then has no odd distances.
type filterBank struct {
	prbs, size int                                 // window in PRBs and pilots
	taps       [filterSpan][filterPilots]complex64 // [subcarrier of the window][pilot of the window]
	turned     bool                                // the taps are those of the second code
	mse        float64                             // mean squared error over the window, of unit eigenvalue
	total      float64                             // R_f(0)
	lag        [2*filterSpan + 1]complex128        // R_f over −d subcarriers at filterSpan+d
	weights    [maxBeams]complex128
	system     *c128.System
}

func (f *filterBank) init() { f.system = c128.NewSystem(filterPilots, filterSpan) }

// setProfile computes R_f from a power delay profile.
func (f *filterBank) setProfile(p *plan, t *beamTable, gain []float64) {
	f.prbs = min(p.group.NumPRB, filterPilots/p.perPRB)
	f.size = f.prbs * p.perPRB
	span := f.prbs * nr.SubcarriersPerPRB
	for b, g := range gain {
		f.weights[b] = complex(g, 0)
	}
	n := len(gain)
	back := f.lag[filterSpan-span : filterSpan+1] // R_f(span) … R_f(0)
	ahead := f.lag[filterSpan : filterSpan+span+1]
	clear(ahead)
	c128.AddComb(ahead, f.weights[:n], t.lag, t.lags[:n])
	for d, v := range ahead {
		back[span-d] = v
		ahead[d] = complex(real(v), -imag(v))
	}
	f.total = real(ahead[0])
}

// design computes the filters for a comb that starts at subcarrier delta and
// uses one or both codes in frequency, with noise of the given variance.
//
// Row k of the filters is x·C⁻¹ = (C⁻¹·xᴴ)ᴴ with C the covariance of the pilots
// and x that of subcarrier k with them.
func (f *filterBank) design(p *plan, codes, delta int, noise float64) {
	n, span := f.size, f.prbs*nr.SubcarriersPerPRB
	noise = max(noise, 1e-7*float64(codes)*f.total, 1e-30)
	s := f.system
	s.Reset(n, span, codes)
	for i := range n {
		row, at := s.Row(i), p.pilotAt(i)
		for k := i; k < n; k++ {
			v := f.lag[filterSpan+p.pilotAt(k)-at]
			switch {
			case codes == 1:
			case (k-i)&1 == 1:
				v = 0
			default:
				v += v
			}
			row[k] = v
		}
		row[i] += complex(noise, 0)
		copy(row[n:], f.lag[filterSpan-at-delta:])
	}
	f.turned = false
	if !s.Factor() {
		f.taps = [filterSpan][filterPilots]complex64{}
		f.mse = f.total
		return
	}
	f.mse = max(0, f.total-s.NormSq()/float64(span))
	s.Solve()
	for i := range n {
		for k, v := range s.Row(i)[n:] {
			f.taps[k][i] = complex(float32(real(v)), float32(-imag(v)))
		}
	}
}

// turn makes the filters those of code fd.
func (f *filterBank) turn(fd int) {
	if f.turned == (fd == 1) {
		return
	}
	f.turned = !f.turned
	for k := range f.taps[:f.prbs*nr.SubcarriersPerPRB] {
		row := f.taps[k][:f.size]
		for i := 1; i < len(row); i += 2 {
			row[i] = -row[i]
		}
	}
}
