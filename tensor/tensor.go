// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// MaxRank is the largest number of axes of a [Tensor].
const MaxRank = 6

// Alignment is the alignment in bytes of what the package allocates.
const Alignment = 64

// Element lists the element types of a [Tensor].
type Element interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		Float16 | float32 | float64 | complex64
}

// Tensor is a dense, row-major array with named axes over one Arrow buffer.
//
// The zero value is an empty tensor without axes; [Tensor.Resize] gives it a
// shape. Copying a Tensor copies the header only: both copies see the same
// elements until one of them grows. Methods that read may be called
// concurrently; Resize and writes through Data may not.
type Tensor[E Element] struct {
	data []E
	header
}

// header is the part of a tensor that does not depend on its element.
type header struct {
	buf  *memory.Buffer // owner of data; nil when data is a caller's slice
	dims [MaxRank]int
	axes []string
	rank int
}

// New returns a zeroed tensor with the given lengths. Axes name them in the
// same order; the names beyond the given ones are empty. The elements are
// 64-byte aligned. New panics with a [*ShapeError] where [Tensor.Resize] does.
func New[E Element](dims []int, axes ...string) Tensor[E] {
	t := Tensor[E]{header: header{axes: slices.Clone(axes)}}
	t.Resize(dims...)
	return t
}

// Named returns an empty tensor with the given axis names and zero lengths,
// to be given its lengths by Resize. It panics with a [*ShapeError] for more
// than [MaxRank] names.
func Named[E Element](axes ...string) Tensor[E] {
	if len(axes) > MaxRank {
		panic(&ShapeError{Op: "tensor: named: axes", Want: []int{MaxRank}, Got: []int{len(axes)}})
	}
	return Tensor[E]{header: header{axes: slices.Clone(axes), rank: len(axes)}}
}

// FromSlice returns a tensor over data without copying it. It returns a
// [*ShapeError] if the lengths do not multiply to len(data). The alignment is
// that of the slice.
func FromSlice[E Element](data []E, dims []int, axes ...string) (Tensor[E], error) {
	n, ok := product(dims)
	if !ok || n != len(data) || len(dims) > MaxRank {
		return Tensor[E]{}, &ShapeError{Op: "tensor: from slice", Want: slices.Clone(dims), Got: []int{len(data)}}
	}
	t := Tensor[E]{data: data, header: header{axes: slices.Clone(axes), rank: len(dims)}}
	copy(t.dims[:], dims)
	return t, nil
}

// Wrap lets the tensor lie over data without copying it: its lengths become dims, its
// axes keep their names. It returns a [*ShapeError], and changes nothing, if the lengths
// do not multiply to len(data). It does not allocate.
func (t *Tensor[E]) Wrap(data []E, dims ...int) error {
	n, ok := product(dims)
	if !ok || n != len(data) || len(dims) > MaxRank {
		return &ShapeError{Op: "tensor: wrap", Want: slices.Clone(dims), Got: []int{len(data)}}
	}
	clear(t.dims[copy(t.dims[:], dims):])
	t.data, t.buf, t.rank = data[:n:n], nil, len(dims)
	return nil
}

// Data returns the elements in row-major order, without a copy.
func (t *Tensor[E]) Data() []E { return t.data }

// Rank returns the number of axes.
func (t *Tensor[E]) Rank() int { return t.rank }

// Dim returns the length of axis i, and 0 for an axis that the tensor lacks.
// It panics if i is not in [0, MaxRank).
func (t *Tensor[E]) Dim(i int) int { return t.dims[i] }

// Len returns the number of elements.
func (t *Tensor[E]) Len() int { return len(t.data) }

// Dims returns the lengths of all axes; the caller may keep the slice.
func (t *Tensor[E]) Dims() []int { return append([]int(nil), t.dims[:t.rank]...) }

// Axis returns the name of axis i, or "" when it has none.
func (t *Tensor[E]) Axis(i int) string { return t.axis(i) }

