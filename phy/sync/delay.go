// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxLags   = 96
	lagBudget = 120_000 // complex products spent on one autocorrelation
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
	hann  [maxLags + 1]float64 // window over the lags of the last spectrum, from 1 on twice as great
	lags  int                  // of hann

	signal    [nr.MaxUEs]float64 // power of the UEs' pairs over the noise, as last measured
	strongest float64            // greatest power of a UE's pairs over the noise
}

func (d *delayState) init(pairs int) {
	d.copy = make([]complex64, pairs+len(d.auto)+12)
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
	if s.delay.signal[u] = 0; n < 2 {
		return
	}
	rows := rx * s.numTimes * s.Group.UEs[u].NumLayers
	lags := s.autocorrelate(u, rx, n)
	points := s.delay.spectrum(lags)
	step := 1 / (float64(points) * float64(s.PairPeriod()) * s.SpacingHz) // s
	c := s.delay.centroid(points, int(s.Group.CyclicPrefix()/step))
	dst.DelaySeconds[u] += c.at * step
	if n <= fewPairs {
		c.signal = s.judgeFew(dst, u, rows, n)
	} else {
		s.judge(dst, u, rows, n, lags, c)
	}
	s.delay.signal[u] = c.signal
	s.delay.strongest = max(s.delay.strongest, c.signal)
}

// fewPairs is the number of pairs up to which a peak of the delay spectrum, which
// then fills half of it or more, hides the floor.
const fewPairs = 5

// judgeFew is judge for few pairs, and returns the power of the signal over that of
// the noise. Neighbouring pairs of one path have the coherence γ = S/(S + N) and the
// phase of its delay; see [correlation.add] for how sure that is.
func (s *correlator) judgeFew(dst *nr.Offsets, u, rows, n int) (signal float64) {
	d := &s.delay
	products := float64(rows * (n - 1))
	unit := 2 * math.Pi * float64(s.PairPeriod()) * s.SpacingHz // rad/s
	dst.DelayObserved[u], dst.DelayStd[u] = false, math.Pi/math.Sqrt(3)/unit
	power := real(d.auto[0]) * float64(n-1) / float64(n)
	if !(power > 0) || products < 2 {
		return 0
	}
	g := (real(d.auto[1])*real(d.auto[1]) + imag(d.auto[1])*imag(d.auto[1])) / (power * power)
	dst.DelayObserved[u] = math.Pow(max(0, 1-g), products-1) < falseDelay
	if g = min((g-1/products)/(1-1/products), 1-1e-9); !(g > 0) {
		return 0
	}
	dst.DelayStd[u] = min(dst.DelayStd[u], math.Sqrt((1-g)/(2*products*g))/unit)
	return math.Sqrt(g) / (1 - math.Sqrt(g))
}

// falseDelay is how often noise may look like a path.
const falseDelay = 0.01

// judge says how well the delay of UE u is known.
//
// Each point of the spectrum of noise is a mean over rows spectra and n/lags
// segments of each: gamma distributed. The greatest of the points that do not
// hang together exceeds the bound with a probability of falseDelay (Wilson and
// Hilferty 1931). Above it, the variance is that of Cramér and Rao for one path.
func (s *correlator) judge(dst *nr.Offsets, u, rows, n, lags int, c centre) {
	looks := float64(rows*n) / (0.75 * float64(lags))
	bins := 1.5 * float64(lags)
	z := math.Sqrt2 * math.Erfinv(1-2*falseDelay/bins)
	x := 1 - 1/(9*looks) + z/(3*math.Sqrt(looks))
	// The floor itself is a mean over what is far from the peak.
	unsure := 1 + 2/math.Sqrt(looks*bins*c.far)
	resolution := 1 / (float64(n*s.PairPeriod()) * s.SpacingHz)
	anywhere := float64(n) * resolution / math.Sqrt(12)
	if dst.DelayObserved[u] = c.top > c.floor*x*x*x*unsure; !dst.DelayObserved[u] {
		dst.DelayStd[u] = anywhere
		return
	}
	snr := max(c.signal, 1e-3) * float64(rows*n) // of all pairs together
	dst.DelayStd[u] = min(anywhere, resolution*math.Sqrt(12)/(2*math.Pi*math.Sqrt(2*snr)))
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
	d.setWindow(lags)
	for k, v := range d.auto[:lags+1] {
		w := scale * d.hann[k]
		in[k] = complex(float32(real(v)*w), float32(-imag(v)*w))
	}
	plan.Transform(out, in, d.bins[2][:n])
	for i, v := range out {
		d.power[i] = float64(real(v))
	}
	return n
}

// setWindow fills hann.
func (d *delayState) setWindow(lags int) {
	if d.lags == lags {
		return
	}
	d.lags, d.hann[0] = lags, 1
	for k := 1; k <= lags; k++ {
		d.hann[k] = 1 + math.Cos(math.Pi*float64(k)/float64(lags+1))
	}
}

// centre is what stands out of a delay spectrum.
type centre struct {
	at     float64 // points; above the middle they are negative delays
	top    float64 // highest point
	floor  float64 // mean of the points that are far from it: noise
	far    float64 // share of these points
	signal float64 // power of what stands out over that of the noise
}

// centroid returns the centre of gravity of what stands out of the noise within
// reach of the peak: of what is above a tenth of the peak, so that a point that
// enters weighs nothing yet.
func (d *delayState) centroid(points, reach int) centre {
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
	all := total
	near := d.near[:2*reach+1]
	for i := range near {
		near[i] = power[at]
		total -= power[at]
		if at++; at == points {
			at = 0
		}
	}
	// What is far from the peak is noise.
	c := centre{top: power[peak], floor: max(0, total/float64(points-len(near)))}
	c.far = 1 - float64(len(near))/float64(points)
	if noise := c.floor * float64(points); noise > 0 {
		c.signal = max(0, all/noise-1)
	} else {
		c.signal = 1e9
	}
	least := c.floor + 0.1*(c.top-c.floor)
	sum, moment := 0.0, 0.0
	for i, p := range near {
		if p > least {
			sum += p - least
			moment += (p - least) * float64(i-reach)
		}
	}
	if !(sum > 0) {
		return c
	}
	c.at = float64(peak) + moment/sum
	if c.at >= float64(points)/2 {
		c.at -= float64(points)
	}
	return c
}
