// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// updateCFO measures the carrier offset of UE u from the correlation of its
// pairs between DM-RS positions: the frequency f that maximises
// Σ Re(C(a,b)·exp(−j2πf(t_b−t_a))) over all pairs of positions.
func (s *correlator) updateCFO(dst *nr.Offsets, u, rx int) {
	if s.numTimes == 1 {
		return
	}
	var c correlation
	for a := range s.numTimes {
		for b := a + 1; b < s.numTimes; b++ {
			v := complex128(0)
			for l := range s.Group.NumLayers {
				if s.Layers[l].UE == u {
					v += s.correlate(l, rx, a, b)
				}
			}
			c.add(v, s.time[b]-s.time[a])
		}
	}
	dst.CFOHz[u], dst.CFOObserved[u] = c.frequency(), true
}

// correlate returns Σ p_b·conj(p_a) of layer l.
func (s *correlator) correlate(l, rx, a, b int) complex128 {
	n := s.NumPilots / 2
	sum := complex128(0)
	for r := range rx {
		sum += mimo.DotConj(s.pairs[l][r][b][:n], s.pairs[l][r][a][:n])
	}
	if s.Group.Length == 2 && !s.fold && s.Layers[l].TimeCode == 1 {
		return -sum
	}
	return sum
}

// correlation collects correlations over distances in time.
type correlation struct {
	n     int
	value [6]complex128
	dt    [6]float64
}

func (c *correlation) add(v complex128, dt float64) {
	c.value[c.n], c.dt[c.n] = v, dt
	c.n++
}

// frequency returns the offset that explains all correlations best, within
// ±1/2 of the shortest distance.
func (c *correlation) frequency() float64 {
	if c.n == 1 {
		return phase(c.value[0]) / (2 * math.Pi * c.dt[0])
	}
	shortest := c.dt[0]
	for _, dt := range c.dt[:c.n] {
		shortest = min(shortest, dt)
	}
	const points = 96
	best, at := math.Inf(-1), 0.0
	step := 1 / shortest / points
	for i := -points / 2; i <= points/2; i++ {
		if v := c.score(float64(i) * step); v > best {
			best, at = v, float64(i)*step
		}
	}
	for ; step > 0.01; step /= 3 {
		for _, f := range [...]float64{at - step/2, at + step/2, at - step/4, at + step/4} {
			if v := c.score(f); v > best {
				best, at = v, f
			}
		}
	}
	return at
}

func (c *correlation) score(f float64) float64 {
	sum := 0.0
	for i, v := range c.value[:c.n] {
		sin, cos := math.Sincos(2 * math.Pi * f * c.dt[i])
		sum += real(v)*cos + imag(v)*sin
	}
	return sum
}

func phase(v complex128) float64 { return math.Atan2(imag(v), real(v)) }
