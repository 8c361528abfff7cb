// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/internal/simd/f64"
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
//
//	PRBs:   |#########|.........|  …  |.........|#########|
//	         first window   middle PRBs, one    last window
//	         solved once    row of filters      solved once
type filterBank struct {
	prbs, size int                                           // window in PRBs and pilots
	taps       [nr.SubcarriersPerPRB][filterPilots]complex64 // [subcarrier of the middle PRB][pilot of the window]
	ends       [2][maxRx][filterPilots]complex64             // C⁻¹ times the pilots of both windows
	turned     bool                                          // taps and ends are those of the second code
	mse        float64                                       // mean squared error over the window, of unit eigenvalue
	total      float64                                       // R_f(0)
	lag        lags                                          // R_f over −d subcarriers at filterSpan+d
	ahead      [2*filterSpan + 1]complex64                   // R_f over d subcarriers
	weights    [maxBeams]float64
	system     *pilotSystem
}

const (
	errorStep   = 5 // the error is the mean over every so many subcarriers of the window
	maxErrors   = (filterSpan + errorStep - 1) / errorStep
	mostColumns = nr.SubcarriersPerPRB + 2*maxRx + maxErrors
)

func (f *filterBank) init() { f.system = newPilotSystem(filterPilots, mostColumns) }

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
		// Weights times phasors: R_f(d) = Σ_b gain_b·exp(−j2πΔf·d·τ_b). The table has the
		// phasors of each beam at all distances, so that it is one weighted sum of rows
		// for the real parts and one for the imaginary ones.
		f.weights[b] = g * factor
	}
	n := len(gain)
	re, im := f.lag.re[filterSpan:filterSpan+span+1], f.lag.im[filterSpan:filterSpan+span+1]
	clear(re)
	clear(im)
	f64.AddComb(re, f.weights[:n], t.lag, t.lags[:n])
	f64.AddComb(im, f.weights[:n], t.lag[lagStride:], t.lags[:n])
	f.lag.mirror(span)
	f.total = re[0]
	// ahead is the same in single precision and the other direction: it is read by shift,
	// and a shift to the right is a distance to the left.
	for d := filterSpan - span; d <= filterSpan+span; d++ {
		f.ahead[d] = complex(float32(f.lag.re[d]), float32(-f.lag.im[d]))
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
	// A floor under the noise: without any, a strong signal makes C singular in double
	// precision. 70 dB below the channel it changes nothing that 256QAM could see.
	noise = max(noise, 1e-7*float64(codes)*f.total, 1e-30)
	const ends0 = nr.SubcarriersPerPRB // first column of the ends
	s, errors := f.system, (span+errorStep-1)/errorStep
	// One factorization serves three kinds of right-hand sides: the covariances of the
	// twelve subcarriers of the middle PRB (filters), the pilots of both end windows (one
	// column per antenna), and covariances of subcarriers all over the window, of which
	// only xᴴ·C⁻¹·x is asked: what the window explains of their power.
	s.reset(&f.lag, p.Group.ConfigType, n, codes, noise, ends0+2*rx, errors)
	flip := fd & (2 - codes) // 1 where odd pilots of the second code are turned
	for i := range n {
		cross := filterSpan - p.PilotAt(i) - delta // lag of pilot i with subcarrier 0 of the window
		re, im := s.unknowns(i)
		copy(re[:ends0], f.lag.re[cross+f.middle()*nr.SubcarriersPerPRB:])
		copy(im[:ends0], f.lag.im[cross+f.middle()*nr.SubcarriersPerPRB:])
		turn := float64(1 - 2*(i&flip))
		for end := range ends {
			for r, y := range ends[end][i*maxRx : i*maxRx+rx] {
				re[ends0+end*rx+r], im[ends0+end*rx+r] = float64(real(y))*turn, float64(imag(y))*turn
			}
		}
		re, im = s.others(i)
		for k := range re {
			re[k], im[k] = f.lag.re[cross+k*errorStep], f.lag.im[cross+k*errorStep]
		}
	}
	f.turned = fd == 1 && codes == 1
	power, ok := s.solve()
	// Rounding, or pilots that no profile could make: the layer then has an estimate of
	// zero with the full error, and the equalizer leaves it out.
	if !ok {
		f.silence()
		return
	}
	f.mse = max(0, f.total-power/float64(errors))
	for i := range n {
		re, im := s.unknowns(i)
		turn := float32(1 - 2*(i&flip))
		for k, v := range re[:ends0] {
			f.taps[k][i] = complex(turn*float32(v), -turn*float32(im[k]))
		}
		for r, v := range re[ends0:] {
			f.ends[r/rx][r%rx][i] = complex(float32(v), float32(im[ends0+r]))
		}
	}
}

// silence makes filters that say nothing.
//
// The error is then that of knowing nothing, the power of the channel, which an equalizer
// takes for a layer that it cannot use.
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
