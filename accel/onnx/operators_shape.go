// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

func inferCast(c *inference) error {
	return c.cast(DataType(c.node.Int("to", 0)))
}

// cast adds an output of the given type and the lengths of the input.
func (c *inference) cast(to DataType) error {
	switch {
	case to < Float32 || to > Int2:
		return c.failf("cast to %v", to)
	case to.Size() == 0:
		return c.lackf("cast to %v", to)
	}
	return c.add(to, slices.Clone(c.in[0].Dims)...)
}

func inferConstant(c *inference) error {
	t, err := constant(c.node)
	if err != nil {
		return c.failf("%v", err)
	}
	c.out = append(c.out, Value{Type: t.Type, Dims: t.Dims, Const: t})
	return nil
}

// constant returns the tensor of a Constant node.
func constant(n *Node) (*Tensor, error) {
	for i := range n.Attrs {
		switch a := &n.Attrs[i]; {
		case a.Name == "value" && a.Type == AttrTensor:
			return a.Tensor, nil
		case a.Name == "value_float" && a.Type == AttrFloat:
			t := NewFloat32("", []float32{a.Float})
			return &t, nil
		case a.Name == "value_floats" && a.Type == AttrFloats:
			t := NewFloat32("", a.Floats, len(a.Floats))
			return &t, nil
		case a.Name == "value_int" && a.Type == AttrInt:
			t := NewInt64("", []int64{a.Int})
			return &t, nil
		case a.Name == "value_ints" && a.Type == AttrInts:
			t := NewInt64("", a.Ints, len(a.Ints))
			return &t, nil
		}
	}
	return nil, fmt.Errorf("no numeric value attribute")
}

func inferConcat(c *inference) error {
	dims := slices.Clone(c.in[0].Dims)
	axis, err := c.axis("axis", 0, len(dims))
	if err != nil {
		return err
	}
	for k, v := range c.in[1:] {
		if v.Type != c.in[0].Type || len(v.Dims) != len(dims) {
			return c.failf("input %d is %v %v, want %v of rank %d", k+1, v.Type, v.Dims, c.in[0].Type, len(dims))
		}
		for i, d := range v.Dims {
			switch {
			case i == axis && (d < 0 || dims[i] < 0):
				dims[i] = -1
			case i == axis:
				dims[i] += d
			case !same(dims[i], d):
				return c.failf("input %d has length %d on axis %d, want %d", k+1, d, i, dims[i])
			case dims[i] < 0:
				dims[i] = d
			}
		}
	}
	return c.add(c.in[0].Type, dims...)
}

func inferShape(c *inference) error {
	x := c.in[0].Dims
	clamp := func(v int64) int {
		if v < 0 {
			v += int64(len(x))
		}
		return int(min(max(v, 0), int64(len(x))))
	}
	lo, hi := clamp(c.node.Int("start", 0)), clamp(c.node.Int("end", math.MaxInt64))
	x = x[lo:max(lo, hi)]
	v := Value{Type: Int64, Dims: []int{len(x)}}
	if !slices.Contains(x, -1) {
		lens := make([]int64, len(x))
		for i, d := range x {
			lens[i] = int64(d)
		}
		t := NewInt64("", lens, len(lens))
		v.Const = &t
	}
	c.out = append(c.out, v)
	return nil
}

// open adds an output of unknown lengths, as many as the vector of input i has
// elements.
func (c *inference) open(t DataType, i int) error {
	if len(c.in[i].Dims) != 1 || c.in[i].Dims[0] > 64 {
		return c.failf("shape %v, want a vector of at most 64 lengths", c.in[i].Dims)
	}
	if c.in[i].Dims[0] < 0 {
		return &valueError{i}
	}
	return c.add(t, slices.Repeat([]int{-1}, c.in[i].Dims[0])...)
}

func inferReshape(c *inference) error {
	if c.in[1].Const == nil {
		return c.open(c.in[0].Type, 1)
	}
	want, _, err := c.args("shape", 1)
	if err != nil {
		return err
	}
	dims := make([]int, len(want))
	rest := -1
	for i, d := range want {
		switch {
		case d == 0 && c.node.Int("allowzero", 0) == 0:
			if i >= len(c.in[0].Dims) {
				return c.failf("shape %v copies axis %d of %v", want, i, c.in[0].Dims)
			}
			dims[i] = c.in[0].Dims[i]
		case d == -1 && rest < 0:
			rest, dims[i] = i, 1
		case d < 0 || d > maxElems:
			return c.failf("shape %v", want)
		default:
			dims[i] = int(d)
		}
	}
	if slices.Contains(c.in[0].Dims, -1) || slices.Contains(dims, -1) {
		if rest >= 0 {
			dims[rest] = -1
		}
		return c.add(c.in[0].Type, dims...)
	}
	n, ok := product(c.in[0].Dims)
	known, ok2 := product(dims)
	if rest >= 0 && ok && ok2 && known > 0 {
		dims[rest] = n / known
		known *= dims[rest]
	}
	if !ok || !ok2 || known != n {
		return c.failf("%v does not reshape to %v", c.in[0].Dims, want)
	}
	return c.add(c.in[0].Type, dims...)
}

