// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"bytes"
	"fmt"
	"slices"
)

// operators lists the operators of the standard set whose shapes are inferred.
var operators = map[string]operator{
	// elementwise, one input
	"Abs": {1, 1, inferUnary}, "Ceil": {1, 1, inferUnary}, "Cos": {1, 1, inferUnary}, "Elu": {1, 1, inferUnary},
	"Erf": {1, 1, inferUnary}, "Exp": {1, 1, inferUnary}, "Floor": {1, 1, inferUnary}, "HardSigmoid": {1, 1, inferUnary},
	"Identity": {1, 1, inferUnary}, "LeakyRelu": {1, 1, inferUnary}, "Log": {1, 1, inferUnary}, "Neg": {1, 1, inferUnary},
	"Reciprocal": {1, 1, inferUnary}, "Relu": {1, 1, inferUnary}, "Round": {1, 1, inferUnary}, "Sigmoid": {1, 1, inferUnary},
	"Sign": {1, 1, inferUnary}, "Sin": {1, 1, inferUnary}, "Softplus": {1, 1, inferUnary}, "Softsign": {1, 1, inferUnary},
	"Sqrt": {1, 1, inferUnary}, "Tanh": {1, 1, inferUnary},
	"Clip": {1, 3, inferUnary}, "Dropout": {1, 3, inferDropout},
	"Softmax": {1, 1, inferSoftmax}, "LogSoftmax": {1, 1, inferSoftmax},
	// elementwise, several inputs, broadcast
	"Add": {2, 2, inferBroadcast}, "Div": {2, 2, inferBroadcast}, "Mul": {2, 2, inferBroadcast}, "Sub": {2, 2, inferBroadcast},
	"Pow": {2, 2, inferPow}, "PRelu": {2, 2, inferBroadcast},
	"Max": {1, -1, inferBroadcast}, "Mean": {1, -1, inferBroadcast}, "Min": {1, -1, inferBroadcast}, "Sum": {1, -1, inferBroadcast},
	// linear algebra and layers
	"BatchNormalization": {5, 5, inferBatchNorm}, "Conv": {2, 3, inferConv}, "Gemm": {2, 3, inferGemm},
	"LayerNormalization": {2, 3, inferUnary}, "MatMul": {2, 2, inferMatMul},
	"AveragePool": {1, 1, inferPool}, "GlobalAveragePool": {1, 1, inferGlobalPool}, "MaxPool": {1, 1, inferPool},
	// reductions
	"ReduceL2": {1, 2, inferReduce}, "ReduceMax": {1, 2, inferReduce}, "ReduceMean": {1, 2, inferReduce},
	"ReduceMin": {1, 2, inferReduce}, "ReduceProd": {1, 2, inferReduce}, "ReduceSum": {1, 2, inferReduce},
	"ReduceSumSquare": {1, 2, inferReduce},
	// shape and layout
	"Cast": {1, 1, inferCast}, "Concat": {1, -1, inferConcat}, "Constant": {0, 0, inferConstant},
	"Expand": {2, 2, inferExpand}, "Flatten": {1, 1, inferFlatten}, "Gather": {2, 2, inferGather},
	"Pad": {1, 4, inferPad}, "Reshape": {2, 2, inferReshape}, "Shape": {1, 1, inferShape},
	"Slice": {1, 5, inferSlice}, "Split": {1, 2, inferSplit}, "Squeeze": {1, 2, inferSqueeze},
	"Transpose": {1, 1, inferTranspose}, "Unsqueeze": {1, 2, inferUnsqueeze},
}

func inferUnary(c *inference) error {
	return c.add(c.in[0].Type, slices.Clone(c.in[0].Dims)...)
}

// inferDropout passes its input on: in inference nothing is dropped, and the
// mask, where it is asked for, is all ones. Training at a rate above 0 is random
// and refused.
func inferDropout(c *inference) error {
	if c.has(2) {
		training, rate := c.in[2].Const, float32(0.5)
		if training == nil {
			return c.failf("training_mode must be constant")
		}
		if c.has(1) {
			v, err := c.in[1].Const.scalar()
			if err != nil {
				return c.failf("ratio: %v", err)
			}
			rate = float32(v)
		}
		if on, err := training.scalar(); err != nil || on != 0 && rate != 0 {
			return c.failf("training_mode is random and not supported")
		}
	}
	x := c.in[0]
	if err := inferUnary(c); err != nil || len(c.node.Outputs) < 2 || c.node.Outputs[1] == "" {
		return err
	}
	mask := Value{Type: Bool, Dims: slices.Clone(x.Dims)}
	if n, ok := product(x.Dims); ok && n <= maxFolded {
		mask.Const = &Tensor{Type: Bool, Dims: mask.Dims, Raw: bytes.Repeat([]byte{1}, n)}
	}
	if c.opset < 10 {
		return c.failf("the mask of operator set %d is not supported", c.opset)
	}
	c.out = append(c.out, mask)
	return nil
}

func inferSoftmax(c *inference) error {
	if _, err := SoftmaxAxis(c.node, c.opset, len(c.in[0].Dims)); err != nil {
		return c.failf("%v", err)
	}
	return inferUnary(c)
}

// SoftmaxAxis returns the axis of a Softmax or LogSoftmax node. Since operator
// set 13 it is the axis that is normalised, by default the last; before, all
// axes from this one on, by default the second, were normalised together.
func SoftmaxAxis(n *Node, opset int64, rank int) (int, error) {
	def := int64(-1)
	if opset < 13 {
		def = 1
	}
	a := n.Int("axis", def)
	if opset < 13 && a == int64(rank) {
		return rank, nil // nothing is left to normalise but single elements
	}
	axes, err := Axes([]int64{a}, rank)
	if err != nil {
		return 0, err
	}
	return axes[0], nil
}

