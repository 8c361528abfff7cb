// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxLags   = 96
	lagBudget = 150_000 // complex products spent on one autocorrelation
	maxGrid   = 4 * maxLags
)

// delayState is the scratch of the delay estimate.
type delayState struct {
	auto  [maxLags + 1]complex128
	power [maxGrid]float64
}

// updateDelay adds to the delay of UE u what its pairs still show: the centre
// of gravity of the delay spectrum around its peak.
func (s *Synchronizer) updateDelay(dst *nr.Offsets, u, rx int) {
	n := s.numPilots / 2
	if n < 2 {
		return
	}
	lags := s.autocorrelate(u, rx, n)
	points := max(64, 4*lags)
	s.spectrum(lags, points)
	step := 1 / (float64(points) * float64(s.period) * s.spacing) // s
	dst.DelaySeconds[u] += s.delay.centroid(points, int(s.cp/step)) * step
}

// autocorrelate sums the autocorrelation of the pairs over symbols, antennas
// and layers, and returns the number of lags.
func (s *Synchronizer) autocorrelate(u, rx, n int) int {
	d := &s.delay
	rows := rx * s.numTimes * s.group.UEs[u].NumLayers
	lags := min(maxLags, n-1, max(8, lagBudget/(rows*n)))
	clear(d.auto[:lags+1])
	for l := range s.group.NumLayers {
		if s.layers[l].ue != u {
			continue
		}
		for r := range rx {
			for t := range s.numTimes {
				p := s.pairs[l][r][t][:n]
				for k := range lags + 1 {
					d.auto[k] += mimo.DotConj(p[k:], p)
				}
			}
		}
	}
	return lags
}

// spectrum transforms the autocorrelation with a Hann window over the lags.
func (s *Synchronizer) spectrum(lags, points int) {
	d := &s.delay
	for k := 1; k <= lags; k++ {
		d.auto[k] *= complex(1+math.Cos(math.Pi*float64(k)/float64(lags+1)), 0)
	}
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(points))
		turn, z := complex(cos, sin), complex(1, 0)
		sum := real(d.auto[0])
		for k := 1; k <= lags; k++ {
			z *= turn
			sum += (real(d.auto[k])*real(z) - imag(d.auto[k])*imag(z))
		}
		d.power[i] = sum
	}
}

// centroid returns the centre of gravity, in points, of what stands out of the
// noise within reach of the peak. Points above the middle are negative delays.
func (d *delayState) centroid(points, reach int) float64 {
	peak, mean := 0, 0.0
	for i, p := range d.power[:points] {
		mean += p / float64(points)
		if p > d.power[peak] {
			peak = i
		}
	}
	reach = min(reach, points/2-1)
	// What is far from the peak is noise.
	floor, far := 0.0, 0
	for i := reach; i < points-reach; i++ {
		floor += d.power[(peak+i)%points]
		far++
	}
	if far > 0 {
		floor /= float64(far)
	}
	top := d.power[peak]
	least := floor + 0.1*(top-floor)
	sum, moment := 0.0, 0.0
	for i := -reach; i <= reach; i++ {
		p := d.power[(peak+i+points)%points]
		if p > least {
			sum += p - floor
			moment += (p - floor) * float64(i)
		}
	}
	if !(sum > 0) {
		return 0
	}
	at := float64(peak) + moment/sum
	if at >= float64(points)/2 {
		at -= float64(points)
	}
	return at
}
