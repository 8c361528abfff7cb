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
	Size     int                                                 // bytes of one element
	Word     int                                                 // bytes of one scalar: half an element if it is complex
	Bytes    func(at unsafe.Pointer) int                         // of the elements
	Room     func(at unsafe.Pointer) int                         // bytes that there is room for
	CopyFrom func(dst, src unsafe.Pointer)                       // a deep copy, in the memory of dst if it suffices
	Zero     func(at unsafe.Pointer)                             // makes it the zero tensor
	Header   func(at unsafe.Pointer) (dims []int, axes []string) // lengths and one name per axis
	Shape    func(at unsafe.Pointer, dims []int, axes []string)  // a new tensor
	Resize   func(at unsafe.Pointer, dims []int)                 // the same with other lengths
	Data     func(at unsafe.Pointer) []byte                      // the elements, not copied
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
		Header: func(at unsafe.Pointer) ([]int, []string) {
			t := as(at)
			axes := make([]string, t.Rank())
			for i := range axes {
				axes[i] = t.Axis(i)
			}
			return t.Dims(), axes
		},
		Shape: func(at unsafe.Pointer, dims []int, axes []string) {
			t := tensor.Named[E](axes...)
			t.Resize(dims...)
			*as(at) = t
		},
		Resize: func(at unsafe.Pointer, dims []int) { as(at).Resize(dims...) },
		Data: func(at unsafe.Pointer) []byte {
			d := as(at).Data()
			return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(d))), len(d)*size)
		},
	}
}

// tensors is immutable after initialisation.
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