func inferFlatten(c *inference) error {
	x := c.in[0].Dims
	axis := int(c.node.Int("axis", 1))
	if axis < 0 {
		axis += len(x)
	}
	if axis < 0 || axis > len(x) {
		return c.failf("axis %d out of range for rank %d", axis, len(x))
	}
	return c.add(c.in[0].Type, productOrUnknown(x[:axis]), productOrUnknown(x[axis:]))
}

func productOrUnknown(dims []int) int {
	n, ok := product(dims)
	if !ok {
		return -1
	}
	return n
}

func inferTranspose(c *inference) error {
	x := c.in[0].Dims
	perm := c.node.Ints("perm")
	if perm == nil {
		perm = allAxes(len(x))
		slices.Reverse(perm)
	}
	axes, err := c.axes(perm, len(x))
	if err != nil {
		return err
	}
	if len(axes) != len(x) {
		return c.failf("perm %v for rank %d", perm, len(x))
	}
	dims := make([]int, len(x))
	for i, a := range axes {
		dims[i] = x[a]
	}
	return c.add(c.in[0].Type, dims...)
}

func inferSqueeze(c *inference) error {
	x := c.in[0].Dims
	axes, ok, err := c.args("axes", 1)
	if err != nil {
		return err
	}
	if !ok {
		for i, d := range x {
			if d < 0 {
				return c.failf("axes are needed where lengths are unknown")
			}
			if d == 1 {
				axes = append(axes, int64(i))
			}
		}
	}
	drop, err := c.axes(axes, len(x))
	if err != nil {
		return err
	}
	dims := []int{}
	for i, d := range x {
		if !slices.Contains(drop, i) {
			dims = append(dims, d)
		} else if !same(d, 1) {
			return c.failf("axis %d has length %d, want 1", i, d)
		}
	}
	return c.add(c.in[0].Type, dims...)
}

func inferUnsqueeze(c *inference) error {
	x := c.in[0].Dims
	axes, ok, err := c.args("axes", 1)
	if err != nil {
		return err
	}
	if !ok {
		return c.failf("axes are missing")
	}
	put, err := c.axes(axes, len(x)+len(axes))
	if err != nil {
		return err
	}
	dims := make([]int, len(x)+len(put))
	for i := range dims {
		if slices.Contains(put, i) {
			dims[i] = 1
			continue
		}
		dims[i], x = x[0], x[1:]
	}
	return c.add(c.in[0].Type, dims...)
}

func inferExpand(c *inference) error {
	if c.in[1].Const == nil && len(c.in[1].Dims) == 1 && c.in[1].Dims[0] >= len(c.in[0].Dims) {
		return c.open(c.in[0].Type, 1)
	}
	want, _, err := c.args("shape", 1)
	if err != nil {
		return err
	}
	shape := make([]int, len(want))
	for i, d := range want {
		if d < 0 || d > maxElems {
			return c.failf("shape %v", want)
		}
		shape[i] = int(d)
	}
	dims, ok := Broadcast(c.in[0].Dims, shape)
	if !ok {
		return c.failf("%v does not expand to %v", c.in[0].Dims, want)
	}
	return c.add(c.in[0].Type, dims...)
}

func inferPad(c *inference) error {
	x := slices.Clone(c.in[0].Dims)
	pads, err := Pads(c.node, c.in)
	if errors.As(err, new(*valueError)) {
		return c.add(c.in[0].Type, slices.Repeat([]int{-1}, len(x))...)
	}
	if err != nil {
		return c.wrap(err)
	}
	mode := c.node.Str("mode", "constant")
	if !slices.Contains([]string{"constant", "reflect", "edge", "wrap"}, mode) {
		return c.failf("mode %q", mode)
	}
	for i, p := range pads {
		if x[i] < 0 {
			continue
		}
		if mode == "reflect" && max(p[0], p[1]) >= max(x[i], 1) || mode != "constant" && x[i] == 0 && max(p[0], p[1]) > 0 {
			return c.failf("pads %v of length %d in mode %q", p, x[i], mode)
		}
		if x[i] += p[0] + p[1]; x[i] < 0 {
			return c.failf("pads %v take more than there is", p)
		}
	}
	return c.add(c.in[0].Type, x...)
}

