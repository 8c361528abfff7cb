// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/float16"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
)

func TestArrowSharesMemoryBothWays(t *testing.T) {
	t.Run("int8", testArrow[int8])
	t.Run("int16", testArrow[int16])
	t.Run("int32", testArrow[int32])
	t.Run("int64", testArrow[int64])
	t.Run("uint8", testArrow[uint8])
	t.Run("uint16", testArrow[uint16])
	t.Run("uint32", testArrow[uint32])
	t.Run("uint64", testArrow[uint64])
	t.Run("float16", testArrow[Float16])
	t.Run("float32", testArrow[float32])
	t.Run("float64", testArrow[float64])
	t.Run("complex64", testArrow[complex64])
}

func testArrow[E Element](t *testing.T) {
	x := New[E]([]int{2, 3, 4}, "rx", "symbol", "subcarrier")
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&x.Data()[0])), x.Len()*x.Kind().Size())
	for i := range raw {
		raw[i] = byte(i % 60)
	}
	arr, err := x.Arrow()
	if err != nil {
		t.Fatal(err)
	}
	values := arr.Storage().(*array.FixedSizeList).ListValues()
	if got := unsafe.Pointer(&values.Data().Buffers()[1].Bytes()[0]); got != unsafe.Pointer(&x.Data()[0]) {
		t.Error("Arrow copied the elements")
	}
	y, err := FromArrow[E](arr, 0)
	if err != nil {
		t.Fatal(err)
	}
	if &y.Data()[0] != &x.Data()[0] {
		t.Error("FromArrow copied the elements")
	}
	if diff := cmp.Diff(x, y); diff != "" {
		t.Error(diff)
	}
	x.Resize(2, 3, 2) // fewer elements than the buffer has
	if arr, err = x.Arrow(); err != nil {
		t.Fatal(err)
	}
	if y, err = FromArrow[E](arr, 0); err != nil || !y.Equal(x) {
		t.Errorf("after Resize: got %v, error %v", y, err)
	}
}

func TestArrowValues(t *testing.T) {
	x, err := FromSlice([]complex64{1 + 2i, 3 + 4i}, []int{2}, "sample")
	if err != nil {
		t.Fatal(err)
	}
	arr, err := x.Arrow()
	if err != nil {
		t.Fatal(err)
	}
	typ := arr.ExtensionType().(*FixedShapeTensorType)
	if diff := cmp.Diff([]int{2, 2}, typ.Shape()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"sample", "iq"}, typ.Axes()); diff != "" {
		t.Error(diff)
	}
	values := arr.Storage().(*array.FixedSizeList).ListValues().(*array.Float32).Float32Values()
	if diff := cmp.Diff([]float32{1, 2, 3, 4}, values); diff != "" {
		t.Error(diff)
	}
	if got, want := typ.Serialize(), `{"shape":[2,2],"dim_names":["sample","iq"]}`; got != want {
		t.Errorf("metadata %s, want %s", got, want)
	}
	if err := arr.ValidateFull(); err != nil {
		t.Error(err)
	}
}

// ValidateFull checks that list and values agree in length.
func (a *FixedShapeTensorArray) ValidateFull() error {
	if n := a.Storage().(*array.FixedSizeList).ListValues().Len(); n != a.Len()*int(a.DataType().(*FixedShapeTensorType).Storage.(*arrow.FixedSizeListType).Len()) {
		return errors.New("list values do not match the list size")
	}
	return nil
}

func TestFromArrowRowsAndPlainArrays(t *testing.T) {
	typ, err := NewFixedShapeTensorType(arrow.PrimitiveTypes.Int32, []int{2, 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewExtensionBuilder(memory.DefaultAllocator, typ)
	list := b.StorageBuilder().(*array.FixedSizeListBuilder)
	for row := range 3 {
		list.Append(true)
		for i := range 4 {
			list.ValueBuilder().(*array.Int32Builder).Append(int32(10*row + i))
		}
	}
	arr := array.NewSlice(b.NewArray(), 1, 3)
	x, err := FromArrow[int32](arr, 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{20, 21, 22, 23}, x.Data()); diff != "" {
		t.Error(diff)
	}
	floats := array.NewFloat32Builder(memory.DefaultAllocator)
	floats.AppendValues([]float32{1, 2, 3, 4}, nil)
	iq, err := FromArrow[complex64](floats.NewArray(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]complex64{1 + 2i, 3 + 4i}, iq.Data()); diff != "" {
		t.Error(diff)
	}
	halves := array.NewFloat16Builder(memory.DefaultAllocator)
	halves.Append(float16.New(1.5))
	h, err := FromArrow[Float16](halves.NewArray(), 0)
	if err != nil || h.Data()[0].Float32() != 1.5 {
		t.Errorf("got %v, error %v, want 1.5", h.Data(), err)
	}
}

func TestFromArrowRefuses(t *testing.T) {
	x := New[float32]([]int{3, 2})
	arr, err := x.Arrow()
	if err != nil {
		t.Fatal(err)
	}
	odd := New[float32]([]int{3, 3})
	oddArr, err := odd.Arrow()
	if err != nil {
		t.Fatal(err)
	}
	nulls := array.NewInt8Builder(memory.DefaultAllocator)
	nulls.AppendNull()
	text := array.NewStringBuilder(memory.DefaultAllocator)
	text.Append("x")
	var shape *ShapeError
	var typ *TypeError
	_, err = FromArrow[int32](arr, 0)
	if !errors.As(err, &typ) {
		t.Errorf("other element: got %v", err)
	}
	_, err = FromArrow[float32](arr, 1)
	if !errors.As(err, &shape) {
		t.Errorf("row out of range: got %v", err)
	}
	_, err = FromArrow[complex64](oddArr, 0)
	if !errors.As(err, &shape) {
		t.Errorf("no axis of 2: got %v", err)
	}
	_, err = FromArrow[int8](nulls.NewArray(), 0)
	if !errors.As(err, &typ) {
		t.Errorf("nulls: got %v", err)
	}
	_, err = FromArrow[int8](text.NewArray(), 0)
	if !errors.As(err, &typ) {
		t.Errorf("text: got %v", err)
	}
	bytes := make([]byte, 16)[1:9]
	data := array.NewData(arrow.PrimitiveTypes.Float32, 2, []*memory.Buffer{nil, memory.NewBufferBytes(bytes)}, nil, 0, 0)
	_, err = FromArrow[float32](array.MakeFromData(data), 0)
	if !errors.Is(err, ErrUnaligned) {
		t.Errorf("unaligned: got %v", err)
	}
	empty := New[int8]([]int{0, 4})
	if _, err := empty.Arrow(); !errors.As(err, &shape) {
		t.Errorf("empty: got %v", err)
	}
}
