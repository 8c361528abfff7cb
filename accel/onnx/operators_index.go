// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"slices"
)

// indices checks that input i holds integers.
func (c *inference) indices(i int) error {
	if t := c.in[i].Type; t != Int64 && t != Int32 {
		return c.failf("indices are %v, want int64 or int32", t)
	}
	return nil
}

func inferGather(c *inference) error {
	x := c.in[0].Dims
	axis, err := c.axis("axis", 0, len(x))
	if err != nil {
		return err
	}
	if err := c.indices(1); err != nil {
		return err
	}
	return c.add(c.in[0].Type, slices.Concat(x[:axis], c.in[1].Dims, x[axis+1:])...)
}

func inferGatherElements(c *inference) error {
	x, idx := c.in[0].Dims, c.in[1].Dims
	axis, err := c.axis("axis", 0, len(x))
	if err != nil {
		return err
	}
	if len(idx) != len(x) {
		return c.failf("indices %v for %v, want equal ranks", idx, x)
	}
	for i, d := range idx {
		if i != axis && d >= 0 && x[i] >= 0 && d > x[i] {
			return c.failf("indices %v are longer than %v on axis %d", idx, x, i)
		}
	}
	if err := c.indices(1); err != nil {
		return err
	}
	return c.add(c.in[0].Type, slices.Clone(idx)...)
}

func inferGatherND(c *inference) error {
	x, idx, batch := c.in[0].Dims, c.in[1].Dims, int(c.node.Int("batch_dims", 0))
	if len(x) < 1 || len(idx) < 1 || batch < 0 || batch >= min(len(x), len(idx)) {
		return c.failf("indices %v for %v with %d batch axes", idx, x, batch)
	}
	for i := range batch {
		if !same(x[i], idx[i]) {
			return c.failf("indices %v for %v differ on batch axis %d", idx, x, i)
		}
	}
	depth := idx[len(idx)-1]
	if depth < 0 {
		return &valueError{1}
	}
	if depth < 1 || batch+depth > len(x) || c.in[1].Type != Int64 {
		return c.failf("indices %v %v for %v", c.in[1].Type, idx, x)
	}
	return c.add(c.in[0].Type, slices.Concat(idx[:len(idx)-1], x[batch+depth:])...)
}

func inferScatter(c *inference) error {
	x, idx, upd := c.in[0].Dims, c.in[1].Dims, c.in[2].Dims
	axis, err := c.axis("axis", 0, len(x))
	if err != nil {
		return err
	}
	if len(idx) != len(x) || len(upd) != len(x) || c.in[2].Type != c.in[0].Type {
		return c.failf("indices %v and updates %v %v for %v %v", idx, c.in[2].Type, upd, c.in[0].Type, x)
	}
	for i, d := range idx {
		if !same(d, upd[i]) || i != axis && d >= 0 && x[i] >= 0 && d > x[i] {
			return c.failf("indices %v and updates %v for %v", idx, upd, x)
		}
	}
	if err := c.indices(1); err != nil {
		return err
	}
	return c.scattered()
}

func inferScatterND(c *inference) error {
	x, idx, upd := c.in[0].Dims, c.in[1].Dims, c.in[2].Dims
	if len(x) < 1 || len(idx) < 1 || c.in[1].Type != Int64 || c.in[2].Type != c.in[0].Type {
		return c.failf("indices %v %v and updates %v %v for %v %v", c.in[1].Type, idx, c.in[2].Type, upd, c.in[0].Type, x)
	}
	depth := idx[len(idx)-1]
	if depth < 0 {
		return inferUnary(c)
	}
	if depth < 1 || depth > len(x) {
		return c.failf("indices %v for %v", idx, x)
	}
	want := slices.Concat(idx[:len(idx)-1], x[depth:])
	if !slices.EqualFunc(want, upd, same) {
		return c.failf("updates %v, want %v", upd, want)
	}
	return c.scattered()
}

// scattered adds the output of a scatter and checks how updates are combined.
func (c *inference) scattered() error {
	if mode := c.node.Str("reduction", "none"); !slices.Contains([]string{"none", "add", "mul", "max", "min"}, mode) {
		return c.failf("reduction %q", mode)
	}
	return inferUnary(c)
}