// Pads resolves the operands of a Pad node to the number of elements put before
// and after each axis; negative ones are taken away.
func Pads(n *Node, in []Value) ([][2]int, error) {
	rank := len(in[0].Dims)
	pads, ok, err := Args(n, in, "pads", 1)
	if err != nil {
		return nil, err
	}
	axes := allAxes(rank)
	if len(in) > 3 && in[3].given() {
		if axes, _, err = Args(n, in, "axes", 3); err != nil {
			return nil, err
		}
	}
	at, err := Axes(axes, rank)
	if err != nil {
		return nil, err
	}
	if !ok || len(pads) != 2*len(at) {
		return nil, fmt.Errorf("%d pads, want %d", len(pads), 2*len(at))
	}
	out := make([][2]int, rank)
	for i, a := range at {
		lo, hi := pads[i], pads[len(at)+i]
		if max(lo, -lo, hi, -hi) > maxElems || min(lo, hi) < -maxElems {
			return nil, fmt.Errorf("pads %v", pads)
		}
		out[a] = [2]int{int(lo), int(hi)}
	}
	return out, nil
}

func inferSplit(c *inference) error {
	x := c.in[0].Dims
	axis, err := c.axis("axis", 0, len(x))
	if err != nil {
		return err
	}
	lens, ok, err := c.args("split", 1)
	if err != nil {
		return err
	}
	parts := len(c.node.Outputs)
	if !ok && x[axis] < 0 {
		for range parts {
			c.out = append(c.out, Value{Type: c.in[0].Type, Dims: slices.Clone(x)})
		}
		return nil
	}
	if !ok {
		lens = make([]int64, parts)
		size := (x[axis] + parts - 1) / parts
		for i := range lens {
			lens[i] = int64(max(0, min(size, x[axis]-i*size)))
		}
	}
	sum := int64(0)
	for _, n := range lens {
		if n < 0 || n > maxElems {
			return c.failf("split %v", lens)
		}
		sum += n
		dims := slices.Clone(x)
		dims[axis] = int(n)
		c.out = append(c.out, Value{Type: c.in[0].Type, Dims: dims})
	}
	if !same(x[axis], int(sum)) || len(lens) != parts {
		return c.failf("split %v of length %d into %d outputs", lens, x[axis], parts)
	}
	return nil
}

// Span is one axis of a Slice: its first index, step and length.
type Span struct {
	Start int // first index
	Step  int // step, may be negative
	Len   int // number of elements, -1 when unknown
}

// Spans resolves the operands of a Slice node to one span for each axis of its
// input.
func Spans(n *Node, in []Value) ([]Span, error) {
	x := in[0].Dims
	spans := make([]Span, len(x))
	for i, d := range x {
		spans[i] = Span{Step: 1, Len: d}
	}
	starts, _, err1 := Args(n, in, "starts", 1)
	ends, _, err2 := Args(n, in, "ends", 2)
	axes, hasAxes, err3 := Args(n, in, "axes", 3)
	steps, hasSteps, err4 := Args(n, in, "steps", 4)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return nil, err
		}
	}
	if !hasAxes {
		axes = allAxes(len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || hasSteps && len(steps) != len(starts) {
		return nil, fmt.Errorf("starts %v, ends %v, axes %v, steps %v differ in length", starts, ends, axes, steps)
	}
	at, err := Axes(axes, len(x))
	if err != nil {
		return nil, err
	}
	for k, a := range at {
		step := int64(1)
		if hasSteps {
			step = steps[k]
		}
		if step == 0 || step > maxElems || step < -maxElems {
			return nil, fmt.Errorf("step %d", step)
		}
		spans[a] = span(int64(x[a]), starts[k], ends[k], step)
	}
	return spans, nil
}

// span resolves one axis of length d, which is -1 when unknown. The largest int32
// and int64 mean the end of the axis in the direction of the step, as exporters use
// them and ONNX Runtime reads them.
func span(d, start, end, step int64) Span {
	if d < 0 {
		return Span{Start: int(max(start, 0)), Step: int(step), Len: -1}
	}
	fix := func(v, lo, hi int64) int64 {
		if v < 0 {
			v = max(v, -d-1) + d
		}
		return min(max(v, lo), hi)
	}
	var n int64
	if step > 0 {
		start, end = fix(start, 0, d), fix(end, 0, d)
		n = (end - start + step - 1) / step
	} else {
		start = fix(start, 0, d-1)
		if end < -d || end == math.MaxInt64 || end == math.MaxInt32 {
			end = -1
		} else {
			end = fix(end, -1, d-1)
		}
		n = (start - end - step - 1) / -step
	}
	return Span{Start: int(max(start, 0)), Step: int(step), Len: int(max(n, 0))}
}

func inferSlice(c *inference) error {
	spans, err := Spans(c.node, c.in)
	if err != nil {
		return c.wrap(err)
	}
	dims := make([]int, len(spans))
	for i, s := range spans {
		dims[i] = s.Len
	}
	return c.add(c.in[0].Type, dims...)
}
