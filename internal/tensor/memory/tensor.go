// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"reflect"
	"unsafe"

	"github.com/neuroran/neuroran/tensor"
)

// Ops is what can be done with a tensor whose element is known at run time. At points
// to a Tensor of that element.
type Ops struct {
	Kind     tensor.Kind
	Size     int                                         // bytes of one element
	Word     int                                         // bytes of one scalar: half an element if it is complex
	Bytes    func(at unsafe.Pointer) int                 // of the elements
	Room     func(at unsafe.Pointer) int                 // bytes that there is room for
	CopyFrom func(dst, src unsafe.Pointer)               // a deep copy, in the memory of dst if it suffices
	Zero     func(at unsafe.Pointer)                     // makes it the zero tensor
	Header   func(at unsafe.Pointer) Head                // lengths and names
	Shape    func(at unsafe.Pointer, h Head)             // gives it these; its memory stays in use where the names are the same
	Adopt    func(at unsafe.Pointer, h Head, mem []byte) // the same over memory that fits it, without a copy
	Detach   func(at unsafe.Pointer)                     // empties it, and lets go of its memory
	Data     func(at unsafe.Pointer) []byte              // the elements, not copied
}

// Head is the shape of a tensor. It is a plain value, so that nothing is allocated for
// it.
type Head struct {
	Rank int                    // axes
	Dims [tensor.MaxRank]int    // their lengths
	Axes [tensor.MaxRank]string // their names
}

func opsFor[E tensor.Element](word int) *Ops {
	var e E
	size := int(unsafe.Sizeof(e))
	as := func(at unsafe.Pointer) *tensor.Tensor[E] { return (*tensor.Tensor[E])(at) }
	return &Ops{
		Kind:     tensor.KindOf[E](),
		Size:     size,
		Word:     word,
		Bytes:    func(at unsafe.Pointer) int { return as(at).Len() * size },
		Room:     func(at unsafe.Pointer) int { return cap(as(at).Data()) * size },
		CopyFrom: func(dst, src unsafe.Pointer) { as(dst).CopyFrom(as(src)) },
		Zero:     func(at unsafe.Pointer) { *as(at) = tensor.Tensor[E]{} },
		Header: func(at unsafe.Pointer) (h Head) {
			t := as(at)
			h.Rank = t.Rank()
			for i := range h.Rank {
				h.Dims[i], h.Axes[i] = t.Dim(i), t.Axis(i)
			}
			return h
		},
		Shape: func(at unsafe.Pointer, h Head) {
			t := as(at)
			for i := range h.Rank {
				if t.Rank() != h.Rank || t.Axis(i) != h.Axes[i] {
					*t = tensor.Named[E](h.Axes[:h.Rank]...)
					break
				}
			}
			t.Resize(h.Dims[:h.Rank]...)
		},
		Adopt: func(at unsafe.Pointer, h Head, mem []byte) {
			t := as(at)
			for i := range h.Rank {
				if t.Rank() != h.Rank || t.Axis(i) != h.Axes[i] {
					*t = tensor.Named[E](h.Axes[:h.Rank]...)
					break
				}
			}
			data := unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(mem))), len(mem)/size)
			if err := t.Wrap(data, h.Dims[:h.Rank]...); err != nil {
				panic(err) // the lengths have been multiplied
			}
		},
		Detach: func(at unsafe.Pointer) {
			t, none := as(at), [tensor.MaxRank]int{}
			if t.Rank() == 0 || t.Wrap(nil, none[:t.Rank()]...) != nil {
				*t = tensor.Tensor[E]{}
			}
		},
		Data: func(at unsafe.Pointer) []byte {
			d := as(at).Data()
			return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(d))), len(d)*size)
		},
	}
}

// tensors is immutable after initialization.
var tensors = map[reflect.Type]*Ops{
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

// opsOf returns the operations of a tensor type, nil for other types.
func opsOf(t reflect.Type) *Ops { return tensors[t] }
