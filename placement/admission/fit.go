// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"math"
	"time"
)

// Fit keeps how measured durations compare with predicted ones: a histogram of the ratio in
// sixteenths of an octave, in which the past fades. Quantiles of it turn a prediction into a
// bound, and it counts how often the bounds that it gave have been exceeded since: the
// error of its own quantile. The zero value is not ready, see [NewFit].
//
// It is a comparable value of 1 KB; copies are independent. One goroutine at a time may use
// one.
type Fit struct {
	quantile float64
	memory   float64
	bins     [fitBins]float64
	total    float64 // of bins
	weight   float64 // of the next sample
	samples  uint64
	judged   float64 // samples with a bound, faded as the bins are
	exceeded float64 // of these, those beyond it
}

const (
	fitBins    = 8 * 16 // from 2^-4 to 2^4
	fitFrom    = -4 * 16
	fitMemory  = 8192 // samples
	priorRatio = 2.0  // of one sample that is always there
)

// NewFit returns a fit that is asked for one quantile, such as 0.999, and remembers about as
// many samples as the quantile needs, at least 8192. It returns a [*FieldError] for a
// quantile that is not between 0.5 and 1.
func NewFit(quantile float64) (Fit, error) {
	if !(quantile >= 0.5 && quantile < 1) {
		return Fit{}, wrong("quantile", quantile, "at least 0.5, less than 1")
	}
	return Fit{quantile: quantile, weight: 1, memory: max(fitMemory, 8/(1-quantile))}, nil
}

// Observe takes what was predicted and what was measured. Durations that are not positive
// are left out. It does not allocate.
func (f *Fit) Observe(predicted, measured time.Duration) {
	if predicted <= 0 || measured <= 0 || f.weight == 0 {
		return
	}
	if f.judged += f.weight; float64(measured) > float64(predicted)*f.Ratio() {
		f.exceeded += f.weight
	}
	i := int(math.Floor(16*math.Log2(float64(measured)/float64(predicted)))) - fitFrom
	f.bins[min(max(i, 0), fitBins-1)] += f.weight
	f.total += f.weight
	f.samples++
	if f.weight *= 1 + 1/f.memory; f.weight > 1e100 {
		f.rescale()
	}
}

// rescale divides all weights, which grow in the place of the past's fading.
func (f *Fit) rescale() {
	for i := range f.bins {
		f.bins[i] /= f.weight
	}
	f.total /= f.weight
	f.judged /= f.weight
	f.exceeded /= f.weight
	f.weight = 1
}

// Ratio returns what measured over predicted stays below in the share of cases that the fit is
// for, rounded up by at most 1/16 octave. One sample of ratio 2 is always among them: as
// long as there are too few others to know the quantile, that, or the largest seen, is the answer.
func (f *Fit) Ratio() float64 { return f.RatioAt(f.quantile) }

// RatioAt is [Fit.Ratio] at another quantile.
//
// The share is counted among the samples and one more that is still to come (conformal
// prediction: V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, 2005).
func (f *Fit) RatioAt(quantile float64) float64 {
	left := (1 - quantile) * (f.total + f.weight) // may be beyond
	beyond, prior := 0.0, f.weight
	for i := fitBins - 1; i >= 0; i-- {
		upper := math.Exp2(float64(i+1+fitFrom) / 16)
		if upper <= priorRatio {
			beyond += prior
			prior = 0
			if beyond > left {
				return priorRatio
			}
		}
		if beyond += f.bins[i]; beyond > left {
			return upper
		}
	}
	return math.Exp2(float64(fitFrom) / 16)
}

// Error is how good a [Fit] is.
type Error struct {
	Samples  uint64  // taken
	Quantile float64 // that is promised
	Exceeded float64 // share of the recent samples beyond the bound that was given before them; 1 − Quantile is promised
	Median   float64 // measured over predicted
	Ratio    float64 // measured over predicted at the quantile: by how much predictions are raised
}

// Error returns how good the fit is.
func (f *Fit) Error() Error {
	e := Error{Samples: f.samples, Quantile: f.quantile, Median: f.RatioAt(0.5), Ratio: f.Ratio()}
	if f.judged > 0 {
		e.Exceeded = f.exceeded / f.judged
	}
	return e
}
