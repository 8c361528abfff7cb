// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"math"
	"time"

	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

const (
	// maxTransform is the largest transform of phy/ofdm.
	maxTransform = 8192
	// maxProbes and lagBudget bound the work of a search.
	maxProbes = 64
	lagBudget = 4e8
	// sureness is −ln of the chance that noise alone is taken for the schedule.
	sureness = 9
)

// search finds the shift of the schedule. It reads the recording once, block by
// block:
//
//  1. A block of every antenna is transformed.
//  2. Its product with the spectrum of each probe, transformed back, is the
//     correlation of the probe with every stretch of the block (overlap-save).
//  3. The squared correlation over the energy of the stretch is added to the sum of
//     the shift at which the probe would be there.
//
// The sum at the right shift has a part of every probe; at other shifts the
// correlations are as of noise, whatever was sent. Within a cyclic prefix of it, the
// UEs are then told apart, since each has a delay of its own: see refine.
func search(rec *sigmf.Recording, reach time.Duration) (*Alignment, error) {
	s, err := newSearcher(rec, int64(reach.Seconds()*rec.Carrier.SampleRate()))
	if err != nil {
		return nil, err
	}
	step := int64(s.plan.Size() - s.length + 1)
	for at := int64(0); at < rec.NumSamples; at += step {
		if err := s.block(at, step); err != nil {
			return nil, err
		}
	}
	found, sure := s.peak()
	if !sure {
		return nil, &NotFoundError{Search: reach, Alignment: found}
	}
	found.Shift, err = s.refine(found.Shift)
	return &found, err
}

// searcher is the state of a search.
type searcher struct {
	rec    *sigmf.Recording
	reach  int64 // samples, both ways
	length int   // of a probe
	plan   *ofdm.Plan
	probes []probe
	sums   []float32 // [2·reach+1] of every shift

	samples                 tensor.Tensor[complex64]
	bins, product, lags, in []complex64 // of one transform
	energy                  []float64   // [step] of the stretch from each sample on
}

func newSearcher(rec *sigmf.Recording, reach int64) (*searcher, error) {
	n := rec.Carrier.FFTSize
	size := min(max(4*n, 2048), maxTransform)
	plan, err := ofdm.NewPlan(size)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	// More than half a symbol: the pilots of every second subcarrier repeat after half.
	s := &searcher{rec: rec, reach: reach, length: min(n, size*3/4), plan: plan, sums: make([]float32, 2*reach+1)}
	for _, b := range []*[]complex64{&s.bins, &s.product, &s.lags, &s.in} {
		*b = make([]complex64, size)
	}
	s.energy = make([]float64, size)
	prober, err := newProber(rec.Carrier, plan, s.length)
	if err != nil {
		return nil, err
	}
	widest := float32(1)
	for _, c := range s.choose(candidates(rec, reach)) {
		p, err := prober.make(c)
		if err != nil {
			return nil, err
		}
		widest = max(widest, p.weight)
		s.probes = append(s.probes, p)
	}
	for i := range s.probes {
		s.probes[i].weight /= widest
	}
	return s, nil
}

// choose takes as many candidates as the budget allows, evenly over the DM-RS symbols
// and with all layers of each.
func (s *searcher) choose(all []candidate) []candidate {
	lags := float64(min(2*s.reach+1, s.rec.NumSamples)) * float64(s.rec.NumChannels)
	n := int(min(maxProbes, max(8, lagBudget/lags)))
	if len(all) <= n {
		return all
	}
	var firsts []int // first layers
	for i := range all {
		if all[i].layer == 0 {
			firsts = append(firsts, i)
		}
	}
	symbols := max(1, n*len(firsts)/len(all))
	var chosen []candidate
	for k := range symbols {
		i := firsts[k*len(firsts)/symbols]
		chosen = append(chosen, all[i:i+all[i].t.Grant.NumLayers]...)
	}
	return chosen
}

