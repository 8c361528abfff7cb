// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"math"
	"slices"
)

// lengths converts integers to lengths.
func (c *inference) lengths(v []int64) ([]int, error) {
	dims := make([]int, len(v))
	for i, d := range v {
		if d < 0 || d > maxElems {
			return nil, c.failf("shape %v", v)
		}
		dims[i] = int(d)
	}
	return dims, nil
}

func inferConstantOfShape(c *inference) error {
	typ := Float32
	if a := c.node.Attr("value"); a != nil && a.Type == AttrTensor {
		if a.Tensor.Len() != 1 || a.Tensor.Type.Size() == 0 {
			return c.failf("value %v %v, want one element", a.Tensor.Type, a.Tensor.Dims)
		}
		typ = a.Tensor.Type
	}
	if c.in[0].Const == nil {
		return c.open(typ, 0)
	}
	v, err := c.need(0)
	if err != nil {
		return err
	}
	dims, err := c.lengths(v)
	if err != nil {
		return err
	}
	return c.add(typ, dims...)
}

func inferRange(c *inference) error {
	var v [3]float64
	for i := range v {
		if c.in[i].Type != c.in[0].Type {
			return c.failf("input %d is %v, want %v as input 0", i, c.in[i].Type, c.in[0].Type)
		}
		if c.in[i].Const == nil {
			return c.add(c.in[0].Type, -1)
		}
		var err error
		if v[i], err = c.in[i].Const.scalar(); err != nil {
			return c.failf("input %d: %v", i, err)
		}
	}
	n := math.Ceil((v[1] - v[0]) / v[2])
	if math.IsNaN(n) || n > maxElems || v[2] == 0 {
		return c.failf("from %g to %g by %g", v[0], v[1], v[2])
	}
	return c.add(c.in[0].Type, int(max(n, 0)))
}

func inferEyeLike(c *inference) error {
	if len(c.in[0].Dims) != 2 {
		return c.failf("rank %d, want 2", len(c.in[0].Dims))
	}
	typ := c.in[0].Type
	if to := DataType(c.node.Int("dtype", 0)); to != Undefined {
		typ = to
	}
	if typ.Size() == 0 {
		return c.failf("dtype %v", typ)
	}
	return c.add(typ, slices.Clone(c.in[0].Dims)...)
}

func inferSize(c *inference) error {
	v := Value{Type: Int64, Dims: []int{}}
	if n, ok := product(c.in[0].Dims); ok {
		t := NewInt64("", []int64{int64(n)})
		v.Const = &t
	}
	c.out = append(c.out, v)
	return nil
}

func inferTile(c *inference) error {
	dims := slices.Clone(c.in[0].Dims)
	if c.in[1].Const == nil {
		return c.add(c.in[0].Type, slices.Repeat([]int{-1}, len(dims))...)
	}
	reps, err := c.need(1)
	if err != nil {
		return err
	}
	times, err := c.lengths(reps)
	if err != nil {
		return err
	}
	if len(times) != len(dims) {
		return c.failf("repeats %v for %v", reps, dims)
	}
	for i, n := range times {
		if dims[i] >= 0 && n > 0 && dims[i] > maxElems/n {
			return c.failf("repeats %v for %v", reps, dims)
		}
		if dims[i] >= 0 {
			dims[i] *= n
		}
	}
	return c.add(c.in[0].Type, dims...)
}

func inferTrilu(c *inference) error {
	if len(c.in[0].Dims) < 2 {
		return c.failf("rank %d, want at least 2", len(c.in[0].Dims))
	}
	if c.has(1) && c.in[1].Const != nil {
		if _, err := c.needOne(1); err != nil {
			return err
		}
	}
	return inferUnary(c)
}

// inferTimeWindow makes a window of as many samples as the input says.
func inferTimeWindow(c *inference) error {
	typ := DataType(c.node.Int("output_datatype", int64(Float32)))
	if c.in[0].Const == nil {
		return c.add(typ, -1)
	}
	n, err := c.needOne(0)
	if err != nil {
		return err
	}
	if n < 0 || n > maxElems {
		return c.failf("size %d", n)
	}
	return c.add(typ, int(n))
}
