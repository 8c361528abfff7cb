// SPDX-License-Identifier: Apache-2.0

package onnx

import "slices"

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

// inferDet makes the determinants of the matrices of the last two axes.
func inferDet(c *inference) error {
	x := c.in[0].Dims
	if len(x) < 2 || !same(x[len(x)-1], x[len(x)-2]) {
		return c.failf("shape %v, want square matrices", x)
	}
	return c.add(c.in[0].Type, slices.Clone(x[:len(x)-2])...)
}

func inferMatMul(c *inference) error {
	if c.in[1].Type != c.in[0].Type {
		return c.failf("input 1 is %v, want %v as input 0", c.in[1].Type, c.in[0].Type)
	}
	return c.product(c.in[0], c.in[1], c.in[0].Type)
}

// product adds the matrix product of the last two axes of x and y.
func (c *inference) product(x, y Value, typ DataType) error {
	a, b := slices.Clone(x.Dims), slices.Clone(y.Dims)
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
		return c.failf("inner lengths of %v and %v differ", x.Dims, y.Dims)
	}
	dims, ok := Broadcast(a[:len(a)-2], b[:len(b)-2])
	if !ok {
		return c.failf("batch lengths of %v and %v do not broadcast", x.Dims, y.Dims)
	}
	if rowA {
		dims = append(dims, a[len(a)-2])
	}
	if colB {
		dims = append(dims, b[len(b)-1])
	}
	return c.add(typ, dims...)
}