// inferTensorScatter writes rows into a cache [batch, …, length, …].
func inferTensorScatter(c *inference) error {
	x, upd := c.in[0].Dims, c.in[1].Dims
	axis, err := c.axis("axis", -2, len(x))
	if err != nil {
		return err
	}
	if len(upd) != len(x) || axis == 0 || c.in[1].Type != c.in[0].Type {
		return c.failf("update %v for %v on axis %d", upd, x, axis)
	}
	for i := range x {
		if i == axis && upd[i] >= 0 && x[i] >= 0 && upd[i] > x[i] || i != axis && !same(x[i], upd[i]) {
			return c.failf("update %v for %v on axis %d", upd, x, axis)
		}
	}
	if c.has(2) && (c.in[2].Type != Int64 || len(c.in[2].Dims) != 1 || !same(c.in[2].Dims[0], x[0])) {
		return c.failf("write indices %v %v", c.in[2].Type, c.in[2].Dims)
	}
	if mode := c.node.Str("mode", "linear"); mode != "linear" && mode != "circular" {
		return c.failf("mode %q", mode)
	}
	return inferUnary(c)
}

func inferTopK(c *inference) error {
	dims := slices.Clone(c.in[0].Dims)
	axis, err := c.axis("axis", -1, len(dims))
	if err != nil {
		return err
	}
	k, ok, err := c.args("k", 1)
	switch {
	case errors.As(err, new(*valueError)):
		k, err = []int64{-1}, nil
	case err != nil:
		return err
	case !ok || len(k) != 1 || k[0] < 0 || dims[axis] >= 0 && k[0] > int64(dims[axis]):
		return c.failf("k is %v of length %d", k, dims[axis])
	}
	dims[axis] = int(k[0])
	c.out = []Value{{Type: c.in[0].Type, Dims: dims}, {Type: Int64, Dims: slices.Clone(dims)}}
	return err
}

func inferOneHot(c *inference) error {
	dims := slices.Clone(c.in[0].Dims)
	depth, err := c.oneHotDepth()
	if err != nil {
		return err
	}
	if len(c.in[2].Dims) != 1 || !same(c.in[2].Dims[0], 2) {
		return c.failf("values %v, want [2]", c.in[2].Dims)
	}
	axis, err := c.axis("axis", -1, len(dims)+1)
	if err != nil {
		return err
	}
	return c.add(c.in[2].Type, slices.Insert(dims, axis, depth)...)
}

// oneHotDepth returns the number of classes, -1 when it is not known.
func (c *inference) oneHotDepth() (int, error) {
	if c.in[1].Const == nil {
		return -1, nil
	}
	v, err := c.in[1].Const.scalar()
	if err != nil || !(v >= 0 && v <= maxElems) {
		return 0, c.failf("depth must be one number, not negative")
	}
	return int(v), nil
}

// inferNonZero leaves the number of elements open: it depends on all of them.
func inferNonZero(c *inference) error {
	return c.add(Int64, len(c.in[0].Dims), -1)
}

func inferCompress(c *inference) error {
	if c.in[1].Type != Bool || len(c.in[1].Dims) != 1 {
		return c.failf("condition %v %v, want a vector of bool", c.in[1].Type, c.in[1].Dims)
	}
	if c.node.Attr("axis") == nil {
		return c.add(c.in[0].Type, -1)
	}
	dims := slices.Clone(c.in[0].Dims)
	axis, err := c.axis("axis", 0, len(dims))
	if err != nil {
		return err
	}
	dims[axis] = -1
	return c.add(c.in[0].Type, dims...)
}

// inferUnique leaves the number of distinct elements open.
func inferUnique(c *inference) error {
	dims := []int{-1}
	if c.node.Attr("axis") != nil {
		dims = slices.Clone(c.in[0].Dims)
		axis, err := c.axis("axis", 0, len(dims))
		if err != nil {
			return err
		}
		dims[axis] = -1
	}
	open := func() Value { return Value{Type: Int64, Dims: []int{-1}} }
	c.out = []Value{{Type: c.in[0].Type, Dims: dims}, open(), open(), open()}
	return nil
}

func inferNonMaxSuppression(c *inference) error {
	boxes, scores := c.in[0].Dims, c.in[1].Dims
	if len(boxes) != 3 || len(scores) != 3 || !same(boxes[2], 4) || !same(boxes[0], scores[0]) || !same(boxes[1], scores[2]) {
		return c.failf("boxes %v and scores %v", boxes, scores)
	}
	return c.add(Int64, -1, 3)
}
