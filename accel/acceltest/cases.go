// SPDX-License-Identifier: Apache-2.0

package acceltest

import (
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// Case is one network of the suite.
type Case struct {
	Name    string       // what it exercises
	Model   *accel.Model // the network
	Batches []int        // lengths of the open axes to run it at
}

// Cases returns the networks of the suite: those of receivers, and between them
// the operators that other networks are made of, with open and fixed lengths,
// several inputs and outputs, and integers.
func Cases() ([]Case, error) {
	var cases []Case
	for _, c := range []struct {
		name    string
		build   func() (*accel.Model, error)
		batches []int
	}{
		{"LLRNet", func() (*accel.Model, error) { return LLRNet(32, 8) }, []int{1, 7, 8, 3276}},
		{"MLP", mlp, []int{1, 33}},
		{"DeepRx", func() (*accel.Model, error) { return DeepRx(2, 16, 24) }, []int{1, 3}},
		{"Dilated", dilated, []int{1}},
		{"Attention", attention, []int{1, 4}},
		{"Pooling", pooling, []int{2}},
		{"Ports", manyPorts, []int{1, 5}},
		{"Integers", integers, []int{3}},
		{"Activations", activations, []int{1, 9}},
	} {
		m, err := c.build()
		if err != nil {
			return nil, fmt.Errorf("acceltest: %s: %w", c.name, err)
		}
		cases = append(cases, Case{Name: c.name, Model: m, Batches: c.batches})
	}
	return cases, nil
}

func mlp() (*accel.Model, error) {
	b := newBuilder("mlp")
	x := b.Input("x", onnx.Float32, -1, 16)
	h := b.Relu(b.dense(x, 16, 256))
	b.Output("y", b.dense(b.Relu(b.dense(h, 256, 256)), 256, 8))
	return b.finish()
}

// dilated has plain convolutions with dilation and stride.
func dilated() (*accel.Model, error) {
	b := newBuilder("dilated")
	x := b.Relu(b.conv(b.Input("x", onnx.Float32, 1, 4, 14, 24), 4, 8, 3, 1))
	y := b.Apply("Conv", []onnx.Ref{x, b.weight(0.1, 8, 8, 3, 3), b.weight(1, 8)},
		onnx.Ints("dilations", 2, 3), onnx.Ints("pads", 2, 3, 2, 3))
	z := b.Apply("Conv", []onnx.Ref{b.Relu(b.Add(x, y)), b.weight(0.1, 6, 8, 3, 3)}, onnx.Ints("strides", 2, 2))
	b.Output("y", z)
	return b.finish()
}

// attention is one head over rows, with layer normalization.
func attention() (*accel.Model, error) {
	const rows, width = 12, 16
	b := newBuilder("attention")
	x := b.Input("x", onnx.Float32, -1, rows, width)
	n := b.Apply("LayerNormalization", []onnx.Ref{x, b.positive(width), b.weight(1, width)}, onnx.Int("axis", -1))
	q := b.MatMul(n, b.weight(0.25, width, width))
	k := b.MatMul(n, b.weight(0.25, width, width))
	scores := b.MatMul(q, b.Apply("Transpose", []onnx.Ref{k}, onnx.Ints("perm", 0, 2, 1)))
	weights := b.Apply("Softmax", []onnx.Ref{scores}, onnx.Int("axis", -1))
	b.Output("y", b.Add(x, b.MatMul(weights, b.MatMul(n, b.weight(0.25, width, width)))))
	return b.finish()
}

func pooling() (*accel.Model, error) {
	b := newBuilder("pooling")
	x := b.Input("x", onnx.Float32, -1, 3, 8, 10)
	most := b.Apply("MaxPool", []onnx.Ref{x}, onnx.Ints("kernel_shape", 2, 2), onnx.Ints("strides", 2, 2))
	b.Output("y", b.Apply("GlobalAveragePool", []onnx.Ref{most}))
	b.Output("z", b.Apply("ReduceMean", []onnx.Ref{x}, onnx.Ints("axes", 2, 3), onnx.Int("keepdims", 0)))
	return b.finish()
}

// manyPorts has two inputs and three outputs of different ranks.
func manyPorts() (*accel.Model, error) {
	b := newBuilder("ports")
	h := b.Input("h", onnx.Float32, -1, 4, 2)
	y := b.Input("y", onnx.Float32, -1, 4, 1)
	hT := b.Apply("Transpose", []onnx.Ref{h}, onnx.Ints("perm", 0, 2, 1))
	b.Output("gram", b.MatMul(hT, h))
	b.Output("matched", b.MatMul(hT, y))
	b.Output("energy", b.Apply("ReduceSum", []onnx.Ref{b.Mul(y, y), b.Int64s("axes", 1)}, onnx.Int("keepdims", 0)))
	return b.finish()
}

// integers looks rows up by an index that is an input.
func integers() (*accel.Model, error) {
	b := newBuilder("integers")
	index := b.Input("index", onnx.Int64, -1)
	rows := b.Apply("Gather", []onnx.Ref{b.weight(1, 3, 5), index})
	b.Output("rows", rows)
	b.Output("next", b.Add(index, b.Int64s("one", 1)))
	return b.finish()
}

func activations() (*accel.Model, error) {
	b := newBuilder("activations")
	x := b.Input("x", onnx.Float32, -1, 40)
	for _, op := range []string{"Sigmoid", "Tanh", "LeakyRelu", "Elu", "Softplus", "HardSigmoid", "Erf", "Exp", "Abs"} {
		b.Output(op, b.Apply(op, []onnx.Ref{x}))
	}
	return b.finish()
}
