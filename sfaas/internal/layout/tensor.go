// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"reflect"
	"unsafe"

	"github.com/neuroran/neuroran/tensor"
)

// tensorOps is what a layout does with a tensor field of one element type.
type tensorOps struct {
	bytes    func(at unsafe.Pointer) int
	room     func(at unsafe.Pointer) int
	copyFrom func(dst, src unsafe.Pointer)
	zero     func(at unsafe.Pointer)
	header   func(at unsafe.Pointer) tensorHead
	shape    func(at unsafe.Pointer, h tensorHead)
	data     func(at unsafe.Pointer) []byte
	adopt    func(at unsafe.Pointer, h tensorHead, mem []byte)
	detach   func(at unsafe.Pointer)
	size     int // bytes of one element
	word     int // bytes of one scalar: half an element if it is complex
}

func opsFor[E tensor.Element](word int) *tensorOps {
	var e E
	size := int(unsafe.Sizeof(e))
	as := func(at unsafe.Pointer) *tensor.Tensor[E] { return (*tensor.Tensor[E])(at) }
	return &tensorOps{
		bytes:    func(at unsafe.Pointer) int { return as(at).Len() * size },
		room:     func(at unsafe.Pointer) int { return cap(as(at).Data()) * size },
		copyFrom: func(dst, src unsafe.Pointer) { as(dst).CopyFrom(as(src)) },
		zero:     func(at unsafe.Pointer) { *as(at) = tensor.Tensor[E]{} },
		header: func(at unsafe.Pointer) (h tensorHead) {
			t := as(at)
			h.rank = t.Rank()
			for i := range h.rank {
				h.dims[i], h.axes[i] = t.Dim(i), t.Axis(i)
			}
			return h
		},
		shape: func(at unsafe.Pointer, h tensorHead) {
			t := as(at)
			for i := range h.rank {
				if t.Rank() != h.rank || t.Axis(i) != h.axes[i] {
					*t = tensor.Named[E](h.axes[:h.rank]...)
					break
				}
			}
			t.Resize(h.dims[:h.rank]...)
		},
		adopt: func(at unsafe.Pointer, h tensorHead, mem []byte) {
			t := as(at)
			for i := range h.rank {
				if t.Rank() != h.rank || t.Axis(i) != h.axes[i] {
					*t = tensor.Named[E](h.axes[:h.rank]...)
					break
				}
			}
			data := unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(mem))), len(mem)/size)
			if err := t.Wrap(data, h.dims[:h.rank]...); err != nil {
				panic(err) // the lengths have been multiplied
			}
		},
		detach: func(at unsafe.Pointer) {
			t, none := as(at), [tensor.MaxRank]int{}
			if t.Rank() == 0 || t.Wrap(nil, none[:t.Rank()]...) != nil {
				*t = tensor.Tensor[E]{}
			}
		},
		data: func(at unsafe.Pointer) []byte {
			d := as(at).Data()
			return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(d))), len(d)*size)
		},
		size: size,
		word: word,
	}
}

// tensorHead is the form of a tensor. It is passed by value, so that nothing is
// allocated for it.
type tensorHead struct {
	rank int
	dims [tensor.MaxRank]int
	axes [tensor.MaxRank]string
}

// tensorTypes is immutable after initialisation.
var tensorTypes = map[reflect.Type]*tensorOps{
	reflect.TypeFor[tensor.Tensor[int8]]():           opsFor[int8](1),
	reflect.TypeFor[tensor.Tensor[int16]]():          opsFor[int16](2),
	reflect.TypeFor[tensor.Tensor[int32]]():          opsFor[int32](4),
	reflect.TypeFor[tensor.Tensor[int64]]():          opsFor[int64](8),
	reflect.TypeFor[tensor.Tensor[uint8]]():          opsFor[uint8](1),
	reflect.TypeFor[tensor.Tensor[uint16]]():         opsFor[uint16](2),
	reflect.TypeFor[tensor.Tensor[uint32]]():         opsFor[uint32](4),
	reflect.TypeFor[tensor.Tensor[uint64]]():         opsFor[uint64](8),
	reflect.TypeFor[tensor.Tensor[tensor.Float16]](): opsFor[tensor.Float16](2),
	reflect.TypeFor[tensor.Tensor[float32]]():        opsFor[float32](4),
	reflect.TypeFor[tensor.Tensor[float64]]():        opsFor[float64](8),
	reflect.TypeFor[tensor.Tensor[complex64]]():      opsFor[complex64](4),
}

// tensorOpsOf returns the operations of a tensor type, nil for other types.
func tensorOpsOf(t reflect.Type) *tensorOps { return tensorTypes[t] }
