// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/neuroran/neuroran/internal/tensor/memory"
	"github.com/neuroran/neuroran/tensor"
)

// batch is a record batch of one row that is being written: its arrays, parents before
// children, and the buffers of each.
type batch struct {
	body    []byte
	nodes   []int64 // pairs: length and nulls
	buffers []int64 // pairs: offset and size
	spans   []span  // scratch
}

func (b *batch) reset() {
	b.body, b.nodes, b.buffers, b.spans = b.body[:0], b.nodes[:0], b.buffers[:0], b.spans[:0]
}

// array begins an array of n values, of which none is null.
func (b *batch) array(n int) {
	b.nodes = append(b.nodes, int64(n), 0)
	b.buffers = append(b.buffers, int64(len(b.body)), 0)
}

// buffer adds a buffer of n zeros, and returns it until the next one is added.
func (b *batch) buffer(n int) []byte {
	start := len(b.body)
	b.buffers = append(b.buffers, int64(start), int64(n))
	b.body = slices.Grow(b.body, roundUp(n))[:start+roundUp(n)]
	clear(b.body[start:])
	return b.body[start : start+n]
}

// offsets adds the buffer of offsets of a list whose values have the given lengths, and
// returns the sum.
func (b *batch) offsets(c *column, n int, lengths func(yield func(int))) (int, error) {
	dst, sum := b.buffer(4*(n+1)), 0
	lengths(func(length int) {
		sum += length
		if dst = dst[4:]; sum <= math.MaxInt32 {
			binary.NativeEndian.PutUint32(dst, uint32(sum))
		}
	})
	if sum > math.MaxInt32 {
		return 0, &tensor.ShapeError{Op: c.path, Got: []int{sum}}
	}
	return sum, nil
}

// gather adds the arrays of a column with the values at the given spans.
func (b *batch) gather(c *column, at []span) error {
	n := count(at)
	b.array(n)
	mark := len(b.spans)
	defer func() { b.spans = b.spans[:mark] }()
	switch c.t.Form {
	case memory.Bool:
		dst, k := b.buffer((n+7)/8), 0
		each(at, func(p unsafe.Pointer) {
			dst[k/8] |= *(*byte)(p) << (k % 8)
			k++
		})
	case memory.Int, memory.Uint, memory.Float:
		gatherNumbers(b.buffer(n*int(c.t.Size)), at, c.t.Size)
	case memory.Struct:
		for _, child := range c.children {
			b.spans = field(b.spans[:mark], at, child.offset)
			if err := b.gather(child, b.spans[mark:]); err != nil {
				return err
			}
		}
	case memory.Array, memory.Complex:
		item := c.children[0]
		b.spans = items(b.spans, at, c.num(), item.t.Size)
		return b.gather(item, b.spans[mark:])
	case memory.Slice:
		item := c.children[0]
		b.spans = elements(b.spans, at, item.t.Size)
		if _, err := b.offsets(c, n, lengthsOf(b.spans[mark:])); err != nil {
			return err
		}
		return b.gather(item, b.spans[mark:])
	case memory.String:
		return b.strings(c, n, at)
	case memory.Tensor:
		return b.tensors(c, n, at)
	}
	return nil
}

func gatherNumbers(dst []byte, at []span, size uintptr) {
	for _, s := range at {
		if s.step == size {
			dst = dst[copy(dst, s.bytes()):]
			continue
		}
		for i := range s.n {
			one := span{unsafe.Add(s.p, uintptr(i)*s.step), 1, size}
			dst = dst[copy(dst, one.bytes()):]
		}
	}
}

func lengthsOf(spans []span) func(func(int)) {
	return func(yield func(int)) {
		for _, s := range spans {
			yield(s.n)
		}
	}
}

// strings adds the buffers of strings.
func (b *batch) strings(c *column, n int, at []span) error {
	sum, err := b.offsets(c, n, func(yield func(int)) {
		each(at, func(p unsafe.Pointer) { yield(len(*(*string)(p))) })
	})
	if err != nil {
		return err
	}
	dst := b.buffer(sum)
	each(at, func(p unsafe.Pointer) { dst = dst[copy(dst, *(*string)(p)):] })
	return nil
}

// tensors adds the arrays of tensors: data, its elements, shape, and its lengths.
func (b *batch) tensors(c *column, n int, at []span) error {
	ops, per := c.t.Ops, c.scalars()
	var dims []int
	var failed error
	shapes := make([]int, 0, n)
	each(at, func(p unsafe.Pointer) {
		h := ops.Header(p)
		d := h.Dims[:h.Rank:h.Rank]
		if err := c.fits(d, h.Axes[:h.Rank]); err != nil && failed == nil {
			failed = err
		}
		if c.axes != nil && len(d) == 0 { // a tensor that nobody has given a shape
			d = make([]int, len(c.axes))
		}
		for _, k := range d {
			if k > math.MaxInt32 && failed == nil {
				failed = &tensor.ShapeError{Op: c.path, Got: d}
			}
		}
		if per == 2 {
			d = append(d, 2)
		}
		dims, shapes = append(dims, d...), append(shapes, len(d))
	})
	if failed != nil {
		return failed
	}
	b.array(n) // data
	sum, err := b.offsets(c, n, func(yield func(int)) {
		each(at, func(p unsafe.Pointer) { yield(len(ops.Data(p)) / ops.Word) })
	})
	if err != nil {
		return err
	}
	b.array(sum)
	dst := b.buffer(sum * ops.Word)
	each(at, func(p unsafe.Pointer) { dst = dst[copy(dst, ops.Data(p)):] })
	b.array(n) // shape
	if c.axes == nil {
		lengths := func(yield func(int)) {
			for _, k := range shapes {
				yield(k)
			}
		}
		if _, err := b.offsets(c, n, lengths); err != nil {
			return err
		}
	}
	b.array(len(dims))
	dst = b.buffer(4 * len(dims))
	for i, d := range dims {
		binary.NativeEndian.PutUint32(dst[4*i:], uint32(d))
	}
	return nil
}

// fits compares a tensor with its tag: rank and names of the axes.
func (c *column) fits(dims []int, axes []string) error {
	if c.axes == nil || len(dims) == 0 {
		return nil
	}
	if len(dims) != len(c.axes) {
		want := make([]int, len(c.axes))
		for i := range want {
			want[i] = -1
		}
		return &tensor.ShapeError{Op: c.path, Want: want, Got: dims}
	}
	for i, name := range axes {
		if name != "" && name != c.axes[i] {
			return &tensor.TypeError{Op: c.path, Want: "axis " + c.axes[i], Got: "axis " + name}
		}
	}
	return nil
}

func formatError(op, format string, args ...any) error {
	return fmt.Errorf("ipc: %s: %w: %s", op, ErrFormat, fmt.Sprintf(format, args...))
}
