// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	dopplerMoments = 6
	// mainLobe is the largest phase between the outer occasions, 2πf·dt, of a
	// Doppler frequency that is looked for: J0 falls up to there.
	mainLobe = 2.2
	// caution is how many decibels of likelihood one decibel more of unavoidable
	// error costs a Doppler frequency. Found by simulation: with less, few antennas
	// and 256QAM lose blocks at 40 dB to frequencies that are too high by chance;
	// with more, nothing changes.
	caution = 6
	// errorSymbols is the distance of the symbols at which that error is looked at.
	errorSymbols = 3
)

// looks returns how many independent channels are behind the correlations of UE
// u: those of its layers, antennas and paths. Pilots next to each other see the
// same channel and add none.
func (e *lmmse) looks(u int) float64 {
	sum, square := 0.0, 0.0
	for _, g := range e.profile.gain[u][:e.profile.beams] {
		sum += g
		square += g * g
	}
	paths := 1.0
	if square > 0 {
		paths = max(1, sum*sum/square/beamsInPath)
	}
	return paths * float64(e.rx*e.Group.UEs[u].NumLayers)
}

// weighDoppler finds the moments of the Doppler frequency of UE u, for the
// classical spectrum: of every frequency on a grid, weighted by how likely the
// correlations are with it. Few looks leave the frequency open, and the mean
// correlation over all that are likely then says so; the best one alone could by
// chance be that of a channel at rest, whose changes would be taken for noise.
//
// With Σ = R_t(f) + ν over the occasions, the logarithm of the likelihood is
// −looks·(ln det Σ + tr(Σ⁻¹·corr)).
//
// What a wrong frequency costs depends on the ratio to the noise. With a strong
// signal a low frequency, whose channel two occasions fix almost exactly, loses
// decibels to weights made for a high one, which could not be tracked anyway. With
// a weak signal the noise of the data hides both errors, and taking a changing
// channel for a constant one costs more. So every frequency is weighted down by
// the error that it leaves at best, noise included: at low SNR all are alike, and
// at high SNR it takes evidence to leave low ones.
func (e *lmmse) weighDoppler(u int, corr *correlations, noise float64) {
	t, seen, known := &e.time[u], &e.seen[u], &e.priors[u]
	// A frequency is looked for as long as the outer occasions stay within the main lobe
	// of J0. Beyond it two frequencies have one correlation, and pilots so far apart
	// could not follow the channel anyway.
	longest := e.OccasionTimes[e.NumOccasions-1] - e.OccasionTimes[0]
	top := mainLobe / (2 * math.Pi * longest * e.SpacingHz)
	looks, data := e.looks(u), 1/max(e.profile.totalGain(u), 1e-9)
	noise = max(noise, 1e-7)
	var score [nr.NumDopplers]float64
	best := math.Inf(-1)
	for i := range score {
		// The grid goes up by squares: what distinguishes 5 Hz from 10 Hz matters as much
		// as what distinguishes 400 Hz from 800 Hz.
		f := nr.DopplerAt(i)
		if i > 0 && f > top {
			seen.Doppler[i], score[i] = seen.Doppler[i-1], math.Inf(-1)
			continue
		}
		m := e.occasionModel(f*e.SpacingHz, noise)
		seen.Doppler[i] = float32(-looks * m.surprise(corr))
		// The grid is finer at low frequencies: its steps are part of the prior.
		score[i] = float64(seen.Doppler[i]+known.Doppler[i]) + gridStep[i] - caution*math.Log(data+e.bestError(&m))
		best = max(best, score[i])
	}
	sum := 0.0
	// What the slot decides on is not a frequency but the even moments of its
	// distribution: the series of J0 needs nothing else (correlation), and a mean over
	// frequencies is a mean of moments.
	for i, v := range score {
		p := math.Exp(v - best)
		sum += p
		turn := 2 * math.Pi * nr.DopplerAt(i) * e.SpacingHz
		power := p
		for k := range t.moments {
			power *= turn * turn
			t.moments[k] += power
		}
	}
	for k := range t.moments {
		t.moments[k] /= sum
	}
}

