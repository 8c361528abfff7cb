// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"slices"
)

// Window is the resolved geometry of a convolution or pooling: one entry for
// each spatial axis.
type Window struct {
	In       []int // input lengths; -1 where unknown
	Kernel   []int // kernel lengths
	Stride   []int // steps of the window
	Dilation []int // distance of kernel taps
	Begin    []int // padding before
	End      []int // padding after
	Out      []int // output lengths; -1 where unknown
}

// WindowOf resolves strides, dilations, pads, auto_pad and ceil_mode of a node
// for the given input and kernel lengths.
func WindowOf(n *Node, in, kernel []int) (Window, error) {
	rank := len(in)
	w := Window{In: in, Kernel: kernel, Begin: make([]int, rank), End: make([]int, rank), Out: make([]int, rank)}
	var err error
	if w.Stride, err = positive(n, "strides", rank); err != nil {
		return w, err
	}
	if w.Dilation, err = positive(n, "dilations", rank); err != nil {
		return w, err
	}
	if len(kernel) != rank || slices.Min(append([]int{1}, kernel...)) < 1 {
		return w, fmt.Errorf("kernel %v for %d spatial axes", kernel, rank)
	}
	if pads := n.Ints("pads"); pads != nil {
		if len(pads) != 2*rank {
			return w, fmt.Errorf("%d pads, want %d", len(pads), 2*rank)
		}
		for i := range rank {
			lo, hi := pads[i], pads[rank+i]
			if lo < 0 || hi < 0 || lo > 1<<20 || hi > 1<<20 {
				return w, fmt.Errorf("pads %v", pads)
			}
			w.Begin[i], w.End[i] = int(lo), int(hi)
		}
	}
	auto := n.Str("auto_pad", "NOTSET")
	for i, d := range in {
		if d < 0 {
			w.Out[i] = -1
			continue
		}
		if err := w.axis(i, auto, n.Int("ceil_mode", 0) != 0); err != nil {
			return w, err
		}
	}
	return w, nil
}

// axis resolves the output length, and the padding where it is automatic.
func (w *Window) axis(i int, auto string, ceil bool) error {
	span := (w.Kernel[i]-1)*w.Dilation[i] + 1
	switch auto {
	case "NOTSET", "":
	case "VALID":
		w.Begin[i], w.End[i] = 0, 0
	case "SAME_UPPER", "SAME_LOWER":
		out := (w.In[i] + w.Stride[i] - 1) / w.Stride[i]
		total := max(0, (out-1)*w.Stride[i]+span-w.In[i])
		w.Begin[i], w.End[i] = total/2, total-total/2
		if auto == "SAME_LOWER" {
			w.Begin[i], w.End[i] = w.End[i], w.Begin[i]
		}
	default:
		return fmt.Errorf("auto_pad %q", auto)
	}
	room := w.In[i] + w.Begin[i] + w.End[i] - span
	if room < 0 {
		return fmt.Errorf("kernel %d (dilation %d) is longer than the padded input %d", w.Kernel[i], w.Dilation[i], room+span)
	}
	w.Out[i] = room/w.Stride[i] + 1
	if ceil && room%w.Stride[i] != 0 && w.Out[i]*w.Stride[i] < w.In[i]+w.Begin[i] {
		w.Out[i]++
	}
	return nil
}

// positive returns an attribute of one positive integer for each spatial axis,
// 1 where it is left out.
func positive(n *Node, attr string, rank int) ([]int, error) {
	out := slices.Repeat([]int{1}, rank)
	v := n.Ints(attr)
	if v == nil {
		return out, nil
	}
	if len(v) != rank {
		return nil, fmt.Errorf("%d %s, want %d", len(v), attr, rank)
	}
	for i, x := range v {
		if x < 1 || x > 1<<20 {
			return nil, fmt.Errorf("%s %v", attr, v)
		}
		out[i] = int(x)
	}
	return out, nil
}

func inferConv(c *inference) error {
	x, w := c.in[0].Dims, c.in[1].Dims
	group := int(c.node.Int("group", 1))
	switch {
	case len(x) < 3 || len(w) != len(x):
		return c.failf("input %v and weights %v, want equal ranks of at least 3", x, w)
	case group < 1 || w[0] < 0 || w[0]%group != 0:
		return c.failf("%d output channels in %d groups", w[0], group)
	case x[1] >= 0 && w[1] >= 0 && x[1] != w[1]*group:
		return c.failf("%d input channels, want %d", x[1], w[1]*group)
	case c.has(2) && (len(c.in[2].Dims) != 1 || !same(c.in[2].Dims[0], w[0])):
		return c.failf("bias %v, want [%d]", c.in[2].Dims, w[0])
	}
	win, err := WindowOf(c.node, x[2:], w[2:])
	if err != nil {
		return c.failf("%v", err)
	}
	return c.add(c.in[0].Type, append([]int{x[0], w[0]}, win.Out...)...)
}

func inferPool(c *inference) error {
	x := c.in[0].Dims
	if len(x) < 3 {
		return c.failf("rank %d, want at least 3", len(x))
	}
	kernel, err := positive(c.node, "kernel_shape", len(x)-2)
	if err != nil {
		return c.failf("%v", err)
	}
	win, err := WindowOf(c.node, x[2:], kernel)
	if err != nil {
		return c.failf("%v", err)
	}
	return c.add(c.in[0].Type, append([]int{x[0], x[1]}, win.Out...)...)
}

func inferGlobalPool(c *inference) error {
	x := slices.Clone(c.in[0].Dims)
	if len(x) < 3 {
		return c.failf("rank %d, want at least 3", len(x))
	}
	for i := range x[2:] {
		x[2+i] = 1
	}
	return c.add(c.in[0].Type, x...)
}
