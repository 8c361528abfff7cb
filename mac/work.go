// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"cmp"
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Work predicts what a slot costs the receiver. The time is taken as a sum: so much per
// slot, per grant, per PRB among the first [FirstPRBs] of a grant, per thousand resource
// elements and layers, per thousand coded bits, and per thousand coded bits and LDPC iteration.
// The factors follow the receiver's measurements by recursive least squares that forget slowly,
// so that they are those of the machine and the algorithms in use. It is a comparable value of
// fixed size.
//
// S. Haykin, Adaptive Filter Theory, chapter on the RLS algorithm, there in information form.
type Work struct {
	Factors     [workTerms]float64            // µs per unit of each term
	Information [workTerms][workTerms]float64 // inverse covariance of the errors of Factors, lower triangle
	LogQuantile float64                       // logarithm of measured over predicted that is exceeded in 1 − quantile of the slots
	Samples     int                           // measurements taken
	Iterations  [marginBins]float32           // mean LDPC iterations by SINR above what the MCS needs
}

// Terms of a slot's work.
const (
	perSlot = iota
	perGrant
	perFirstPRB
	perKiloRE
	perKiloBit
	perKiloBitIteration
	workTerms
)

// FirstPRBs is how many PRBs of a grant may cost more than those after them: LMMSE channel
// estimation works at the edges of a grant on PRBs that it has to itself.
const FirstPRBs = 8

const (
	marginBins   = 16   // of half a dB
	marginFrom   = -2.0 // dB, where the first begins
	workForget   = 0.9995
	workNoise    = 0.05 * 0.05 // variance of measured over predicted
	quantileStep = 0.05
	warmUp       = 16 // measurements before the error counts
)

// usualFactors are those of phy/pusch with two antennas and "lmmse" on one machine, µs. Before
// anything was measured they are taken to be off by as much as they are.
var usualFactors = [workTerms]float64{50, 25, 4, 6, 2.5, 0.25}

func newWork() Work {
	w := Work{Factors: usualFactors, LogQuantile: math.Log(1.25)}
	for i := range w.Information {
		w.Information[i][i] = usualInformation(i)
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
		for _, x := range w.Information[i] {
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
	FirstPRBs         int     // PRBs of all grants, of each grant [FirstPRBs] at most
	LayerREs          int     // data resource elements times layers, of all grants
	CodedBits         int     // coded bits of all grants
	CodedBitIteration float64 // coded bits times LDPC iterations, of all grants
}

// Add adds what a grant gives the receiver to do, whose code blocks take so many LDPC iterations
// in the mean. It does not allocate.
func (l *Load) Add(g *nr.Grant, iterations float64) {
	coded := g.CodedBits()
	l.Grants++
	l.FirstPRBs += min(g.NumPRB, FirstPRBs)
	l.LayerREs += g.DataREs() * g.NumLayers
	l.CodedBits += coded
	l.CodedBitIteration += float64(coded) * iterations
}

func (l Load) terms() [workTerms]float64 {
	return [workTerms]float64{
		1, float64(l.Grants), float64(l.FirstPRBs), float64(l.LayerREs) / 1000, float64(l.CodedBits) / 1000, l.CodedBitIteration / 1000,
	}
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

// grant returns the work of a grant of so many PRBs that its data have no part in, µs.
func (w *Work) grant(prbs int) float64 {
	return max(w.Factors[perGrant], 0) + max(w.Factors[perFirstPRB], 0)*float64(min(prbs, FirstPRBs))
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

// fit is one step of recursive least squares on relative errors: all is divided by scale. What
// was measured fades; that factors are about the usual ones does not. So what slots say nothing
// about goes back to what is usual, such as what of a grant's work is that of its first PRBs
// while all grants are wide; and all else is forgotten at the same pace whatever slots are like.
func (w *Work) fit(x [workTerms]float64, micros, scale float64) {
	miss := micros / scale
	for i := range x {
		x[i] /= scale
		miss -= x[i] * w.Factors[i]
	}
	var step [workTerms]float64
	for i := range x {
		usual := (1 - workForget) * usualInformation(i)
		step[i] = x[i]*miss/workNoise + usual*(usualFactors[i]-w.Factors[i])
		for j := range i + 1 {
			w.Information[i][j] = workForget*w.Information[i][j] + x[i]*x[j]/workNoise
		}
		w.Information[i][i] += usual
	}
	if !solve(w.Information, &step) { // of a state that no cell has made
		*w = newWork()
		return
	}
	for i := range step {
		w.Factors[i] += step[i]
	}
}

// usualInformation is what is known of a factor before anything was measured.
func usualInformation(i int) float64 { return 1 / (usualFactors[i] * usualFactors[i]) }

// solve replaces x by the solution of a·y = x, where a is the lower triangle of a symmetric
// positive definite matrix, after Cholesky. It reports whether that is what it is.
func solve(a [workTerms][workTerms]float64, x *[workTerms]float64) bool {
	for i := range a {
		for j := range i + 1 {
			sum := a[i][j]
			for k := range j {
				sum -= a[i][k] * a[j][k]
			}
			switch {
			case j < i:
				a[i][j] = sum / a[j][j]
			case sum > 0:
				a[i][i] = math.Sqrt(sum)
			default:
				return false
			}
		}
		for k := range i {
			x[i] -= a[i][k] * x[k]
		}
		x[i] /= a[i][i]
	}
	for i := workTerms - 1; i >= 0; i-- {
		for k := i + 1; k < workTerms; k++ {
			x[i] -= a[k][i] * x[k]
		}
		x[i] /= a[i][i]
	}
	return true
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
	return [workTerms]float64{
		perGrant: 1, perFirstPRB: float64(min(p.grant.NumPRB, FirstPRBs)), perKiloRE: re, perKiloBit: coded, perKiloBitIteration: coded * float64(iterations),
	}
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
