// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// MaxRank is the largest number of axes of a [Tensor].
const MaxRank = 6

// Float16 is an IEEE 754 binary16 value, held as its bits.
type Float16 uint16

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
	buf  *memory.Buffer
	dims [MaxRank]int
	axes []string
	rank int
}

// New returns a zeroed tensor with the given lengths. Axes name them in the
// same order; the names beyond the given ones are empty. The elements are
// 64-byte aligned. New panics with a [*ShapeError] where [Tensor.Resize] does.
func New[E Element](dims []int, axes ...string) Tensor[E] {
	t := Tensor[E]{axes: axes}
	t.Resize(dims...)
	return t
}

// Named returns an empty tensor with the given axis names and zero lengths,
// to be given its lengths by Resize.
func Named[E Element](axes ...string) Tensor[E] {
	return Tensor[E]{axes: axes, rank: len(axes)}
}

// FromSlice returns a tensor over data without copying it. It returns a
// [*ShapeError] if the lengths do not multiply to len(data). The alignment is
// that of the slice.
func FromSlice[E Element](data []E, dims []int, axes ...string) (Tensor[E], error) {
	n, ok := product(dims)
	if !ok || n != len(data) || len(dims) > MaxRank {
		return Tensor[E]{}, &ShapeError{Op: "tensor: from slice", Want: append([]int(nil), dims...), Got: []int{len(data)}}
	}
	t := Tensor[E]{data: data, axes: axes, rank: len(dims)}
	copy(t.dims[:], dims)
	return t, nil
}

// Data returns the elements in row-major order, without a copy.
func (t *Tensor[E]) Data() []E { return t.data }

// Rank returns the number of axes.
func (t *Tensor[E]) Rank() int { return t.rank }

// Dim returns the length of axis i.
func (t *Tensor[E]) Dim(i int) int { return t.dims[i] }

// Len returns the number of elements.
func (t *Tensor[E]) Len() int { return len(t.data) }

// Dims returns the lengths of all axes; the caller may keep the slice.
func (t *Tensor[E]) Dims() []int { return append([]int(nil), t.dims[:t.rank]...) }

// Axis returns the name of axis i, or "" when it has none.
func (t *Tensor[E]) Axis(i int) string {
	if i < len(t.axes) {
		return t.axes[i]
	}
	return ""
}

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
// Axis names stay. It panics with a [*ShapeError] if a length is negative, the
// rank exceeds [MaxRank] or the size overflows: those are programming errors,
// as they are for make.
func (t *Tensor[E]) Resize(dims ...int) {
	n, ok := product(dims)
	if !ok || len(dims) > MaxRank {
		panic(&ShapeError{Op: "tensor: resize", Got: append([]int(nil), dims...)})
	}
	t.rank = copy(t.dims[:], dims)
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

func (t *Tensor[E]) grow(n int) {
	var e E
	buf := memory.NewResizableBuffer(memory.DefaultAllocator)
	buf.Resize(n * int(unsafe.Sizeof(e)))
	clear(buf.Bytes())
	t.buf = buf
	t.data = unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(buf.Bytes()))), n)
}

// product multiplies lengths; it reports false on a negative length or an
// overflow of the address space.
func product(dims []int) (int, bool) {
	n := 1
	for _, d := range dims {
		if d < 0 || (d > 0 && n > (1<<46)/d) {
			return 0, false
		}
		n *= d
	}
	return n, true
}
