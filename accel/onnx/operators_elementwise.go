// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"bytes"
	"fmt"
	"slices"
)

func inferUnary(c *inference) error {
	return c.add(c.in[0].Type, slices.Clone(c.in[0].Dims)...)
}

// inferDropout passes its input on: in inference nothing is dropped, and the
// mask, where it is asked for, is all ones. Training at a rate above 0 is random
// and refused.
func inferDropout(c *inference) error {
	if c.has(2) && c.in[2].Const != nil && (!c.has(1) || c.in[1].Const != nil) {
		training, rate := c.in[2].Const, float32(0.5)
		if c.has(1) {
			v, err := c.in[1].Const.scalar()
			if err != nil {
				return c.failf("ratio: %v", err)
			}
			rate = float32(v)
		}
		if on, err := training.scalar(); err != nil || on != 0 && rate != 0 {
			return c.lackf("training_mode is random")
		}
	}
	x := c.in[0]
	if err := inferUnary(c); err != nil || len(c.node.Outputs) < 2 || c.node.Outputs[1] == "" {
		return err
	}
	mask := Value{Type: Bool, Dims: slices.Clone(x.Dims)}
	one := []byte{1}
	if c.opset < 10 && x.Type == Float32 { // the mask was of the type of the input
		mask.Type, one = Float32, NewFloat32("", []float32{1}).Raw
	}
	if n, ok := product(x.Dims); ok && n <= maxFolded {
		mask.Const = &Tensor{Type: mask.Type, Dims: mask.Dims, Raw: bytes.Repeat(one, n)}
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
// set 13 it is the axis that is normalized, by default the last; before, all
// axes from this one on, by default the second, were normalized together.
func SoftmaxAxis(n *Node, opset int64, rank int) (int, error) {
	def := int64(-1)
	if opset < 13 {
		def = 1
	}
	a := n.Int("axis", def)
	if opset < 13 && a == int64(rank) {
		return rank, nil // nothing is left to normalize but single elements
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

// Broadcasts reports whether an operator computes elements from two operands that
// broadcast.
func Broadcasts(opType string) bool {
	_, ok := elementwise[opType]
	return ok && operators[opType].min == 2
}

// Aligned returns the lengths b of the second operand of an elementwise node as
// they broadcast against those of the first. Since operator set 7 these are b
// itself, aligned at the last axis. Before, the attribute broadcast had to ask
// for it, and the attribute axis names the axis of a where b begins.
func Aligned(n *Node, opset int64, a, b []int) ([]int, error) {
	if opset < 7 && n.OpType == "PRelu" && len(b) == 1 && len(a) > 2 && b[0] != 1 {
		return append(slices.Clone(b), slices.Repeat([]int{1}, len(a)-2)...), nil // a slope for each channel
	}
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

func inferPRelu(c *inference) error {
	if err := inferBroadcast(c); err != nil {
		return err
	}
	if len(c.out[0].Dims) != len(c.in[0].Dims) {
		return c.failf("slope %v does not broadcast to %v", c.in[1].Dims, c.in[0].Dims)
	}
	return nil
}

func inferClip(c *inference) error {
	for i := 1; i < len(c.in); i++ {
		if n, ok := product(c.in[i].Dims); c.has(i) && (c.in[i].Type != c.in[0].Type || ok && n != 1) {
			return c.failf("input %d is %v %v, want one %v", i, c.in[i].Type, c.in[i].Dims, c.in[0].Type)
		}
	}
	return inferUnary(c)
}

// inferCompare makes the bool result of comparing two operands of one type.
func inferCompare(c *inference) error {
	if c.in[1].Type != c.in[0].Type {
		return c.failf("input 1 is %v, want %v as input 0", c.in[1].Type, c.in[0].Type)
	}
	return c.broadcast(Bool)
}

// inferLogic makes the bool result of an operation on bools.
func inferLogic(c *inference) error {
	for i, v := range c.in {
		if v.Type != Bool {
			return c.failf("input %d is %v, want bool", i, v.Type)
		}
	}
	return c.broadcast(Bool)
}

func inferTest(c *inference) error { return c.add(Bool, slices.Clone(c.in[0].Dims)...) }

func inferWhere(c *inference) error {
	if c.in[0].Type != Bool || c.in[1].Type != c.in[2].Type {
		return c.failf("inputs are %v, %v, %v, want bool and two of one type", c.in[0].Type, c.in[1].Type, c.in[2].Type)
	}
	return c.broadcast(c.in[1].Type)
}

func inferCastLike(c *inference) error {
	return c.cast(c.in[1].Type)
}

func inferBitCast(c *inference) error {
	to := DataType(c.node.Int("to", 0))
	if to.Size() == 0 || to.Size() != c.in[0].Type.Size() {
		return c.failf("%v to %v, want types of one size", c.in[0].Type, to)
	}
	return c.add(to, slices.Clone(c.in[0].Dims)...)
}
