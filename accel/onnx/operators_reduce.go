// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"slices"
)

func inferReduce(c *inference) error {
	x := c.in[0].Dims
	axes, ok, err := c.args("axes", 1)
	if errors.As(err, new(*valueError)) && c.node.Int("keepdims", 1) != 0 {
		return c.add(c.in[0].Type, slices.Repeat([]int{-1}, len(x))...)
	}
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

// inferArg makes the indices of the largest or smallest elements along an axis.
func inferArg(c *inference) error {
	dims := slices.Clone(c.in[0].Dims)
	axis, err := c.axis("axis", 0, len(dims))
	if err != nil {
		return err
	}
	if c.node.Int("keepdims", 1) == 0 {
		return c.add(Int64, slices.Delete(dims, axis, axis+1)...)
	}
	dims[axis] = 1
	return c.add(Int64, dims...)
}

// inferCumulative checks the axis of a running sum or product.
func inferCumulative(c *inference) error {
	axis, err := c.needOne(1)
	if errors.As(err, new(*valueError)) {
		return inferUnary(c)
	}
	if err != nil {
		return err
	}
	if _, err := c.axes([]int64{axis}, len(c.in[0].Dims)); err != nil {
		return err
	}
	return inferUnary(c)
}

func allAxes(rank int) []int64 {
	axes := make([]int64, rank)
	for i := range axes {
		axes[i] = int64(i)
	}
	return axes
}
