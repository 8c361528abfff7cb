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
//
// An offset that is not observed is taken as none. Most UEs are far from the limit
// of the prior: as the mean of what is possible, a weak measurement would turn more
// slots too far than it turns back.
func (s *correlator) updateCFO(dst *nr.Offsets, u, rx int) {
	p := &s.priors[u]
	c := correlation{prior: s.prior, signal: s.delay.signal[u], looks: float64(rx * s.Group.UEs[u].NumLayers)}
	if p.CFOStd > 0 { // both are known: what the standard allows, and what was seen
		tracked, allowed := p.CFOStd*p.CFOStd, s.prior*s.prior
		c.expected = p.CFOHz * allowed / (allowed + tracked)
		c.prior = math.Sqrt(tracked * allowed / (allowed + tracked))
	}
	if s.numTimes == 1 {
		dst.CFOHz[u], dst.CFOStd[u] = c.expected, c.prior
		return
	}
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
	if c.weighs() {
		dst.Seen[u].CFOHz, dst.Seen[u].CFOStd = c.alone()
	}
	f, std := c.frequency()
	dst.CFOHz[u], dst.CFOStd[u], dst.CFOObserved[u] = f, std, c.coherent && std < observedShare*s.prior
	if !dst.CFOObserved[u] && p.CFOStd == 0 { // what hardly shows is most often less than it seems
		dst.CFOHz[u], dst.CFOStd[u] = c.expected, c.prior
	}
	if p.CFOStd > 0 && c.coherent && c.unlikely(f) { // it has jumped
		c.expected, c.prior = 0, s.prior
		dst.CFOHz[u], dst.CFOStd[u] = c.frequency()
	}
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
	expected float64 // frequency before pilots are seen, Hz
	prior    float64 // standard deviation of its error, Hz
	signal   float64 // power of the pairs over the noise
	looks    float64 // independent channels: antennas and layers
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
		c.weight[c.n] = c.allowForFading(c.weight[c.n], g)
	}
	c.n++
}

// allowForFading returns the weight w of a phase with the squared coherence g, less
// for a channel that has changed: what is missing of the coherence and is not noise.
// Pilots next to each other see the same change, so it averages over looks only.
func (c *correlation) allowForFading(w, g float64) float64 {
	share := c.signal / (1 + c.signal) // of the power: coherence without a change
	same := g / (share * share)        // squared correlation of the channel
	if !(w > 0 && same > 0 && same < 1) {
		return w
	}
	return 1 / (1/w + (1-same)/(2*c.looks*same))
}

// frequency returns the most likely frequency, within ±1/2 of the shortest
// distance, and the standard deviation of its error. Phases are von Mises
// distributed: the logarithm of the likelihood is Σ w·cos(phase − 2πf·dt), and
// that of the prior −(f − expected)²/2σ².
func (c *correlation) frequency() (f, std float64) {
	if c.n == 1 {
		return c.single()
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
	sharp := 1 / (c.prior * c.prior) // second derivative, negative
	for i, w := range c.weight[:c.n] {
		turn := 2 * math.Pi * c.dt[i]
		sharp += w * turn * turn * max(0, math.Cos(c.phase[i]-turn*at))
	}
	return at, 1 / math.Sqrt(sharp)
}

// single is frequency for one pair of instants, by Newton's method from the mean of
// phase and prior, which is the solution where the phase is well known.
func (c *correlation) single() (f, std float64) {
	turn, w := 2*math.Pi*c.dt[0], c.weight[0]
	expected, known := c.expected*turn, 1/(c.prior*c.prior*turn*turn)
	phase := c.phase[0] + 2*math.Pi*math.Round((expected-c.phase[0])/(2*math.Pi))
	if math.Abs(phase) > math.Pi { // out of the range that is told apart
		phase = c.phase[0]
	}
	x := expected + w/(w+known)*(phase-expected)
	for range 4 {
		sharp := w*math.Cos(phase-x) + known
		if sharp < known/2 {
			break
		}
		x += (w*math.Sin(phase-x) - known*(x-expected)) / sharp
	}
	x = min(max(x, -math.Pi), math.Pi)
	return x / turn, 1 / (turn * math.Sqrt(w*max(0, math.Cos(phase-x))+known))
}

// weighs says whether the phases are evidence of anything.
func (c *correlation) weighs() bool {
	for _, w := range c.weight[:c.n] {
		if w > 0 {
			return true
		}
	}
	return false
}

// alone returns the frequency that explains the phases best, whatever was known,
// and the standard deviation of its error.
func (c *correlation) alone() (f, std float64) {
	if c.n > 1 {
		known := *c
		known.expected, known.prior = 0, math.Inf(1)
		return known.frequency()
	}
	turn := 2 * math.Pi * c.dt[0]
	return c.phase[0] / turn, 1 / (turn * math.Sqrt(c.weight[0]))
}

// unlikely says whether the phases contradict frequency f, and with it what was
// known before: each unit of log-likelihood below its best is one of χ²/2.
func (c *correlation) unlikely(f float64) bool {
	missed := 0.0
	for i, w := range c.weight[:c.n] {
		missed += w * (1 - math.Cos(c.phase[i]-2*math.Pi*f*c.dt[i]))
	}
	const excluded = 12 // five standard deviations
	return missed > excluded
}

func (c *correlation) score(f float64) float64 {
	d := (f - c.expected) / c.prior
	sum := -d * d / 2
	for i, w := range c.weight[:c.n] {
		sum += w * math.Cos(c.phase[i]-2*math.Pi*f*c.dt[i])
	}
	return sum
}
