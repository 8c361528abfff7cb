// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/neuroran/neuroran/internal/tensor/memory"
	"github.com/neuroran/neuroran/tensor"
)

// maxEmpty bounds the elements of a slice that take no room in a file.
const maxEmpty = 1 << 16

// arrays reads the arrays of a record batch, one after the other, none of which is
// trusted.
type arrays struct {
	meta           *flatReader
	nodes, buffers flatVector
	body           []byte
	spans          []span // scratch
	dims           []int  // scratch
}

// array goes to the next array and checks that it has n values and none is null.
func (a *arrays) array(c *column, n int) error {
	if a.nodes.len == 0 {
		return formatError("read", "%s: an array is missing", c.path)
	}
	length, nulls := a.meta.i64(a.nodes.pos), a.meta.i64(a.nodes.pos+8)
	a.nodes = flatVector{a.nodes.pos + 16, a.nodes.len - 1}
	if length != int64(n) || nulls != 0 {
		return formatError("read", "%s: %d values with %d nulls, want %d", c.path, length, nulls, n)
	}
	_, err := a.buffer(c, 0) // the bitmap says nothing where nothing is null
	return err
}

// buffer goes to the next buffer and returns its first n bytes.
func (a *arrays) buffer(c *column, n int) ([]byte, error) {
	if a.buffers.len == 0 {
		return nil, formatError("read", "%s: a buffer is missing", c.path)
	}
	off, size := a.meta.i64(a.buffers.pos), a.meta.i64(a.buffers.pos+8)
	a.buffers = flatVector{a.buffers.pos + 16, a.buffers.len - 1}
	if off < 0 || size < int64(n) || off > int64(len(a.body)) || size > int64(len(a.body))-off {
		return nil, formatError("read", "%s: %d bytes at %d of %d, want %d", c.path, size, off, len(a.body), n)
	}
	return a.body[off : off+int64(n)], nil
}

// offsets goes to the next buffer, which holds the offsets of n lists, and calls f with
// the length of each. It returns the sum.
func (a *arrays) offsets(c *column, n int, f func(length int)) (int, error) {
	if n == 0 {
		_, err := a.buffer(c, 0) // may be left out
		return 0, err
	}
	b, err := a.buffer(c, 4*(n+1))
	if err != nil {
		return 0, err
	}
	at := func(i int) int { return int(int32(binary.NativeEndian.Uint32(b[4*i:]))) }
	if at(0) != 0 {
		return 0, formatError("read", "%s: the offsets begin at %d", c.path, at(0))
	}
	for i := range n {
		length := at(i+1) - at(i)
		if length < 0 {
			return 0, formatError("read", "%s: the offsets fall", c.path)
		}
		f(length)
	}
	return at(n), nil
}

// scatter reads the arrays of a column into the values at the given spans.
func (a *arrays) scatter(c *column, to []span) error {
	n := count(to)
	if err := a.array(c, n); err != nil {
		return err
	}
	mark := len(a.spans)
	defer func() { a.spans = a.spans[:mark] }()
	switch c.t.Form {
	case memory.Bool:
		b, err := a.buffer(c, (n+7)/8)
		if err != nil {
			return err
		}
		k := 0
		each(to, func(p unsafe.Pointer) {
			*(*byte)(p) = b[k/8] >> (k % 8) & 1
			k++
		})
	case memory.Int, memory.Uint, memory.Float:
		b, err := a.buffer(c, n*int(c.t.Size))
		if err != nil {
			return err
		}
		scatterNumbers(to, b, c.t.Size)
	case memory.Struct:
		for _, child := range c.children {
			a.spans = field(a.spans[:mark], to, child.offset)
			if err := a.scatter(child, a.spans[mark:]); err != nil {
				return err
			}
		}
	case memory.Array, memory.Complex:
		item := c.children[0]
		a.spans = items(a.spans, to, c.num(), item.t.Size)
		return a.scatter(item, a.spans[mark:])
	case memory.Slice:
		if err := a.resize(c, n, to); err != nil {
			return err
		}
		item := c.children[0]
		a.spans = elements(a.spans, to, item.t.Size)
		return a.scatter(item, a.spans[mark:])
	case memory.String:
		return a.strings(c, n, to)
	case memory.Tensor:
		return a.tensors(c, n, to)
	}
	return nil
}

func scatterNumbers(to []span, b []byte, size uintptr) {
	for _, s := range to {
		if s.step == size {
			b = b[copy(s.bytes(), b):]
			continue
		}
		for i := range s.n {
			one := span{unsafe.Add(s.p, uintptr(i)*s.step), 1, size}
			b = b[copy(one.bytes(), b):]
		}
	}
}

