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
	if ceil && room < 0 && -room < w.Stride[i] && w.In[i]+w.Begin[i] > 0 {
		w.Out[i], w.Stride[i] = 1, 1 // the only window ends beyond the padding
		return nil
	}
	if room < 0 {
		return fmt.Errorf("kernel %d (dilation %d) is longer than the padded input %d", w.Kernel[i], w.Dilation[i], room+span)
	}
	w.Out[i] = room/w.Stride[i] + 1
	if ceil && room%w.Stride[i] != 0 && w.Out[i]*w.Stride[i] < w.In[i]+w.Begin[i] {
		w.Out[i]++
	}
	if w.Out[i] == 1 { // the window never steps
		w.Stride[i] = 1
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

func inferConv(c *inference) error { return c.conv(c.in[0], c.in[1], 2, c.in[0].Type) }

// conv adds the output of a convolution of x with weights w, whose bias is input
// bias, or none when that is negative.
func (c *inference) conv(xv, wv Value, bias int, typ DataType) error {
	x, w := xv.Dims, wv.Dims
	group := int(c.node.Int("group", 1))
	switch {
	case len(x) < 3 || len(w) != len(x):
		return c.failf("input %v and weights %v, want equal ranks of at least 3", x, w)
	case slices.Contains(w, -1):
		return &valueError{1}
	case group < 1 || group > 1<<20 || w[0]%group != 0:
		return c.failf("%d output channels in %d groups", w[0], group)
	case x[1] >= 0 && w[1] >= 0 && x[1] != w[1]*group:
		return c.failf("%d input channels, want %d", x[1], w[1]*group)
	case bias >= 0 && c.has(bias) && (len(c.in[bias].Dims) != 1 || !same(c.in[bias].Dims[0], w[0])):
		return c.failf("bias %v, want [%d]", c.in[bias].Dims, w[0])
	}
	win, err := WindowOf(c.node, x[2:], w[2:])
	if err != nil {
		return c.failf("%v", err)
	}
	return c.add(typ, append([]int{x[0], w[0]}, win.Out...)...)
}

// TransposedWindowOf resolves the geometry of a transposed convolution, where
// the window steps over the output: In and Out are those of the node, and Begin
// and End is what is cut off the full output.
func TransposedWindowOf(n *Node, in, kernel []int) (Window, error) {
	plain := *n
	plain.Attrs = slices.DeleteFunc(slices.Clone(n.Attrs), func(a Attribute) bool { return a.Name == "auto_pad" || a.Name == "ceil_mode" })
	open := slices.Repeat([]int{-1}, len(in)) // only strides, dilations and pads
	w, err := WindowOf(&plain, open, kernel)
	if err != nil {
		return w, err
	}
	w.In = in
	extra, want := n.Ints("output_padding"), n.Ints("output_shape")
	if len(want) == len(in)+2 { // some exporters give the whole shape
		want = want[2:]
	}
	if extra != nil && len(extra) != len(in) || want != nil && len(want) != len(in) {
		return w, fmt.Errorf("output_padding %v and output_shape %v for %d spatial axes", extra, want, len(in))
	}
	auto := n.Str("auto_pad", "NOTSET")
	if !slices.Contains([]string{"NOTSET", "", "VALID", "SAME_UPPER", "SAME_LOWER"}, auto) {
		return w, fmt.Errorf("auto_pad %q", auto)
	}
	for i, d := range in {
		out, grow := int64(-1), int64(0)
		if want != nil {
			out = want[i]
		}
		if extra != nil {
			grow = extra[i]
		}
		if grow < 0 || grow > 1<<20 || want != nil && (out < 0 || out > maxElems) {
			return w, fmt.Errorf("output_padding %v and output_shape %v", extra, want)
		}
		if d < 0 {
			w.Out[i] = int(out)
			continue
		}
		if err := w.transposed(i, auto, int(grow), int(out)); err != nil {
			return w, err
		}
	}
	return w, nil
}

// transposed resolves one axis; out is the wanted length or -1.
func (w *Window) transposed(i int, auto string, grow, out int) error {
	full := w.Stride[i]*(w.In[i]-1) + (w.Kernel[i]-1)*w.Dilation[i] + 1 + grow
	if out < 0 && (auto == "SAME_UPPER" || auto == "SAME_LOWER") {
		out = w.In[i] * w.Stride[i]
	}
	if auto == "VALID" {
		w.Begin[i], w.End[i] = 0, 0
	}
	if out >= 0 {
		cut := max(0, full-out)
		w.Begin[i], w.End[i] = cut-cut/2, cut/2
		if auto == "SAME_UPPER" {
			w.Begin[i], w.End[i] = w.End[i], w.Begin[i]
		}
		w.Out[i] = out
		return nil
	}
	if w.Out[i] = full - w.Begin[i] - w.End[i]; w.Out[i] < 0 {
		return fmt.Errorf("pads take more than the output of length %d", full)
	}
	return nil
}

func inferConvTranspose(c *inference) error {
	x, w := c.in[0].Dims, c.in[1].Dims
	group := int(c.node.Int("group", 1))
	switch {
	case len(x) < 3 || len(w) != len(x):
		return c.failf("input %v and weights %v, want equal ranks of at least 3", x, w)
	case slices.Contains(w, -1):
		return &valueError{1}
	case group < 1 || group > 1<<20 || w[0]%group != 0 || !same(x[1], w[0]):
		return c.failf("%d input channels in %d groups, weights %v", x[1], group, w)
	case c.has(2) && (len(c.in[2].Dims) != 1 || !same(c.in[2].Dims[0], w[1]*group)):
		return c.failf("bias %v, want [%d]", c.in[2].Dims, w[1]*group)
	}
	win, err := TransposedWindowOf(c.node, x[2:], w[2:])
	if err != nil {
		return c.failf("%v", err)
	}
	return c.add(c.in[0].Type, append([]int{x[0], w[1] * group}, win.Out...)...)
}

// inferUnpool puts maxima back where a MaxPool took them from.
func inferUnpool(c *inference) error {
	x := c.in[0].Dims
	if len(x) < 3 || c.in[1].Type != Int64 || !slices.EqualFunc(x, c.in[1].Dims, same) {
		return c.failf("input %v and indices %v %v", x, c.in[1].Type, c.in[1].Dims)
	}
	if c.has(2) {
		if c.in[2].Const == nil {
			return c.open(c.in[0].Type, 2)
		}
		v, err := c.need(2)
		if err != nil {
			return err
		}
		dims, err := c.lengths(v)
		if err != nil {
			return err
		}
		if len(dims) != len(x) {
			return c.failf("output shape %v for %v", v, x)
		}
		return c.add(c.in[0].Type, dims...)
	}
	kernel, err := positive(c.node, "kernel_shape", len(x)-2)
	if err != nil {
		return c.failf("%v", err)
	}
	win, err := TransposedWindowOf(c.node, x[2:], kernel)
	if err != nil {
		return c.failf("%v", err)
	}
	return c.add(c.in[0].Type, append([]int{x[0], x[1]}, win.Out...)...)
}

// inferCol2Im folds columns of blocks [batch, channel·block, place] to an image.
func inferCol2Im(c *inference) error {
	x := c.in[0].Dims
	if len(x) != 3 {
		return c.failf("rank %d, want 3", len(x))
	}
	image, err := c.need(1)
	if err != nil {
		return err
	}
	block, err := c.need(2)
	if err != nil {
		return err
	}
	in, err := c.lengths(image)
	if err != nil {
		return err
	}
	kernel, err := c.lengths(block)
	if err != nil {
		return err
	}
	win, err := WindowOf(c.node, in, kernel)
	if err != nil {
		return c.failf("%v", err)
	}
	size, ok := product(kernel)
	places, ok2 := product(win.Out)
	if !ok || !ok2 || x[1] >= 0 && x[1]%size != 0 || !same(x[2], places) {
		return c.failf("columns %v for blocks %v of image %v", x, block, image)
	}
	return c.add(c.in[0].Type, append([]int{x[0], scaled(x[1], 1, size)}, in...)...)
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
	if err := c.add(c.in[0].Type, append([]int{x[0], x[1]}, win.Out...)...); err != nil || c.node.OpType != "MaxPool" {
		return err
	}
	return c.add(Int64, append([]int{x[0], x[1]}, win.Out...)...) // where each maximum lies
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
