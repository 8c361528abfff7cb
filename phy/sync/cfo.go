// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// updateCFO measures the carrier offset of UE u from the correlation of its
// pairs between instants: the frequency that is most likely, given all pairs of
// instants and what was known before.
func (s *correlator) updateCFO(dst *nr.Offsets, u, rx int) {
	if s.numTimes == 1 {
		return
	}
	c := correlation{prior: s.prior}
	var power [nr.MaxDMRSSymbols]float64
	n := float64(rx * s.NumPilots / 2 * s.Group.UEs[u].NumLayers)
	for b := range s.numTimes {
		power[b] = real(s.correlate(u, rx, b, b))
		for a := range b {
			c.add(s.correlate(u, rx, a, b), math.Sqrt(power[a]*power[b]), n, s.time[b]-s.time[a])
		}
	}
	// All pairs of instants say the same thing numTimes/2 times.
	for i := range c.weight[:c.n] {
		c.weight[i] *= 2 / float64(s.numTimes)
	}
	f, std := c.frequency()
	dst.CFOHz[u], dst.CFOStd[u], dst.CFOObserved[u] = f, std, c.coherent && std < observedShare*s.prior
}

// chance is how often noise may look coherent between two instants.
const chance = 0.005

// observedShare is how much of the prior deviation may remain in a carrier
// offset that counts as observed.
const observedShare = 0.7

// correlate returns Σ p_b·conj(p_a) over the layers of UE u.
func (s *correlator) correlate(u, rx, a, b int) complex128 {
	n := s.NumPilots / 2
	sum := complex128(0)
	for l := range s.Group.NumLayers {
		if s.Layers[l].UE != u {
			continue
		}
		part := complex128(0)
		for r := range rx {
			part += mimo.DotConj(s.pairs[l][r][b][:n], s.pairs[l][r][a][:n])
		}
		if a != b && s.Group.Length == 2 && !s.fold && s.Layers[l].TimeCode == 1 {
			part = -part
		}
		sum += part
	}
	return sum
}

// correlation collects correlations over distances in time, as phases and what
// they weigh.
type correlation struct {
	prior    float64 // standard deviation of the frequency before, Hz
	coherent bool    // chance seldom makes one of them
	n        int
	phase    [6]float64
	weight   [6]float64 // inverse variance of the phase
	dt       [6]float64
}

// add takes a correlation v of n values, of which power is the greatest possible
// magnitude. Noise exceeds a coherence of γ with a probability of (1−γ²)^(n−1).
// With the coherence γ = |v|/power, the variance of its phase is
// (1−γ²)/(2nγ²); of γ² that of n values of noise, 1/n, is taken away first.
// (Rodriguez and Martin 1992.)
func (c *correlation) add(v complex128, power, n, dt float64) {
	c.phase[c.n], c.dt[c.n] = math.Atan2(imag(v), real(v)), dt
	if power > 0 && n > 1 {
		g := (real(v)*real(v) + imag(v)*imag(v)) / (power * power)
		c.coherent = c.coherent || math.Pow(max(0, 1-g), n-1) < chance
		g = min((g-1/n)/(1-1/n), 1-1e-9)
		c.weight[c.n] = max(0, 2*n*g/(1-g))
	}
	c.n++
}

// frequency returns the most likely frequency, within ±1/2 of the shortest
// distance, and the standard deviation of its error. Phases are von Mises
// distributed: the logarithm of the likelihood is Σ w·cos(phase − 2πf·dt), and
// that of the prior −f²/2σ².
func (c *correlation) frequency() (f, std float64) {
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
	sharp := 1 / (c.prior * c.prior) // second derivative, negative
	for i, w := range c.weight[:c.n] {
		turn := 2 * math.Pi * c.dt[i]
		sharp += w * turn * turn * max(0, math.Cos(c.phase[i]-turn*at))
	}
	return at, 1 / math.Sqrt(sharp)
}

func (c *correlation) score(f float64) float64 {
	sum := -f * f / (2 * c.prior * c.prior)
	for i, w := range c.weight[:c.n] {
		sum += w * math.Cos(c.phase[i]-2*math.Pi*f*c.dt[i])
	}
	return sum
}
