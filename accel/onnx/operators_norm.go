// SPDX-License-Identifier: Apache-2.0

package onnx

import "slices"

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
		return c.lackf("training_mode")
	}
	return inferUnary(c)
}

// inferChannelNorm checks a norm over [batch, channel, …].
func inferChannelNorm(c *inference) error {
	if len(c.in[0].Dims) < 2 || len(c.in[1].Dims) != 1 || len(c.in[2].Dims) != 1 {
		return c.failf("shapes %v, %v, %v, want [batch, channel, …] and two vectors", c.in[0].Dims, c.in[1].Dims, c.in[2].Dims)
	}
	return inferUnary(c)
}

// inferLayerNorm adds the output and, where they are asked for, the mean and the
// inverse standard deviation of each group of normalized axes.
func inferLayerNorm(c *inference) error {
	x := c.in[0].Dims
	axis, err := c.axis("axis", -1, len(x))
	if err != nil {
		return err
	}
	if err := inferUnary(c); err != nil {
		return err
	}
	stat := slices.Clone(x)
	for i := axis; i < len(x); i++ {
		stat[i] = 1
	}
	c.out = append(c.out, Value{Type: Float32, Dims: stat}, Value{Type: Float32, Dims: slices.Clone(stat)})
	return nil
}

// inferLoss makes the loss of class indices given scores [batch, class, …]: one
// number, or one for each place when it is not reduced, and the logarithms of
// the probabilities when they are asked for.
func inferLoss(c *inference) error {
	x, labels := c.in[0].Dims, c.in[1].Dims
	if len(x) < 2 || len(labels) != len(x)-1 || !same(x[0], labels[0]) {
		return c.failf("scores %v and labels %v", x, labels)
	}
	for i, d := range labels[1:] {
		if !same(d, x[2+i]) {
			return c.failf("scores %v and labels %v", x, labels)
		}
	}
	if c.in[1].Type != Int32 && c.in[1].Type != Int64 {
		return c.failf("labels are %v, want int32 or int64", c.in[1].Type)
	}
	if c.has(2) && (len(c.in[2].Dims) != 1 || !same(c.in[2].Dims[0], x[1])) {
		return c.failf("weights %v, want [%d]", c.in[2].Dims, x[1])
	}
	switch mode := c.node.Str("reduction", "mean"); mode {
	case "none":
		c.out = []Value{{Type: c.in[0].Type, Dims: slices.Clone(labels)}}
	case "mean", "sum":
		c.out = []Value{{Type: c.in[0].Type, Dims: []int{}}}
	default:
		return c.failf("reduction %q", mode)
	}
	if c.node.OpType == "SoftmaxCrossEntropyLoss" {
		c.out = append(c.out, Value{Type: c.in[0].Type, Dims: slices.Clone(x)})
	}
	return nil
}
