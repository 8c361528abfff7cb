// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

//go:embed scorer.onnx
var scorerModel []byte

// Learned is a policy whose scores a network computes from [Features]: an ONNX model with
// one input [candidates, NumFeatures] and one output [candidates, 1]. It is for one
// goroutine at a time.
type Learned struct {
	session *accel.Session
	binding *accel.BatchBinding
	in, out tensor.Tensor[float32]
}

// batch is how many candidates the network scores at once.
const batch = 256

// NewLearned opens a model on a device. The caller closes the policy.
func NewLearned(model *accel.Model, device accel.Device) (*Learned, error) {
	session, err := accel.Open(context.Background(), model, device)
	if err != nil {
		return nil, fmt.Errorf("plan: learned policy: %w", err)
	}
	p := &Learned{session: session, in: tensor.New[float32]([]int{batch, NumFeatures}), out: tensor.New[float32]([]int{batch, 1})}
	p.binding, err = session.BindBatch(batch, []accel.Buffer{accel.Of(&p.in)}, []accel.Buffer{accel.Of(&p.out)})
	if err != nil {
		session.Close()
		return nil, fmt.Errorf("plan: learned policy: %w", err)
	}
	return p, nil
}

// DefaultLearned opens the scorer that is part of this package, on the device ref, which is
// always there: fourteen weights, learned by internal/bench/scorer.
func DefaultLearned() (*Learned, error) {
	model, err := accel.NewModel(scorerModel)
	if err != nil {
		return nil, fmt.Errorf("plan: learned policy: %w", err)
	}
	return NewLearned(model, accel.Ref)
}

// LinearScorer returns the model of a scorer that weighs the features.
func LinearScorer(weights []float32) (*onnx.Model, error) {
	if len(weights) != NumFeatures {
		return nil, fmt.Errorf("plan: linear scorer: got %d weights, want %d", len(weights), NumFeatures)
	}
	b := onnx.NewBuilder("placement-scorer")
	b.Doc("Scores places of units by 14 features, lower for better ones; see package placement/plan.")
	b.Output("scores", b.MatMul(b.Input("features", onnx.Float32, -1, NumFeatures), b.Float32s("weights", weights, NumFeatures, 1)))
	return b.Model()
}

// Name returns "learned".
func (p *Learned) Name() string { return "learned" }

// Score lets the network score the candidates.
func (p *Learned) Score(s *State, candidates []Candidate, scores []float64) error {
	for len(candidates) > 0 {
		n := min(len(candidates), batch)
		for i := range n {
			Features(s, &candidates[i], p.in.Data()[i*NumFeatures:][:NumFeatures])
		}
		if err := p.binding.Run(n); err != nil {
			return fmt.Errorf("plan: learned policy: %w", err)
		}
		for i, score := range p.out.Data()[:n] {
			scores[i] = float64(score)
		}
		candidates, scores = candidates[n:], scores[n:]
	}
	return nil
}

// Close closes the session.
func (p *Learned) Close() error {
	err := p.binding.Close()
	if e := p.session.Close(); err == nil {
		err = e
	}
	return err
}
