// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxLags   = 96
	lagBudget = 150_000 // complex products spent on one autocorrelation
	maxGrid   = 4 * maxLags
)

// grids are the numbers of points of the delay spectrum, each of which has a
// fast transform.
var grids = [...]int{64, 96, 128, 192, 256, maxGrid}

// delayState is the scratch of the delay estimate.
type delayState struct {
	plans [len(grids)]*c64.Plan
	auto  [maxLags + 1]complex128
	copy  []complex64 // of c64.AutoCorrelate
	bins  [3][maxGrid]complex64
	power [maxGrid]float64
	near  [maxGrid]float64
}

func (d *delayState) init(pairs int) {
	d.copy = make([]complex64, pairs+len(d.auto)+8)
	for i, n := range grids {
		d.plans[i], _ = c64.NewPlan(n)
	}
}

// grid returns the transform of at least points points.
func (d *delayState) grid(points int) *c64.Plan {
	for _, p := range d.plans {
		if p.Size() >= points {
			return p
		}
	}
	return d.plans[len(grids)-1]
}

// updateDelay adds to the delay of UE u what its pairs still show: the centre
// of gravity of the delay spectrum around its peak.
func (s *correlator) updateDelay(dst *nr.Offsets, u, rx int) {
	n := s.NumPilots / 2
	if n < 2 {
		return
	}
	lags := s.autocorrelate(u, rx, n)
	points := s.delay.spectrum(lags)
	step := 1 / (float64(points) * float64(s.PairPeriod()) * s.SpacingHz) // s
	dst.DelaySeconds[u] += s.delay.centroid(points, int(s.Group.CyclicPrefix()/step)) * step
}

// autocorrelate sums the autocorrelation of the pairs over symbols, antennas
// and layers, and returns the number of lags.
func (s *correlator) autocorrelate(u, rx, n int) int {
	d := &s.delay
	rows := rx * s.numTimes * s.Group.UEs[u].NumLayers
	lags := min(maxLags, n-1, max(8, lagBudget/(rows*n)))
	clear(d.auto[:lags+1])
	for l := range s.Group.NumLayers {
		if s.Layers[l].UE != u {
			continue
		}
		for r := range rx {
			for t := range s.numTimes {
				c64.AutoCorrelate(d.auto[:lags+1], s.pairs[l][r][t][:n], d.copy)
			}
		}
	}
	return lags
}

// spectrum transforms the autocorrelation with a Hann window over the lags and
// returns the number of points.
func (d *delayState) spectrum(lags int) int {
	plan := d.grid(4 * lags)
	n := plan.Size()
	in, out := d.bins[0][:n], d.bins[1][:n]
	clear(in)
	// Scaled to 1: the values may lie outside the range of single precision.
	scale := 0.0
	if d0 := real(d.auto[0]); d0 > 0 {
		scale = 1 / d0
	}
	for k, v := range d.auto[:lags+1] {
		w := scale
		if k > 0 {
			w *= 1 + math.Cos(math.Pi*float64(k)/float64(lags+1))
		}
		in[k] = complex(float32(real(v)*w), float32(-imag(v)*w))
	}
	plan.Transform(out, in, d.bins[2][:n])
	for i, v := range out {
		d.power[i] = float64(real(v))
	}
	return n
}

// centroid returns the centre of gravity, in points, of what stands out of the
// noise within reach of the peak: of what is above a tenth of the peak, so that
// a point that enters weighs nothing yet. Points above the middle are negative
// delays.
func (d *delayState) centroid(points, reach int) float64 {
	power := d.power[:points]
	peak, total := 0, 0.0
	for i, p := range power {
		total += p
		if p > power[peak] {
			peak = i
		}
	}
	reach = min(reach, points/2-1)
	at := peak - reach // first point within reach, modulo points
	if at < 0 {
		at += points
	}
	near := d.near[:2*reach+1]
	for i := range near {
		near[i] = power[at]
		total -= power[at]
		if at++; at == points {
			at = 0
		}
	}
	// What is far from the peak is noise.
	floor := total / float64(points-len(near))
	top := power[peak]
	least := floor + 0.1*(top-floor)
	sum, moment := 0.0, 0.0
	for i, p := range near {
		if p > least {
			sum += p - least
			moment += (p - least) * float64(i-reach)
		}
	}
	if !(sum > 0) {
		return 0
	}
	centre := float64(peak) + moment/sum
	if centre >= float64(points)/2 {
		centre -= float64(points)
	}
	return centre
}