// block adds what the stretches that begin at sample at and the step−1 after it
// contribute.
func (s *searcher) block(at, step int64) error {
	num := min(int64(s.plan.Size()), s.rec.NumSamples-at)
	if num < int64(s.length) {
		return nil
	}
	if err := s.rec.ReadSamples(&s.samples, at, int(num)); err != nil {
		return err
	}
	stretches := min(step, num-int64(s.length)+1)
	for ch := range s.rec.NumChannels {
		ok, err := s.transform(ch, int(stretches))
		if err != nil {
			return err
		}
		for i := 0; ok && i < len(s.probes); i++ {
			if err := s.correlate(&s.probes[i], at, stretches); err != nil {
				return err
			}
		}
	}
	return nil
}

// transform measures the samples of an antenna and transforms them. It reports
// false where there are only zeros.
func (s *searcher) transform(ch, stretches int) (bool, error) {
	clear(s.in)
	copy(s.in, s.samples.Row(ch))
	if !s.measure(stretches) {
		return false, nil
	}
	return true, s.plan.Transform(s.bins, s.in, s.product)
}

// measure writes the energy of each stretch and reports whether there is any. A
// floor keeps stretches that are nearly silent from counting.
func (s *searcher) measure(stretches int) bool {
	sum, highest := 0.0, 0.0
	for _, z := range s.in[:s.length] {
		sum += power(z)
	}
	for i := range stretches {
		s.energy[i] = max(sum, 0)
		highest = max(highest, sum)
		if next := i + s.length; next < len(s.in) {
			sum += power(s.in[next]) - power(s.in[i])
		}
	}
	for i := range s.energy[:stretches] {
		s.energy[i] += 1e-6 * highest
	}
	return highest > 0 && !math.IsInf(highest, 0)
}

// correlate adds the correlations of one probe with the present block.
func (s *searcher) correlate(p *probe, at, stretches int64) error {
	// The stretch from sample at+i on is the probe's at shift at+i−p.at.
	from, to := max(0, p.at-s.reach-at), min(stretches, p.at+s.reach+1-at)
	if from >= to {
		return nil
	}
	return s.add(s.sums[at-p.at+s.reach+from:], p, from, to)
}

// add adds the squared correlations of a probe with the stretches from … to−1 of the
// block over their energy.
func (s *searcher) add(sums []float32, p *probe, from, to int64) error {
	for i, z := range s.bins {
		s.product[i] = z * p.spectrum[i]
	}
	if err := s.plan.Transform(s.lags, s.product, s.in); err != nil {
		return err
	}
	// A forward transform in the place of the inverse one gives the correlation of
	// the stretch from sample i on at −i, times the size.
	size := int64(len(s.lags))
	scale := float64(p.weight) / float64(size) / float64(size)
	for i := from; i < to; i++ {
		sums[i-from] += float32(scale * power(s.lags[(size-i)%size]) / s.energy[i])
	}
	return nil
}

// peak returns the shift with the highest sum, and whether noise would reach it with
// a chance of less than e^−9.
//
// Sums of squared correlations of noise are nearly gamma distributed; their mean µ
// and variance give the shape K = µ²/σ², and Chernoff's bound the chance that one
// exceeds (1+x)µ: exp(−K(x − ln(1+x))).
func (s *searcher) peak() (Alignment, bool) {
	if len(s.probes) == 0 {
		return Alignment{}, false
	}
	at := 0
	for i, v := range s.sums {
		closer := abs(int64(i)-s.reach) < abs(int64(at)-s.reach)
		if v > s.sums[at] || v == s.sums[at] && closer {
			at = i
		}
	}
	n, sum, squares := 0.0, 0.0, 0.0
	for i, v := range s.sums {
		if v > 0 && abs(int64(i-at)) > int64(s.length) { // where a probe met samples
			n, sum, squares = n+1, sum+float64(v), squares+float64(v)*float64(v)
		}
	}
	found := Alignment{Shift: int64(at) - s.reach, Correlation: float64(s.sums[at])}
	if n < 100 {
		return found, false
	}
	found.Mean = sum / n
	variance := squares/n - found.Mean*found.Mean
	if !(variance > 0) {
		return found, false
	}
	shape := found.Mean * found.Mean / variance
	x := found.Correlation/found.Mean - 1
	return found, shape*(x-math.Log1p(x))-math.Log(n) > sureness
}

func abs(x int64) int64 { return max(x, -x) }
