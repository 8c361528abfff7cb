// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

func buildBatchNorm(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, y, floor := st.in[0].f32(), st.out[0].f32(), st.floor()
	gamma, beta, mean, variance := st.in[1].f32(), st.in[2].f32(), st.in[3].f32(), st.in[4].f32()
	eps := float64(st.node.Float("epsilon", 1e-5))
	channels := st.in[0].dims[1]
	size := st.in[0].n / st.in[0].dims[0] / channels
	return func() {
		for i := 0; i < len(x); i += size {
			c := i / size % channels
			scale := gamma[c] / float32(math.Sqrt(float64(variance[c])+eps))
			f32.ScaleShift(y[i:i+size], x[i:], scale, beta[c]-mean[c]*scale, floor)
		}
	}, nil
}

func buildLayerNorm(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	axes, err := onnx.Axes([]int64{st.node.Int("axis", -1)}, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	size := count(st.in[0].dims[axes[0]:])
	x, y, gamma, beta := st.in[0].f32(), st.out[0].f32(), st.in[1].f32(), make([]float32, size)
	if st.has(2) {
		beta = st.in[2].f32()
	}
	if len(gamma) != size || len(beta) != size {
		return nil, fmt.Errorf("scale and bias have %d and %d elements, want %d", len(gamma), len(beta), size)
	}
	eps := float64(st.node.Float("epsilon", 1e-5))
	return func() {
		for i := 0; i < len(x); i += size {
			normalize(y[i:i+size], x[i:i+size], gamma, beta, eps)
		}
	}, nil
}

func normalize(y, x, gamma, beta []float32, eps float64) {
	mean, scale := moments(x, eps)
	f32.Normalize(y, x, gamma, beta, float32(mean), float32(scale))
}

// buildSoftmax makes Softmax and LogSoftmax; see [onnx.SoftmaxAxis].
func buildSoftmax(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dims := st.in[0].dims
	axis, err := onnx.SoftmaxAxis(st.node.Node, st.opset, len(dims))
	if err != nil {
		return nil, err
	}
	x, y := st.in[0].f32(), st.out[0].f32()
	inner, n := 1, count(dims[axis:]) // before operator set 13: all axes from this one on
	if st.opset >= 13 {
		inner, n = count(dims[axis+1:]), dims[axis]
	}
	s := softmax{n: n, inner: inner, log: st.node.OpType == "LogSoftmax"}
	if inner > 1 {
		s.peak, s.sum = make([]float32, min(inner, softmaxBlock)), make([]float32, min(inner, softmaxBlock))
	}
	return func() { s.run(y, x) }, nil
}

// softmaxBlock is how many neighbouring softmaxes run side by side.
const softmaxBlock = 512

// softmax is a Softmax or LogSoftmax over n elements that lie inner apart.
type softmax struct {
	n, inner  int
	log       bool
	peak, sum []float32 // of softmaxes side by side
}

func (s *softmax) run(y, x []float32) {
	for base := 0; base < len(x); base += s.n * s.inner {
		if s.inner == 1 {
			s.row(y[base:base+s.n], x[base:base+s.n])
			continue
		}
		for i := 0; i < s.inner; i += softmaxBlock {
			s.columns(y[base+i:], x[base+i:], min(softmaxBlock, s.inner-i))
		}
	}
}

// row makes one softmax of elements side by side.
func (s *softmax) row(y, x []float32) {
	peak := f32.Greatest(x)
	sum := f32.ExpSum(y, x, peak)
	if s.log {
		// ln Σe^x = peak + ln Σe^(x−peak), taken off in two steps because the
		// peak may be large.
		f32.SubNumber(y, x, peak)
		f32.SubNumber(y, y, float32(math.Log(sum)))
		return
	}
	f32.MulNumber(y, y, float32(1/sum))
}

// columns makes w softmaxes whose elements lie side by side.
func (s *softmax) columns(y, x []float32, w int) {
	peak, sum := s.peak[:w], s.sum[:w]
	copy(peak, x)
	for i := 1; i < s.n; i++ {
		f32.Max(peak, peak, x[i*s.inner:])
	}
	clear(sum)
	for i := range s.n {
		row := y[i*s.inner:][:w]
		f32.Sub(row, x[i*s.inner:], peak)
		f32.Exp(row, row)
		f32.Add(sum, sum, row)
	}
	if s.log {
		f32.Log(sum, sum)
	}
	for i := range s.n {
		row := y[i*s.inner:][:w]
		if s.log {
			f32.Sub(row, x[i*s.inner:], peak)
			f32.Sub(row, row, sum)
		} else {
			f32.Div(row, row, sum)
		}
	}
}
