// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"unsafe"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// Buffer is the memory behind one input or output: typed, dense, row-major. It
// refers to the memory, it does not copy it.
type Buffer struct {
	typ  onnx.DataType
	dims []int
	data unsafe.Pointer
	len  int
}

// Of returns the memory that t has now; a complex64 tensor is a float32 buffer
// with one more axis of 2 (I, Q), byte for byte the same.
func Of[E tensor.Element](t *tensor.Tensor[E]) Buffer { return From(t.Data(), t.Dims()...) }

// From returns the memory of a slice under the given lengths, whose product
// must be len(data): [Session.Bind] checks it. For complex64 see [Of].
func From[E tensor.Element](data []E, dims ...int) Buffer {
	b := Buffer{typ: typeOf[E](), dims: dims, data: unsafe.Pointer(unsafe.SliceData(data)), len: len(data)}
	if b.typ == onnx.Complex64 {
		b.typ, b.len = onnx.Float32, 2*b.len
		b.dims = append(append(make([]int, 0, len(dims)+1), dims...), 2)
	}
	return b
}

// Bools returns the memory of a slice of bools, as From. A port of type bool also
// takes a buffer of uint8 with values 0 and 1.
func Bools(data []bool, dims ...int) Buffer {
	return Buffer{typ: onnx.Bool, dims: dims, data: unsafe.Pointer(unsafe.SliceData(data)), len: len(data)}
}

// rows returns the first n of the rows along axis 0.
func (b Buffer) rows(n int) Buffer {
	c := b
	c.dims = append([]int{n}, b.dims[1:]...)
	c.len = b.len / max(b.dims[0], 1) * n
	return c
}

// Type returns the element type.
func (b Buffer) Type() onnx.DataType { return b.typ }

// Dims returns the lengths; the caller must not change them.
func (b Buffer) Dims() []int { return b.dims }

func (b Buffer) backend() backend.Buffer {
	return backend.Buffer{Type: b.typ, Dims: b.dims, Data: b.data, Len: b.len}
}

// overlaps reports whether two buffers share memory.
func (b Buffer) overlaps(c Buffer) bool {
	b0, c0 := uintptr(b.data), uintptr(c.data)
	return b0 < c0+uintptr(c.len*c.typ.Size()) && c0 < b0+uintptr(b.len*b.typ.Size())
}

func typeOf[E tensor.Element]() onnx.DataType {
	var e E
	switch any(e).(type) {
	case int8:
		return onnx.Int8
	case int16:
		return onnx.Int16
	case int32:
		return onnx.Int32
	case int64:
		return onnx.Int64
	case uint8:
		return onnx.Uint8
	case uint16:
		return onnx.Uint16
	case uint32:
		return onnx.Uint32
	case uint64:
		return onnx.Uint64
	case tensor.Float16:
		return onnx.Float16
	case float32:
		return onnx.Float32
	case float64:
		return onnx.Float64
	default:
		return onnx.Complex64
	}
}
