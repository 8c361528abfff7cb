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
	var sum, square float64
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		square += (float64(v) - mean) * (float64(v) - mean)
	}
	scale := float32(1 / math.Sqrt(square/float64(len(x))+eps))
	for i, v := range x {
		y[i] = (v-float32(mean))*scale*gamma[i] + beta[i]
	}
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
	log := st.node.OpType == "LogSoftmax"
	return func() {
		for base := 0; base < len(x); base += n * inner {
			for i := range inner {
				softmax(y[base+i:], x[base+i:], n, inner, log)
			}
		}
	}, nil
}

func softmax(y, x []float32, n, stride int, log bool) {
	peak := float32(math.Inf(-1))
	for i := range n {
		peak = max(peak, x[i*stride])
	}
	var sum float64
	for i := range n {
		sum += math.Exp(float64(x[i*stride] - peak))
	}
	if log {
		shift := peak + float32(math.Log(sum))
		for i := range n {
			y[i*stride] = x[i*stride] - shift
		}
		return
	}
	for i := range n {
		y[i*stride] = float32(math.Exp(float64(x[i*stride]-peak)) / sum)
	}
}
