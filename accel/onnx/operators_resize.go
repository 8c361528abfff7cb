// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Resizing is the resolved geometry of a Resize or Upsample node, one entry for
// each axis.
type Resizing struct {
	Out   []int     // output lengths
	Scale []float64 // output length for each input element
	ROI   []float64 // part of the input that is kept: starts, then ends, from 0 to 1
}

// ResizingOf resolves the operands of a Resize or Upsample node of the given
// operator set.
func ResizingOf(n *Node, opset int64, in []Value) (Resizing, error) {
	x := in[0].Dims
	r := Resizing{Out: slices.Clone(x), Scale: slices.Repeat([]float64{1}, len(x)), ROI: make([]float64, 2*len(x))}
	for i := range x {
		r.ROI[len(x)+i] = 1
	}
	at, err := resizeAxes(n, len(x))
	if err != nil {
		return r, err
	}
	roi, scales, sizes := resizeInputs(n, opset, in)
	if roi != nil && n.Str("coordinate_transformation_mode", "") == "tf_crop_and_resize" {
		v, err := realsOf(*roi, 1)
		if err != nil {
			return r, err
		}
		if len(v) != 2*len(at) {
			return r, fmt.Errorf("%d numbers of the region, want %d", len(v), 2*len(at))
		}
		for i, a := range at {
			r.ROI[a], r.ROI[len(x)+a] = v[i], v[len(at)+i]
		}
	}
	if sizes != nil {
		return r, r.bySizes(n, at, *sizes)
	}
	if scales == nil {
		return r, fmt.Errorf("neither scales nor sizes")
	}
	v, err := realsOf(*scales, 2)
	if err != nil {
		return r, err
	}
	return r, r.byScales(at, v)
}

// resizeInputs returns the operands that are given, where each operator set has
// them; an empty vector is none.
func resizeInputs(n *Node, opset int64, in []Value) (roi, scales, sizes *Value) {
	get := func(i int) *Value {
		if i >= len(in) || !in[i].given() || len(in[i].Dims) == 1 && in[i].Dims[0] == 0 {
			return nil
		}
		return &in[i]
	}
	switch {
	case n.Floats("scales") != nil:
		t := NewFloat32("", n.Floats("scales"), len(n.Floats("scales")))
		return nil, &Value{Type: Float32, Dims: t.Dims, Const: &t}, nil
	case n.OpType == "Upsample" || opset < 11:
		return nil, get(1), nil
	}
	return get(1), get(2), get(3)
}

func realsOf(v Value, i int) ([]float64, error) {
	if v.Const == nil {
		return nil, &valueError{i}
	}
	return v.Const.Float64s()
}

// resizeAxes returns the axes that the operands are about.
func resizeAxes(n *Node, rank int) ([]int, error) {
	if axes := n.Ints("axes"); axes != nil {
		return Axes(axes, rank)
	}
	return Axes(allAxes(rank), rank)
}

func (r *Resizing) byScales(at []int, v []float64) error {
	if len(v) != len(at) {
		return fmt.Errorf("%d scales, want %d", len(v), len(at))
	}
	for i, a := range at {
		if !(v[i] > 0 && v[i] < 1<<20) {
			return fmt.Errorf("scales %v", v)
		}
		r.Scale[a] = v[i]
		if r.Out[a] >= 0 {
			span := r.ROI[len(r.Out)+a] - r.ROI[a]
			// In float32, as the scale is: what 7/3 makes of 3 is 7 there, and less in float64.
			n := math.Floor(float64(float32(float64(r.Out[a])*span) * float32(v[i])))
			if !(n >= 0 && n <= maxElems) {
				return fmt.Errorf("scales %v", v)
			}
			r.Out[a] = int(n)
		}
	}
	return nil
}