// Kind returns the element kind.
func (t *Tensor[E]) Kind() Kind { return KindOf[E]() }

// Row returns the elements below the given leading indices, without a copy:
// Row(r, l) of a tensor [rx, symbol, subcarrier] is the subcarriers of antenna
// r, symbol l. It panics if an index is out of range, as a slice does.
func (t *Tensor[E]) Row(idx ...int) []E {
	off, size := 0, len(t.data)
	for i, x := range idx {
		d := t.dims[i]
		if uint(x) >= uint(d) {
			panic(&ShapeError{Op: "tensor: row index", Want: []int{d}, Got: []int{x}})
		}
		size /= d
		off += x * size
	}
	return t.data[off : off+size : off+size]
}

// Resize gives the tensor new lengths. It keeps the capacity and allocates
// only on growth; the elements are then zero, otherwise they are unspecified.
// Axis names stay. Without lengths the tensor is empty: a number alone is a
// field, not a tensor. It panics with a [*ShapeError] if a length is negative, the
// rank exceeds [MaxRank] or the size overflows: those are programming errors,
// as they are for make.
func (t *Tensor[E]) Resize(dims ...int) {
	n, ok := product(dims)
	if !ok || len(dims) > MaxRank {
		panic(&ShapeError{Op: "tensor: resize", Got: slices.Clone(dims)})
	}
	clear(t.dims[copy(t.dims[:], dims):])
	t.rank = len(dims)
	if n > cap(t.data) {
		t.grow(n)
	}
	t.data = t.data[:n]
}

// CopyFrom makes t a copy of src, with its lengths and axis names. It
// allocates only on growth.
func (t *Tensor[E]) CopyFrom(src *Tensor[E]) {
	t.Resize(src.dims[:src.rank]...)
	t.axes = src.axes
	copy(t.data, src.data)
}

// Clear sets every element to zero.
func (t *Tensor[E]) Clear() { clear(t.data) }

// Equal reports whether both tensors have the same lengths, axis names and
// elements. NaN differs from itself, as in Go.
func (t Tensor[E]) Equal(u Tensor[E]) bool {
	if t.rank != u.rank || t.dims != u.dims {
		return false
	}
	for i := range t.rank {
		if t.Axis(i) != u.Axis(i) {
			return false
		}
	}
	return slices.Equal(t.data, u.data)
}

// String returns the element type and the lengths, such as
// "complex64[rx=2 symbol=14 subcarrier=288]".
func (t Tensor[E]) String() string {
	var b strings.Builder
	b.WriteString(t.Kind().String())
	b.WriteByte('[')
	for i := range t.rank {
		if i > 0 {
			b.WriteByte(' ')
		}
		if name := t.Axis(i); name != "" {
			b.WriteString(name + "=")
		}
		b.WriteString(strconv.Itoa(t.dims[i]))
	}
	b.WriteByte(']')
	return b.String()
}

func (t *Tensor[E]) grow(n int) {
	var e E
	t.buf = newBuffer(n * int(unsafe.Sizeof(e)))
	t.data = unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(t.buf.Bytes()))), n)
}

// newBuffer returns a zeroed, aligned buffer.
func newBuffer(size int) *memory.Buffer {
	buf := memory.NewResizableBuffer(memory.DefaultAllocator)
	buf.Resize(size)
	clear(buf.Bytes())
	return buf
}

func (h *header) axis(i int) string {
	if i < len(h.axes) {
		return h.axes[i]
	}
	return ""
}

// product multiplies lengths, and is 0 for none; it reports false on a negative
// length or an overflow of the address space.
func product(dims []int) (int, bool) {
	if len(dims) == 0 {
		return 0, true
	}
	n := 1
	for _, d := range dims {
		if d < 0 || (d > 0 && n > (1<<46)/d) {
			return 0, false
		}
		n *= d
	}
	return n, true
}
