// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"cmp"
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Work predicts what a slot costs the receiver. The time is taken as a sum: so much per
// slot, per grant, per thousand resource elements and layers, per thousand coded
// bits, and per thousand coded bits and LDPC iteration. The factors follow the receiver's measurements by recursive
// least squares that forget slowly, so that they are those of the machine and the
// algorithms in use. It is a comparable value of fixed size.
//
// S. Haykin, Adaptive Filter Theory, chapter on the RLS algorithm.
type Work struct {
	Factors     [workTerms]float64            // µs per unit of each term
	Covariance  [workTerms][workTerms]float64 // of the errors of Factors
	LogQuantile float64                       // logarithm of measured over predicted that is exceeded in 1 − quantile of the slots
	Samples     int                           // measurements taken
	Iterations  [marginBins]float32           // mean LDPC iterations by SINR above what the MCS needs
}

// Terms of a slot's work.
const (
	perSlot = iota
	perGrant
	perKiloRE
	perKiloBit
	perKiloBitIteration
	workTerms
)

const (
	marginBins   = 16   // of half a dB
	marginFrom   = -2.0 // dB, where the first begins
	workForget   = 0.998
	workNoise    = 0.05 * 0.05 // variance of measured over predicted
	quantileStep = 0.05
	warmUp       = 16 // measurements before the error counts
)

// usualFactors are those of phy/pusch with two antennas and "lmmse" on one machine, µs. Before
// anything was measured they are taken to be off by as much as they are.
var usualFactors = [workTerms]float64{50, 40, 13, 1.2, 0.2}

func newWork() Work {
	w := Work{Factors: usualFactors, LogQuantile: math.Log(1.25)}
	for i := range w.Covariance {
		w.Covariance[i][i] = usualFactors[i] * usualFactors[i]
	}
	for i := range w.Iterations {
		w.Iterations[i] = float32(usualIterations(marginFrom + (float64(i)+0.5)/2))
	}
	return w
}