// lengths returns those of n lists in scratch memory, and checks that a body of this
// size can hold elements that take so many bits.
func (a *arrays) lengths(c *column, n, bits int) ([]int, error) {
	a.dims = a.dims[:0]
	sum, err := a.offsets(c, n, func(length int) { a.dims = append(a.dims, length) })
	if err != nil {
		return nil, err
	}
	if bits == 0 && sum > maxEmpty || bits > 0 && sum > 8*len(a.body)/bits {
		return nil, formatError("read", "%s: %d elements in %d bytes", c.path, sum, len(a.body))
	}
	return a.dims, nil
}

// resize gives slices the lengths that the offsets say.
func (a *arrays) resize(c *column, n int, to []span) error {
	lengths, err := a.lengths(c, n, c.children[0].least)
	if err != nil {
		return err
	}
	each(to, func(p unsafe.Pointer) {
		c.t.Resize(p, lengths[0])
		lengths = lengths[1:]
	})
	return nil
}

// strings reads the buffers of strings, of which it makes copies.
func (a *arrays) strings(c *column, n int, to []span) error {
	lengths, err := a.lengths(c, n, 8)
	if err != nil {
		return err
	}
	sum := 0
	for _, k := range lengths {
		sum += k
	}
	b, err := a.buffer(c, sum)
	if err != nil {
		return err
	}
	each(to, func(p unsafe.Pointer) {
		*(*string)(p), b, lengths = string(b[:lengths[0]]), b[lengths[0]:], lengths[1:]
	})
	return nil
}

// tensors reads the arrays of tensors: data, its elements, shape, and its lengths.
func (a *arrays) tensors(c *column, n int, to []span) error {
	ops := c.t.Ops
	if err := a.array(c, n); err != nil { // data
		return err
	}
	scratch, err := a.lengths(c, n, 8*ops.Word)
	if err != nil {
		return err
	}
	lengths, sum := append([]int(nil), scratch...), 0
	for _, k := range lengths {
		sum += k
	}
	if err := a.array(c, sum); err != nil {
		return err
	}
	data, err := a.buffer(c, sum*ops.Word)
	if err != nil {
		return err
	}
	if err := a.array(c, n); err != nil { // shape
		return err
	}
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = c.dims()
	}
	if c.axes == nil {
		if scratch, err = a.lengths(c, n, 32); err != nil {
			return err
		}
		copy(ranks, scratch)
	}
	total := 0
	for _, k := range ranks {
		total += k
	}
	if err := a.array(c, total); err != nil {
		return err
	}
	shape, err := a.buffer(c, 4*total)
	if err != nil {
		return err
	}
	var failed error
	each(to, func(p unsafe.Pointer) {
		if failed == nil {
			failed = a.shape(c, p, shape[:4*ranks[0]], data[:lengths[0]*ops.Word])
		}
		shape, data = shape[4*ranks[0]:], data[lengths[0]*ops.Word:]
		ranks, lengths = ranks[1:], lengths[1:]
	})
	return failed
}

// shape gives a tensor its lengths, which must be those of its elements, and its
// elements.
func (a *arrays) shape(c *column, p unsafe.Pointer, shape, data []byte) error {
	a.dims = a.dims[:0]
	elements := 1
	for ; len(shape) > 0; shape = shape[4:] {
		d := int(int32(binary.NativeEndian.Uint32(shape)))
		if a.dims = append(a.dims, d); d < 0 || d > 0 && elements > math.MaxInt32/d {
			return &tensor.ShapeError{Op: c.path, Got: append([]int(nil), a.dims...)}
		}
		elements *= d
	}
	dims := a.dims
	if c.scalars() == 2 && len(dims) > 0 {
		if dims[len(dims)-1] != 2 {
			return &tensor.ShapeError{Op: c.path + ": complex64", Want: []int{-1, 2}, Got: append([]int(nil), dims...)}
		}
		dims = dims[:len(dims)-1]
	}
	if len(dims) == 0 {
		elements = 0
	}
	if len(dims) > tensor.MaxRank || elements != len(data)/c.t.Ops.Word {
		return &tensor.ShapeError{Op: c.path, Want: []int{len(data) / c.t.Ops.Word}, Got: append([]int(nil), a.dims...)}
	}
	h := c.t.Ops.Header(p) // names stay where no tag says others
	if h.Rank != len(dims) {
		h = memory.Head{Rank: len(dims)}
	}
	copy(h.Dims[:], dims)
	copy(h.Axes[:], c.axes)
	c.t.Ops.Shape(p, h)
	copy(c.t.Ops.Data(p), data)
	return nil
}