// bySizes sets the lengths to the given ones, or to the largest or smallest that
// keep the ratio of the axes.
func (r *Resizing) bySizes(n *Node, at []int, sizes Value) error {
	if sizes.Const == nil {
		return &valueError{3}
	}
	v, err := sizes.Const.Int64s()
	if err != nil || len(v) != len(at) || slices.Min(append(v, 0)) < 0 || slices.Max(append(v, 0)) > maxElems {
		return fmt.Errorf("sizes %v for %d axes", v, len(at))
	}
	policy, common := n.Str("keep_aspect_ratio_policy", "stretch"), math.NaN()
	for i, a := range at {
		if r.Out[a] < 0 {
			r.Out[a] = int(v[i])
			continue
		}
		s := float64(v[i]) / float64(r.Out[a])
		if math.IsNaN(common) || policy == "not_larger" && s < common || policy == "not_smaller" && s > common {
			common = s
		}
		r.Scale[a] = s
	}
	for i, a := range at {
		if policy == "stretch" || r.Out[a] < 0 {
			r.Out[a] = int(v[i])
			continue
		}
		r.Scale[a] = common
		r.Out[a] = int(math.Floor(float64(r.Out[a])*common + 0.5))
	}
	return nil
}

func inferResize(c *inference) error {
	r, err := ResizingOf(c.node, c.opset, c.in)
	if errors.As(err, new(*valueError)) {
		return c.add(c.in[0].Type, slices.Repeat([]int{-1}, len(c.in[0].Dims))...)
	}
	if err != nil {
		return c.wrap(err)
	}
	return c.add(c.in[0].Type, r.Out...)
}

// inferGridSample makes x [batch, channel, …] sampled at the places of the grid
// [batch, …, axis].
func inferGridSample(c *inference) error {
	x, g := c.in[0].Dims, c.in[1].Dims
	if len(x) < 3 || len(g) != len(x) || !same(g[0], x[0]) || !same(g[len(g)-1], len(x)-2) {
		return c.failf("input %v and grid %v", x, g)
	}
	return c.add(c.in[0].Type, slices.Concat(x[:2], g[1:len(g)-1])...)
}

// inferAffineGrid makes the places [batch, …, axis] that matrices map a grid of
// the given size to.
func inferAffineGrid(c *inference) error {
	if c.in[1].Const == nil {
		return &valueError{1}
	}
	v, err := c.need(1)
	if err != nil {
		return err
	}
	size, err := c.lengths(v)
	if err != nil {
		return err
	}
	axes := len(size) - 2
	if axes != 2 && axes != 3 || len(c.in[0].Dims) != 3 || !same(c.in[0].Dims[0], size[0]) || !same(c.in[0].Dims[1], axes) || !same(c.in[0].Dims[2], axes+1) {
		return c.failf("matrices %v for size %v", c.in[0].Dims, v)
	}
	return c.add(c.in[0].Type, slices.Concat(size[:1], size[2:], []int{axes})...)
}

// inferDFT makes the spectrum along one axis of [batch, …, 1 or 2], whose last
// axis is real or complex.
func inferDFT(c *inference) error {
	x := slices.Clone(c.in[0].Dims)
	axis, err := DFTAxis(c.node, c.opset, c.in)
	if err != nil {
		return c.wrap(err)
	}
	inverse, half := c.node.Int("inverse", 0) != 0, c.node.Int("onesided", 0) != 0
	last := x[len(x)-1]
	if last != 1 && last != 2 || inverse && half {
		return c.lackf("input %v, inverse %t, onesided %t", x, inverse, half)
	}
	if c.has(1) {
		n, err := c.needOne(1)
		if err != nil {
			return err
		}
		if n < 1 || n > maxElems {
			return c.failf("length %d", n)
		}
		x[axis] = int(n)
	}
	if half && x[axis] >= 0 {
		x[axis] = x[axis]/2 + 1
	}
	x[len(x)-1] = 2
	return c.add(c.in[0].Type, x...)
}

// DFTAxis returns the axis of a DFT node, an input since operator set 20.
func DFTAxis(n *Node, opset int64, in []Value) (int, error) {
	rank, axis := len(in[0].Dims), n.Int("axis", 1)
	if opset >= 20 {
		axis = -2
		if len(in) > 2 && in[2].given() {
			if in[2].Const == nil {
				return 0, &valueError{2}
			}
			v, err := in[2].Const.Int64s()
			if err != nil || len(v) != 1 {
				return 0, fmt.Errorf("axis must be one integer")
			}
			axis = v[0]
		}
	}
	at, err := Axes([]int64{axis}, rank)
	if err != nil || at[0] == rank-1 {
		return 0, fmt.Errorf("axis %d of rank %d", axis, rank)
	}
	return at[0], nil
}
