// SPDX-License-Identifier: Apache-2.0

package admission

import "time"

// A Predictor predicts what a slot of a unit takes from its features: what is known of the
// slot beforehand, such as resource blocks, layers, coded bits and iterations. What
// features mean is between the predictor and whoever makes them. [Steady] needs none.
type Predictor interface {
	// Predict returns the expected work of a slot.
	Predict(features []float64) time.Duration
	// Learn takes what a slot with such features took.
	Learn(features []float64, measured time.Duration)
}

// Model is a predictor with the quantiles of its errors. One goroutine at a time may use
// one.
type Model struct {
	predictor Predictor
	fit       Fit
}

// NewModel returns a model that bounds the share of slots that quantile names. It returns a
// [*FieldError] for a quantile that is not between 0.5 and 1, and for no predictor.
func NewModel(p Predictor, quantile float64) (*Model, error) {
	if p == nil {
		return nil, wrong("predictor", nil, "one")
	}
	fit, err := NewFit(quantile)
	if err != nil {
		return nil, err
	}
	return &Model{predictor: p, fit: fit}, nil
}

// Predict returns the expected work of a slot.
func (m *Model) Predict(features []float64) time.Duration { return m.predictor.Predict(features) }

// Bound returns what the work of a slot stays below in the share of slots that the model is
// for.
func (m *Model) Bound(features []float64) time.Duration {
	return time.Duration(float64(m.predictor.Predict(features)) * m.fit.Ratio())
}

// Learn takes what a slot took: first for the quantiles, by what would have been predicted,
// then for the prediction. It allocates nothing of its own.
func (m *Model) Learn(features []float64, measured time.Duration) {
	if measured <= 0 {
		return
	}
	m.fit.Observe(m.predictor.Predict(features), measured)
	m.predictor.Learn(features, measured)
}

// Error returns how well the bounds hold.
func (m *Model) Error() Error { return m.fit.Error() }

// Steady predicts that a slot takes what slots have taken on the average, of which the past
// fades. It is for units about whose slots nothing is known beforehand. The zero value is
// ready; features are not looked at.
type Steady struct {
	Memory float64 // slots that count; 0 stands for 1000
	mean   float64
	taken  float64
}

// Predict implements [Predictor].
func (s *Steady) Predict([]float64) time.Duration { return time.Duration(s.mean) }

// Learn implements [Predictor].
func (s *Steady) Learn(_ []float64, measured time.Duration) {
	memory := s.Memory
	if memory <= 0 {
		memory = 1000
	}
	s.taken++
	s.mean += (float64(measured) - s.mean) / min(s.taken, memory)
}
