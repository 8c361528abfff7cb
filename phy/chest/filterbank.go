// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/internal/simd/c128"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	filterPilots = 36                       // most pilots under a filter
	filterSpan   = 9 * nr.SubcarriersPerPRB // most subcarriers under a filter
)

// filterBank interpolates over frequency with the Wiener filters of a window of
// PRBs. In the middle of the allocation those of the middle PRB of the window
// serve all PRBs. At its ends the pilots of the first and the last window are
// solved for once, and every subcarrier takes its combination of that.
//
// The filters are those of the first code in frequency. Those of the second are
// the same with every other tap turned: the covariance of the pilots is either
// of one code, and turns alike, or of both, and then has no odd distances.
type filterBank struct {
	prbs, size int                                           // window in PRBs and pilots
	taps       [nr.SubcarriersPerPRB][filterPilots]complex64 // [subcarrier of the middle PRB][pilot of the window]
	ends       [2][maxRx][filterPilots]complex64             // C⁻¹ times the pilots of both windows
	turned     bool                                          // taps and ends are those of the second code
	mse        float64                                       // mean squared error over the window, of unit eigenvalue
	total      float64                                       // R_f(0)
	lag        [2*filterSpan + 1]complex128                  // R_f over −d subcarriers at filterSpan+d
	ahead      [2*filterSpan + 1]complex64                   // R_f over d subcarriers
	weights    [maxBeams]complex128
	system     *c128.System
}

const (
	errorStep   = 5 // the error is the mean over every so many subcarriers of the window
	maxErrors   = (filterSpan + errorStep - 1) / errorStep
	mostColumns = nr.SubcarriersPerPRB + 2*maxRx + maxErrors
)

func (f *filterBank) init() { f.system = c128.NewSystem(filterPilots, mostColumns) }

// middle returns the PRB of the window whose filters serve the middle of the
// allocation.
func (f *filterBank) middle() int { return (f.prbs - 1) / 2 }

// setProfile computes R_f from a power delay profile times factor, for so many
// PRBs.
func (f *filterBank) setProfile(p *dmrs.Layout, prbs int, t *beamTable, gain []float64, factor float64) {
	f.prbs = min(prbs, filterPilots/p.PilotsInPRB)
	f.size = f.prbs * p.PilotsInPRB
	span := f.prbs * nr.SubcarriersPerPRB
	for b, g := range gain {
		f.weights[b] = complex(g*factor, 0)
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
	for d := filterSpan - span; d <= filterSpan+span; d++ {
		f.ahead[d] = complex(float32(real(f.lag[d])), float32(-imag(f.lag[d])))
	}
}

// design computes the filters for a comb that starts at subcarrier delta and
// uses one or both codes in frequency, with noise of the given variance, and
// solves for the windows at both ends, [pilot·maxRx + antenna]. With one code,
// fd is the one that is used.
//
// Row k of the filters is x·C⁻¹ = (C⁻¹·xᴴ)ᴴ with C the covariance of the pilots
// and x that of subcarrier k with them.
func (f *filterBank) design(p *dmrs.Layout, codes, fd, delta int, noise float64, ends *[2][filterPilots * maxRx]complex64, rx int) {
	n, span := f.size, f.prbs*nr.SubcarriersPerPRB
	noise = max(noise, 1e-7*float64(codes)*f.total, 1e-30)
	const ends0 = nr.SubcarriersPerPRB // first column of the ends
	errors0 := ends0 + 2*rx            // and of the subcarriers that show the error
	errors := (span + errorStep - 1) / errorStep
	s := f.system
	s.Reset(n, errors0+errors, codes)
	for i := range n {
		row, at := s.Row(i), p.PilotAt(i)
		f.covariance(row[i:n], p, i, codes)
		row[i] += complex(noise, 0)
		b := row[n:]
		cross := f.lag[filterSpan-at-delta:] // of pilot i with every subcarrier
		copy(b[:ends0], cross[f.middle()*nr.SubcarriersPerPRB:])
		turn := complex(float64(1-2*(i&fd&(2-codes))), 0)
		for end := range ends {
			for r, y := range ends[end][i*maxRx : i*maxRx+rx] {
				b[ends0+end*rx+r] = complex128(y) * turn
			}
		}
		for k := range b[errors0:] {
			b[errors0+k] = cross[k*errorStep]
		}
	}
	f.turned = fd == 1 && codes == 1
	if !s.Factor() {
		f.silence()
		return
	}
	f.mse = max(0, f.total-s.NormSq(errors0)/float64(errors))
	s.Solve(errors0)
	for i := range n {
		b := s.Row(i)[n:]
		turn := float32(1 - 2*(i&fd&(2-codes)))
		for k, v := range b[:ends0] {
			f.taps[k][i] = complex(turn*float32(real(v)), turn*float32(-imag(v)))
		}
		for r, v := range b[ends0:errors0] {
			f.ends[r/rx][r%rx][i] = complex64(v)
		}
	}
}

// covariance writes the covariance of pilot i with the pilots from i on.
func (f *filterBank) covariance(row []complex128, p *dmrs.Layout, i, codes int) {
	for k := range row {
		v := f.lag[filterSpan+p.PilotAt(i+k)-p.PilotAt(i)]
		switch {
		case codes == 1:
		case k&1 == 1:
			v = 0
		default:
			v += v
		}
		row[k] = v
	}
}

// silence makes filters that say nothing.
func (f *filterBank) silence() {
	f.taps = [nr.SubcarriersPerPRB][filterPilots]complex64{}
	f.ends = [2][maxRx][filterPilots]complex64{}
	f.mse = f.total
}

// turn makes the filters those of code fd, where both codes are used.
func (f *filterBank) turn(fd int) {
	if f.turned == (fd == 1) {
		return
	}
	f.turned = !f.turned
	for k := range f.taps {
		negateOdd(f.taps[k][:f.size])
	}
	for end := range f.ends {
		for r := range f.ends[end] {
			negateOdd(f.ends[end][r][:f.size])
		}
	}
}

func negateOdd(x []complex64) {
	for i := 1; i < len(x); i += 2 {
		x[i] = -x[i]
	}
}
