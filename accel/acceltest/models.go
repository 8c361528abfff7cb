// SPDX-License-Identifier: Apache-2.0

package acceltest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// normal returns n normal numbers.
func normal(seed uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// builder builds a network with seeded weights.
type builder struct {
	*onnx.Builder
	n uint64 // weights so far
}

func newBuilder(name string) *builder { return &builder{Builder: onnx.NewBuilder(name)} }

// weight adds a constant of normal numbers times a scale.
func (b *builder) weight(scale float64, dims ...int) onnx.Ref {
	return b.constant(func(v float32) float32 { return v * float32(scale) }, dims)
}

// positive adds a constant of numbers of at least 0.1.
func (b *builder) positive(dims ...int) onnx.Ref {
	return b.constant(func(v float32) float32 { return float32(math.Abs(float64(v))) + 0.1 }, dims)
}

// constant adds a constant of normal numbers that f is applied to.
func (b *builder) constant(f func(float32) float32, dims []int) onnx.Ref {
	size := 1
	for _, d := range dims {
		size *= d
	}
	b.n++
	v := normal(b.n, size)
	for i := range v {
		v[i] = f(v[i])
	}
	return b.Float32s(fmt.Sprintf("w%d", b.n), v, dims...)
}

// dense adds a fully connected layer.
func (b *builder) dense(x onnx.Ref, in, out int) onnx.Ref {
	return b.Gemm(x, b.weight(1/math.Sqrt(float64(in)), in, out), b.weight(1, out))
}

// conv adds a convolution that keeps height and width.
func (b *builder) conv(x onnx.Ref, in, out, kernel, group int, attrs ...onnx.Attribute) onnx.Ref {
	p := int64(kernel / 2)
	scale := 1 / math.Sqrt(float64(in/group*kernel*kernel))
	attrs = append(attrs, onnx.Ints("pads", p, p, p, p), onnx.Int("group", int64(group)))
	return b.Apply("Conv", []onnx.Ref{x, b.weight(scale, out, in/group, kernel, kernel), b.weight(1, out)}, attrs...)
}

// finish checks the graph and makes a model of it.
func (b *builder) finish() (*accel.Model, error) {
	graph, err := b.Model()
	if err != nil {
		return nil, err
	}
	return accel.BuildModel(graph)
}

// LLRNet returns a network as of a neural demapper: "iq" [batch, 2] to "llr"
// [batch, outputs], with one hidden layer.
func LLRNet(hidden, outputs int) (*accel.Model, error) {
	b := newBuilder("llrnet")
	x := b.Input("iq", onnx.Float32, -1, 2)
	b.Output("llr", b.dense(b.Relu(b.dense(x, 2, hidden)), hidden, outputs))
	return b.finish()
}

// DeepRx returns a network of the shape of neural receivers (M. Honkala et al.,
// "DeepRx: Fully convolutional deep learning receiver", IEEE TWC 2021):
// pre-activation residual blocks of depthwise and pointwise convolutions,
// "grid" [batch, 10, 14, subcarriers] to "llr" [batch, 8, 14, subcarriers].
func DeepRx(blocks, channels, subcarriers int) (*accel.Model, error) {
	b := newBuilder("deeprx")
	x := b.conv(b.Input("grid", onnx.Float32, -1, 10, 14, subcarriers), 10, channels, 1, 1)
	for range blocks {
		y := x
		for range 2 {
			y = b.Relu(b.Apply("BatchNormalization", []onnx.Ref{y, b.weight(0.5, channels), b.weight(0.5, channels),
				b.weight(0.5, channels), b.positive(channels)}))
			y = b.conv(y, channels, channels, 3, channels)
			y = b.conv(y, channels, channels, 1, 1)
		}
		x = b.Add(x, b.Mul(y, b.Const(onnx.NewFloat32(fmt.Sprintf("scale%d", b.n), []float32{0.1}))))
	}
	b.Output("llr", b.conv(x, channels, 8, 1, 1))
	return b.finish()
}

// Scale returns a network that multiplies by a factor: "x" [batch, features] to
// "y" of the same shape. Two that differ in the factor have equal ports, so that
// one may replace the other.
func Scale(factor float32, features int) (*accel.Model, error) {
	b := newBuilder("scale")
	w := make([]float32, features*features)
	for i := range features {
		w[i*(features+1)] = factor
	}
	x := b.Input("x", onnx.Float32, -1, features)
	b.Output("y", b.MatMul(x, b.Float32s("w", w, features, features)))
	return b.finish()
}