// valid reports whether all is finite.
func (w *Work) valid() bool {
	sum := w.LogQuantile
	for i := range w.Factors {
		sum += w.Factors[i]
		for _, x := range w.Covariance[i] {
			sum += x
		}
	}
	for _, x := range w.Iterations {
		sum += float64(x)
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// Load is what a slot gives the receiver to do, in the terms of [Work].
type Load struct {
	Grants            int     // grants
	LayerREs          int     // data resource elements times layers, of all grants
	CodedBits         int     // coded bits of all grants
	CodedBitIteration float64 // coded bits times LDPC iterations, of all grants
}

func (l Load) terms() [workTerms]float64 {
	return [workTerms]float64{1, float64(l.Grants), float64(l.LayerREs) / 1000, float64(l.CodedBits) / 1000, l.CodedBitIteration / 1000}
}

// Predict returns the expected work of a slot, µs. It does not allocate.
func (w *Work) Predict(l Load) float64 { return w.predict(l.terms()) }

func (w *Work) predict(x [workTerms]float64) float64 {
	sum := 0.0
	for i := range x {
		sum += w.Factors[i] * x[i]
	}
	return sum
}

// Bound returns what the work of a slot stays below in the given share of slots, by
// the errors so far: the prediction times the quantile of measured over predicted.
func (w *Work) Bound(l Load) float64 { return w.Predict(l) * math.Exp(w.LogQuantile) }

// Learn takes what a slot with the load took, µs; quantile is the share of slots that
// [Work.Bound] should cover. It does not allocate.
func (w *Work) Learn(l Load, micros, quantile float64) {
	if micros > 0 && !math.IsInf(micros, 0) {
		w.learn(l.terms(), w.Predict(l), micros, quantile)
	}
}

// learn takes what a slot took that was promised to take something else: x are its terms as
// they turned out to be, and promised is what was predicted before.
func (w *Work) learn(x [workTerms]float64, promised, micros, quantile float64) {
	w.Samples++
	if w.Samples > warmUp && promised > 0 {
		// Robbins and Monro: the quantile rests where it is exceeded in 1 − quantile of the slots.
		if math.Log(micros/promised) > w.LogQuantile {
			w.LogQuantile += quantileStep * quantile
		} else {
			w.LogQuantile -= quantileStep * (1 - quantile)
		}
		w.LogQuantile = min(max(w.LogQuantile, -1), 3)
	}
	w.fit(x, micros, max(w.predict(x), w.Factors[perSlot], 1))
}

// fit is one step of recursive least squares on relative errors: all is divided by scale.
func (w *Work) fit(x [workTerms]float64, micros, scale float64) {
	var px [workTerms]float64
	norm, unsure, miss := workForget*workNoise, 0.0, micros/scale
	for i := range x {
		x[i] /= scale
	}
	for i := range px {
		for j := range x {
			px[i] += w.Covariance[i][j] * x[j]
		}
		norm += x[i] * px[i]
		miss -= x[i] * w.Factors[i]
		unsure += w.Covariance[i][i] / (usualFactors[i] * usualFactors[i])
	}
	forget := workForget
	if unsure > workTerms {
		forget = 1 // slots that are all alike teach nothing about some factors
	}
	for i := range px {
		w.Factors[i] += px[i] / norm * miss
		for j := range px {
			w.Covariance[i][j] = (w.Covariance[i][j] - px[i]*px[j]/norm) / forget
		}
	}
}

// marginBin returns the bin of a margin.
func marginBin(margin float32) int {
	return int(min(max((float64(margin)-marginFrom)*2, 0), marginBins-1))
}

// slotWork keeps the loads of the last slots until their measurements come.
type slotWork struct {
	model    *Work
	quantile float64
	slots    [64]slotLoad
}

type slotLoad struct {
	slot nr.Slot
	used bool

	x        [workTerms]float64
	promised float64 // what was predicted when the slot was scheduled, µs
}

func (s *slotWork) reset() { s.slots = [64]slotLoad{} }

// iterations returns the LDPC iterations that are expected of a transmission with so many
// dB above what its MCS needs; each retransmission counts as 3 dB.
func (s *slotWork) iterations(margin float32, transmissions uint8) float32 {
	return s.model.Iterations[marginBin(margin+3*float32(transmissions-1))]
}

// most returns for how many iterations the receiver's budget has room: a few take more.
func (s *slotWork) most(margin float32, transmissions uint8) float32 {
	return min(1.25*s.iterations(margin, transmissions)+1, mostIterations)
}

// scheduled notes the load of a slot, and the work that was kept free for it.
func (s *slotWork) scheduled(slot nr.Slot, plans []plan) {
	l := &s.slots[slot%nr.Slot(len(s.slots))]
	*l = slotLoad{slot: slot, used: true}
	l.x[perSlot] = 1
	room := 0.0
	for i := range plans {
		p := &plans[i]
		x := p.terms(p.iterations)
		for k := range x {
			l.x[k] += x[k]
		}
		room += x[perKiloBit] * float64(p.most-p.iterations)
	}
	l.promised = s.model.predict(l.x) + max(s.model.Factors[perKiloBitIteration], 0)*room
}

// terms returns what a plan with so many iterations adds to the terms of its slot.
func (p *plan) terms(iterations float32) [workTerms]float64 {
	re := p.kiloRE * float64(p.grant.NumPRB)
	coded := re * float64(p.grant.MCS().Modulation.BitsPerSymbol())
	return [workTerms]float64{perGrant: 1, perKiloRE: re, perKiloBit: coded, perKiloBitIteration: coded * float64(iterations)}
}

// observe corrects the load of a slot by the iterations that a transmission took.
func (s *slotWork) observe(slot nr.Slot, p *Process, f *Feedback) {
	took := cmp.Or(f.MeanIterations, float32(f.Iterations))
	if !(took > 0 && took <= nr.MaxIterations) {
		return
	}
	// A bound hides what a block beyond it would have taken, and says nothing of larger means.
	mean := &s.model.Iterations[marginBin(p.Margin+3*float32(p.Transmissions-1))]
	if p.Bound == 0 || *mean < float32(p.Bound) {
		*mean += 0.02 * (took - *mean)
	}
	if l := &s.slots[slot%nr.Slot(len(s.slots))]; l.used && l.slot == slot {
		l.x[perKiloBitIteration] += float64(p.CodedKbits) * float64(took-p.Iterations)
	}
}

// measured learns from what a slot took.
func (s *slotWork) measured(slot nr.Slot, micros float64) {
	l := &s.slots[slot%nr.Slot(len(s.slots))]
	if !l.used || l.slot != slot || !(micros > 0) || math.IsInf(micros, 0) {
		return
	}
	l.used = false
	s.model.learn(l.x, l.promised, micros, s.quantile)
}