func inferBroadcast(c *inference) error {
	for i, v := range c.in[1:] {
		if v.Type != c.in[0].Type {
			return c.failf("input %d is %v, want %v as input 0", i+1, v.Type, c.in[0].Type)
		}
	}
	return c.broadcast(c.in[0].Type)
}

// broadcast adds the output of an elementwise operation on all inputs.
func (c *inference) broadcast(t DataType) error {
	dims := c.in[0].Dims
	for _, v := range c.in[1:] {
		other, err := Aligned(c.node, c.opset, c.in[0].Dims, v.Dims)
		if err != nil {
			return c.failf("%v", err)
		}
		var ok bool
		if dims, ok = Broadcast(dims, other); !ok {
			return c.failf("shapes %v and %v do not broadcast", c.in[0].Dims, v.Dims)
		}
	}
	return c.add(t, slices.Clone(dims)...)
}

// Aligned returns the lengths b of the second operand of an elementwise node as
// they broadcast against those of the first. Since operator set 7 these are b
// itself, aligned at the last axis. Before, the attribute broadcast had to ask
// for it, and the attribute axis names the axis of a where b begins.
func Aligned(n *Node, opset int64, a, b []int) ([]int, error) {
	if opset >= 7 || n.Attr("broadcast") == nil && n.Attr("axis") == nil {
		return b, nil
	}
	at := n.Int("axis", int64(len(a)-len(b)))
	if n.Int("broadcast", 0) == 0 || at < 0 || at+int64(len(b)) > int64(len(a)) {
		return nil, fmt.Errorf("shape %v at axis %d of %v", b, at, a)
	}
	return append(slices.Clone(b), slices.Repeat([]int{1}, len(a)-len(b)-int(at))...), nil
}

func inferPow(c *inference) error { return c.broadcast(c.in[0].Type) }

func inferGemm(c *inference) error {
	a, b := c.in[0].Dims, c.in[1].Dims
	if len(a) != 2 || len(b) != 2 {
		return c.failf("ranks %d and %d, want 2", len(a), len(b))
	}
	m, k, n, kb := a[0], a[1], b[1], b[0]
	if c.node.Int("transA", 0) != 0 {
		m, k = k, m
	}
	if c.node.Int("transB", 0) != 0 {
		n, kb = kb, n
	}
	if !same(k, kb) {
		return c.failf("inner lengths %d and %d differ", k, kb)
	}
	if c.has(2) {
		if out, ok := Broadcast([]int{m, n}, c.in[2].Dims); !ok || len(out) != 2 || !same(out[0], m) || !same(out[1], n) {
			return c.failf("bias %v does not broadcast to [%d %d]", c.in[2].Dims, m, n)
		}
	}
	return c.add(c.in[0].Type, m, n)
}

func inferMatMul(c *inference) error {
	a, b := slices.Clone(c.in[0].Dims), slices.Clone(c.in[1].Dims)
	if len(a) == 0 || len(b) == 0 {
		return c.failf("operand is a scalar")
	}
	rowA, colB := len(a) > 1, len(b) > 1
	if !rowA {
		a = []int{1, a[0]}
	}
	if !colB {
		b = []int{b[0], 1}
	}
	if !same(a[len(a)-1], b[len(b)-2]) {
		return c.failf("inner lengths of %v and %v differ", c.in[0].Dims, c.in[1].Dims)
	}
	dims, ok := Broadcast(a[:len(a)-2], b[:len(b)-2])
	if !ok {
		return c.failf("batch lengths of %v and %v do not broadcast", c.in[0].Dims, c.in[1].Dims)
	}
	if rowA {
		dims = append(dims, a[len(a)-2])
	}
	if colB {
		dims = append(dims, b[len(b)-1])
	}
	return c.add(c.in[0].Type, dims...)
}

func inferBatchNorm(c *inference) error {
	x := c.in[0].Dims
	if len(x) < 2 {
		return c.failf("rank %d, want at least 2", len(x))
	}
	for i, v := range c.in[1:] {
		if len(v.Dims) != 1 || !same(v.Dims[0], x[1]) {
			return c.failf("input %d is %v, want [%d]", i+1, v.Dims, x[1])
		}
	}
	if c.node.Int("training_mode", 0) != 0 {
		return c.failf("training_mode is not supported")
	}
	return inferUnary(c)
}

func inferReduce(c *inference) error {
	x := c.in[0].Dims
	axes, ok, err := c.args("axes", 1)
	if err != nil {
		return err
	}
	if !ok || len(axes) == 0 {
		if c.node.Int("noop_with_empty_axes", 0) != 0 {
			return inferUnary(c)
		}
		axes = allAxes(len(x))
	}
	drop, err := c.axes(axes, len(x))
	if err != nil {
		return err
	}
	keep := c.node.Int("keepdims", 1) != 0
	dims := []int{}
	for i, d := range x {
		switch {
		case !slices.Contains(drop, i):
			dims = append(dims, d)
		case keep:
			dims = append(dims, 1)
		}
	}
	return c.add(c.in[0].Type, dims...)
}

func allAxes(rank int) []int64 {
	axes := make([]int64, rank)
	for i := range axes {
		axes[i] = int64(i)
	}
	return axes
}
