// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"slices"
)

// blocks checks the block size of DepthToSpace and SpaceToDepth, which move
// between channels and places of [batch, channel, row, column].
func (c *inference) blocks() (int, error) {
	b := c.node.Int("blocksize", 0)
	if b < 1 || b > 1<<20 || len(c.in[0].Dims) != 4 {
		return 0, c.failf("blocksize %d for %v", b, c.in[0].Dims)
	}
	if mode := c.node.Str("mode", "DCR"); mode != "DCR" && mode != "CRD" {
		return 0, c.failf("mode %q", mode)
	}
	return int(b), nil
}

func inferDepthToSpace(c *inference) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := slices.Clone(c.in[0].Dims)
	if x[1] >= 0 && x[1]%(b*b) != 0 {
		return c.failf("%d channels, want a multiple of %d", x[1], b*b)
	}
	return c.add(c.in[0].Type, x[0], scaled(x[1], 1, b*b), scaled(x[2], b, 1), scaled(x[3], b, 1))
}

func inferSpaceToDepth(c *inference) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := c.in[0].Dims
	if x[2] >= 0 && x[2]%b != 0 || x[3] >= 0 && x[3]%b != 0 {
		return c.failf("plane %v, want multiples of %d", x[2:], b)
	}
	return c.add(c.in[0].Type, x[0], scaled(x[1], b*b, 1), scaled(x[2], 1, b), scaled(x[3], 1, b))
}

// scaled returns d·mul/div, or -1 for an unknown length.
func scaled(d, mul, div int) int {
	if d < 0 {
		return -1
	}
	return d * mul / div
}

func inferReverseSequence(c *inference) error {
	x := c.in[0].Dims
	batch, seq := c.node.Int("batch_axis", 1), c.node.Int("time_axis", 0)
	if len(x) < 2 || batch+seq != 1 || batch*seq != 0 {
		return c.failf("batch axis %d and time axis %d of %v", batch, seq, x)
	}
	if c.in[1].Type != Int64 || len(c.in[1].Dims) != 1 || !same(c.in[1].Dims[0], x[batch]) {
		return c.failf("lengths %v %v, want int64 [%d]", c.in[1].Type, c.in[1].Dims, x[batch])
	}
	return inferUnary(c)
}

func inferCenterCropPad(c *inference) error {
	dims := slices.Clone(c.in[0].Dims)
	axes := allAxes(len(dims))
	if a := c.node.Ints("axes"); a != nil {
		axes = a
	}
	at, err := c.axes(axes, len(dims))
	if err != nil {
		return err
	}
	want, err := c.need(1)
	if errors.As(err, new(*valueError)) {
		for _, a := range at {
			dims[a] = -1
		}
		return c.add(c.in[0].Type, dims...)
	}
	if err != nil {
		return err
	}
	lens, err := c.lengths(want)
	if err != nil {
		return err
	}
	if len(lens) != len(at) {
		return c.failf("shape %v for axes %v", want, axes)
	}
	for i, a := range at {
		dims[a] = lens[i]
	}
	return c.add(c.in[0].Type, dims...)
}
