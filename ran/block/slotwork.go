// SPDX-License-Identifier: Apache-2.0

package block

import (
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/placement/admission"
)

// SlotWork predicts what the receiver takes for a slot from its schedule, as an
// [admission.Predictor]: by the model of work with which the scheduler keeps to its budget.
// One goroutine at a time may use one.
type SlotWork struct {
	Work     mac.Work // as of the scheduler of the cell, see [mac.State]
	Quantile float64  // of the slots that its own bound covers, such as 0.999
}

var _ admission.Predictor = (*SlotWork)(nil)

// Features of a slot, in their order.
const (
	featureGrants = iota
	featureFirstPRBs
	featureLayerREs
	featureCodedBits
	featureCodedBitIteration
	numFeatures
)

// AppendFeatures appends to dst what a schedule gives the receiver to do: grants, their first
// PRBs, data resource elements times layers, coded bits, and coded bits times LDPC iterations,
// of which so many are expected of each block.
func AppendFeatures(dst []float64, s *nr.Schedule, iterations float64) []float64 {
	var l mac.Load
	for i := range s.Grants {
		l.Add(&s.Grants[i], iterations)
	}
	f := [numFeatures]float64{
		featureGrants: float64(l.Grants), featureFirstPRBs: float64(l.FirstPRBs), featureLayerREs: float64(l.LayerREs),
		featureCodedBits: float64(l.CodedBits), featureCodedBitIteration: l.CodedBitIteration,
	}
	return append(dst, f[:]...)
}

// load returns features in the terms of the model; what is missing is 0.
func load(features []float64) mac.Load {
	var f [numFeatures]float64
	copy(f[:], features)
	return mac.Load{
		Grants: int(f[featureGrants]), FirstPRBs: int(f[featureFirstPRBs]), LayerREs: int(f[featureLayerREs]), CodedBits: int(f[featureCodedBits]),
		CodedBitIteration: f[featureCodedBitIteration],
	}
}

// Predict implements [admission.Predictor]. It does not allocate.
func (w *SlotWork) Predict(features []float64) time.Duration {
	return time.Duration(max(w.Work.Predict(load(features)), 0) * float64(time.Microsecond))
}

// Learn implements [admission.Predictor]. It does not allocate.
func (w *SlotWork) Learn(features []float64, measured time.Duration) {
	w.Work.Learn(load(features), float64(measured)/float64(time.Microsecond), w.Quantile)
}
