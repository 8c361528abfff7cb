// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// iqAxis names the trailing axis of 2 that stands for a complex element.
const iqAxis = "iq"

// Arrow returns the tensor as an Arrow array of one row over the same memory.
// The array's type is [*FixedShapeTensorType]; complex64 elements are float32
// with a trailing axis "iq" of 2. Writes through Data are seen by the array,
// and growth by Resize ends the sharing.
//
// It returns a [*ShapeError] for a tensor without elements, which Arrow's Go
// arrays cannot hold, or with more than 2³¹−1 of them. It allocates the array's
// headers only.
func (t *Tensor[E]) Arrow() (*FixedShapeTensorArray, error) {
	k := t.Kind()
	shape, axes := slices.Clone(t.dims[:t.rank]), t.axisNames()
	if k == KindComplex64 {
		shape = append(shape, 2)
		if axes != nil {
			axes = append(axes, iqAxis)
		}
	}
	if len(t.data) == 0 {
		return nil, &ShapeError{Op: "tensor: arrow", Got: shape}
	}
	typ, err := NewFixedShapeTensorType(kinds[k].arrow, shape, axes)
	if err != nil {
		return nil, err
	}
	n, _ := product(shape)
	values := array.NewData(typ.elem, n, []*memory.Buffer{nil, t.buffer()}, nil, 0, 0)
	defer values.Release()
	row := array.NewData(typ, 1, []*memory.Buffer{nil}, []arrow.ArrayData{values}, 0, 0)
	defer row.Release()
	return array.NewExtensionData(row).(*FixedShapeTensorArray), nil
}

// FromArrow returns row i of an Arrow array as a tensor over the same memory.
// The array is a [*FixedShapeTensorArray], or a primitive array, whose values
// are then one tensor of rank 1 (i must be 0). A complex64 tensor is read from
// float32 with a last axis of 2.
//
// It returns a [*TypeError] if the array has another type, a [*ShapeError] if
// row, rank or lengths do not fit, and [ErrUnaligned] if the memory cannot be
// used in place. The tensor keeps memory of Go's allocator alive; for any other
// allocator the array must outlive the tensor.
func FromArrow[E Element](arr arrow.Array, i int) (Tensor[E], error) {
	const op = "tensor: from arrow"
	var t Tensor[E]
	k := KindOf[E]()
	values, shape, axes, err := rowOf(arr, i)
	if err != nil {
		return t, err
	}
	defer values.Release()
	if !arrow.TypeEqual(values.DataType(), kinds[k].arrow) {
		return t, &TypeError{Op: op, Want: fmt.Sprintf("%s (%s)", kinds[k].arrow, k), Got: values.DataType().String()}
	}
	if values.NullN() > 0 {
		return t, &TypeError{Op: op, Want: "values without nulls", Got: fmt.Sprintf("%d nulls", values.NullN())}
	}
	offset := values.Data().Offset() * kinds[k].arrow.(arrow.FixedWidthDataType).Bytes()
	if k == KindComplex64 {
		if shape, axes, err = dropIQ(op, shape, axes); err != nil {
			return t, err
		}
	}
	n, _ := product(shape)
	if len(shape) > MaxRank {
		return t, &ShapeError{Op: op, Got: shape}
	}
	buf := values.Data().Buffers()[1]
	if n > 0 && (buf == nil || buf.Len() < offset+n*k.Size()) {
		return t, formatError("from arrow", "buffer is shorter than %v %s", shape, k)
	}
	t.header = header{buf: buf, axes: axes, rank: len(shape)}
	copy(t.dims[:], shape)
	if n == 0 {
		return t, nil
	}
	p := unsafe.Pointer(unsafe.SliceData(buf.Bytes()[offset:]))
	if !aligned(p, k) {
		return t, fmt.Errorf("tensor: from arrow: %w", ErrUnaligned)
	}
	t.data = unsafe.Slice((*E)(p), n)
	return t, nil
}

// rowOf returns the values of row i of a tensor column, to be released, and
// their shape.
func rowOf(arr arrow.Array, i int) (values arrow.Array, shape []int, axes []string, err error) {
	const op = "tensor: from arrow: row"
	ext, ok := arr.(array.ExtensionArray)
	if !ok {
		if i != 0 {
			return nil, nil, nil, &ShapeError{Op: op, Want: []int{0}, Got: []int{i}}
		}
		if _, ok := arr.DataType().(arrow.FixedWidthDataType); !ok || len(arr.Data().Buffers()) != 2 {
			return nil, nil, nil, &TypeError{Op: "tensor: from arrow", Want: extensionName, Got: arr.DataType().String()}
		}
		arr.Retain()
		return arr, []int{arr.Len()}, nil, nil
	}
	typ, ok := ext.ExtensionType().(*FixedShapeTensorType)
	if !ok {
		return nil, nil, nil, &TypeError{Op: "tensor: from arrow", Want: extensionName, Got: arr.DataType().String()}
	}
	if i < 0 || i >= arr.Len() {
		return nil, nil, nil, &ShapeError{Op: op, Want: []int{arr.Len()}, Got: []int{i}}
	}
	list := ext.Storage().(*array.FixedSizeList)
	if list.IsNull(i) {
		return nil, nil, nil, &TypeError{Op: op, Want: "a tensor", Got: "null"}
	}
	start, end := list.ValueOffsets(i)
	return array.NewSlice(list.ListValues(), start, end), typ.shape, typ.axes, nil
}

// dropIQ takes the trailing axis of 2 off a complex tensor stored as float32;
// a plain array of float32 holds pairs.
func dropIQ(op string, shape []int, axes []string) ([]int, []string, error) {
	last := len(shape) - 1
	switch {
	case last == 0 && shape[0]%2 == 0:
		return []int{shape[0] / 2}, nil, nil
	case last < 1 || shape[last] != 2:
		return nil, nil, &ShapeError{Op: op + ": complex64", Want: []int{-1, 2}, Got: shape}
	case len(axes) > last:
		axes = axes[:last:last]
	}
	return shape[:last:last], axes, nil
}

// buffer returns an Arrow buffer of exactly the elements.
func (t *Tensor[E]) buffer() *memory.Buffer {
	data := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(t.data))), len(t.data)*t.Kind().Size())
	if t.buf != nil && t.buf.Len() == len(data) {
		return t.buf
	}
	return memory.NewBufferBytes(data)
}

// axisNames returns one name an axis, or nil when no axis has one.
func (h *header) axisNames() []string {
	named := false
	names := make([]string, h.rank)
	for i := range names {
		names[i] = h.axis(i)
		named = named || names[i] != ""
	}
	if !named {
		return nil
	}
	return names
}

// aligned reports whether p suits elements of kind k; a complex64 needs the
// alignment of its float32.
func aligned(p unsafe.Pointer, k Kind) bool {
	size := uintptr(k.Size())
	if k == KindComplex64 {
		size = 4
	}
	return uintptr(p)%size == 0
}
