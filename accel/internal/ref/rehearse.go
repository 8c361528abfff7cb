// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"context"
	"errors"
	"slices"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
)

// trials are what open lengths are tried as, until all nodes fit each other.
var trials = []int{1, 2, 3, 4, 8, 16, 32, 64, 128, 224}

// maxTrial bounds the elements of an input with an open length that is tried.
const maxTrial = 1 << 16

// errTrial says that open lengths would be tried with too many elements.
var errTrial = errors.New("ref: trial is too large")

// elements is the product of lengths, at most some number above maxTrial.
func elements(dims []int) int {
	n := 1
	for _, d := range dims {
		n = min(n*d, maxTrial+1)
	}
	return n
}

// rehearse binds the session to memory of its own without running it, so that
// whatever a kernel lacks is an error of Open. Open lengths are guessed: what
// does not fit then says nothing about the model, but a form that a kernel lacks
// does. Where lengths depend on data the rehearsal ends there.
func (s *Session) rehearse(ctx context.Context) error {
	if slices.ContainsFunc(s.model.Graph.Feeds(), func(v onnx.ValueInfo) bool { return !v.Ranked }) {
		return nil // nothing could be tried
	}
	for _, open := range trials {
		err := s.rehearseWith(ctx, open)
		guessed := s.guesses()
		switch {
		case err == nil || errors.Is(err, errBlind) || errors.Is(err, errTrial):
			return nil
		case !guessed || errors.As(err, new(*onnx.OpError)) || ctx.Err() != nil:
			return err
		}
	}
	return nil
}

// guesses reports whether an input has an open length.
func (s *Session) guesses() bool {
	return slices.ContainsFunc(s.model.Graph.Feeds(), func(v onnx.ValueInfo) bool {
		return slices.ContainsFunc(v.Dims, func(d int) bool { return d < 0 })
	})
}

func (s *Session) rehearseWith(ctx context.Context, open int) error {
	var in, out []backend.Buffer
	for _, v := range s.model.Graph.Feeds() {
		dims := slices.Clone(v.Dims)
		for i, d := range dims {
			if d < 0 {
				dims[i] = open
			}
		}
		if !slices.Equal(dims, v.Dims) && open > 1 && elements(dims) > maxTrial {
			return errTrial
		}
		if !fits(v.Type, dims) {
			return &onnx.NodeError{Node: v.Name, OpType: "input", Reason: "input is too large"}
		}
		in = append(in, newBuffer(v.Type, dims))
	}
	p := s.newPlan(ctx, true)
	if err := p.resolve(in); err != nil {
		return err
	}
	for _, v := range s.model.Graph.Outputs {
		o := p.scope.find(v.Name)
		out = append(out, newBuffer(o.typ, o.dims))
	}
	_, err := p.finish(out)
	return err
}
