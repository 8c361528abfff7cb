// SPDX-License-Identifier: Apache-2.0

package onnx

import "slices"

// zeroType returns the element type of the zero point in input i, or def when it
// is left out.
func (c *inference) zeroType(i int, def DataType) DataType {
	if c.has(i) {
		return c.in[i].Type
	}
	return def
}

// inferQuantize turns real numbers into integers of the type of the zero point.
func inferQuantize(c *inference) error {
	def := Uint8
	if to := DataType(c.node.Int("output_dtype", 0)); to != Undefined {
		def = to
	}
	typ := c.zeroType(2, def)
	if typ.Size() == 0 {
		return c.lackf("output %v", typ)
	}
	return c.add(typ, slices.Clone(c.in[0].Dims)...)
}

// inferDequantize turns integers into real numbers of the type of the scale.
func inferDequantize(c *inference) error {
	if c.has(2) && c.in[2].Type != c.in[0].Type {
		return c.failf("zero point is %v, want %v", c.in[2].Type, c.in[0].Type)
	}
	return c.add(c.in[1].Type, slices.Clone(c.in[0].Dims)...)
}

func inferDynamicQuantize(c *inference) error {
	c.out = []Value{{Type: Uint8, Dims: slices.Clone(c.in[0].Dims)}, {Type: Float32, Dims: []int{}}, {Type: Uint8, Dims: []int{}}}
	return nil
}

func inferMatMulInteger(c *inference) error { return c.product(c.in[0], c.in[1], Int32) }

func inferQLinearMatMul(c *inference) error { return c.product(c.in[0], c.in[3], c.in[7].Type) }

func inferConvInteger(c *inference) error { return c.conv(c.in[0], c.in[1], -1, Int32) }

func inferQLinearConv(c *inference) error { return c.conv(c.in[0], c.in[3], 8, c.in[7].Type) }