// gridStep is the logarithm of the steps of the grid of Doppler frequencies, but for a
// constant.
var gridStep = func() (t [nr.NumDopplers]float64) {
	for i := range t {
		t[i] = math.Log(float64(i) + 0.5)
	}
	return t
}()

// occasionModel is the covariance of a channel of one Doppler frequency over the
// occasions, of unit power and with noise: Σ = L·Lᵀ.
type occasionModel struct {
	n      int
	turn   float64 // 2πf
	factor correlations
	logDet float64
}

// occasionModel returns that of f Hz.
func (e *lmmse) occasionModel(f, noise float64) occasionModel {
	m := occasionModel{n: e.NumOccasions, turn: 2 * math.Pi * f}
	l, det := &m.factor, 1.0
	// Cholesky by rows. There are four occasions at most, so the loops are shorter than a
	// call.
	for i := range m.n {
		for k := range i + 1 {
			v := 1 + noise
			if i != k {
				v = besselJ0(m.turn * (e.OccasionTimes[i] - e.OccasionTimes[k]))
			}
			for j := range k {
				v -= l[i][j] * l[k][j]
			}
			if i == k {
				v = max(v, 1e-12)
				l[i][i] = math.Sqrt(v)
				det *= v
			} else {
				l[i][k] = v / l[k][k]
			}
		}
	}
	m.logDet = math.Log(det)
	return m
}

// surprise returns ln det Σ + tr(Σ⁻¹·corr). The trace is Σ_ik (Σ⁻¹)_ik·corr_ik.
func (m *occasionModel) surprise(corr *correlations) float64 {
	var inv correlations // L⁻¹
	l := &m.factor
	for c := range m.n {
		for i := c; i < m.n; i++ {
			v := 0.0
			if i == c {
				v = 1
			}
			for j := c; j < i; j++ {
				v -= l[i][j] * inv[j][c]
			}
			inv[i][c] = v / l[i][i]
		}
	}
	trace := 0.0
	for i := range m.n {
		for k := range i + 1 {
			v := 0.0
			for j := i; j < m.n; j++ {
				v += inv[j][i] * inv[j][k]
			}
			if i != k {
				v *= 2
			}
			trace += v * corr[i][k]
		}
	}
	return m.logDet + trace
}

// bestError returns the mean squared error over the slot of the best estimate from
// the occasions, where the model holds: the mean of 1 − rᵀ·Σ⁻¹·r with r the
// correlation of a symbol with the occasions.
func (e *lmmse) bestError(m *occasionModel) float64 {
	sum, symbols := 0.0, 0
	for s := 0; s < e.Group.NumSymbols; s += errorSymbols {
		at, left := e.SlotTimes[e.Group.StartSymbol+s], 1.0
		var x [dmrs.MaxOccasions]float64 // L⁻¹·r
		for i := range m.n {
			v := besselJ0(m.turn * (at - e.OccasionTimes[i]))
			for j := range i {
				v -= m.factor[i][j] * x[j]
			}
			x[i] = v / m.factor[i][i]
			left -= x[i] * x[i]
		}
		sum += max(left, 0)
		symbols++
	}
	return sum / float64(symbols)
}

// besselJ0 returns J0(x) by its series, to 1e-4 for |x| < 3.5, which no distance
// within an allocation exceeds.
func besselJ0(x float64) float64 {
	y := x * x / 4
	return 1 - y*(1-y/4*(1-y/9*(1-y/16*(1-y/25*(1-y/36*(1-y/49))))))
}

// correlation returns the mean of J0(2πf·dt) over the Doppler frequencies, by its
// series.
func (t *timeModel) correlation(dt float64) float64 {
	x := dt * dt / 4
	sum, term := 1.0, 1.0
	for k, m := range t.moments {
		term *= -x / (float64(k+1) * float64(k+1))
		sum += term * m
	}
	return sum
}
