// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

func TestNewIsZeroedAndAligned(t *testing.T) {
	t.Run("int8", testNew[int8])
	t.Run("int16", testNew[int16])
	t.Run("int32", testNew[int32])
	t.Run("int64", testNew[int64])
	t.Run("uint8", testNew[uint8])
	t.Run("uint16", testNew[uint16])
	t.Run("uint32", testNew[uint32])
	t.Run("uint64", testNew[uint64])
	t.Run("float16", testNew[Float16])
	t.Run("float32", testNew[float32])
	t.Run("float64", testNew[float64])
	t.Run("complex64", testNew[complex64])
}

func testNew[E Element](t *testing.T) {
	var zero E
	for n := range 70 {
		x := New[E]([]int{n, 3}, "row", "column")
		if x.Len() != 3*n || x.Rank() != 2 || x.Dim(0) != n || x.Axis(1) != "column" {
			t.Fatalf("n=%d: got %v of %d elements", n, x, x.Len())
		}
		if n > 0 && uintptr(unsafe.Pointer(&x.Data()[0]))%Alignment != 0 {
			t.Fatalf("n=%d: not aligned", n)
		}
		for i, e := range x.Data() {
			if e != zero {
				t.Fatalf("n=%d: element %d is %v", n, i, e)
			}
		}
	}
	if k := KindOf[E](); k.Size() != int(unsafe.Sizeof(zero)) || !k.Valid() {
		t.Errorf("kind %v has size %d, want %d", k, k.Size(), unsafe.Sizeof(zero))
	}
}

func TestRow(t *testing.T) {
	x := New[int32]([]int{2, 3, 4})
	for i := range x.Data() {
		x.Data()[i] = int32(i)
	}
	tests := []struct {
		name string
		idx  []int
		want []int32
	}{
		{"element", []int{1, 2, 3}, []int32{23}},
		{"last axis", []int{1, 0}, []int32{12, 13, 14, 15}},
		{"plane", []int{0}, x.Data()[:12]},
		{"all", nil, x.Data()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := x.Row(test.idx...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if cap(got) != len(got) {
				t.Errorf("capacity %d reaches beyond the %d elements of the row", cap(got), len(got))
			}
		})
	}
}

func TestRowPanicsOutOfRange(t *testing.T) {
	x := New[int8]([]int{2, 3})
	for _, idx := range [][]int{{2}, {-1}, {0, 3}, {0, 0, 0}} {
		func() {
			defer func() {
				var shape *ShapeError
				if err, ok := recover().(error); !ok || !errors.As(err, &shape) {
					t.Errorf("Row(%v) did not panic with a ShapeError", idx)
				}
			}()
			x.Row(idx...)
		}()
	}
}

func TestResize(t *testing.T) {
	x := Named[float32]("rx", "sample")
	x.Resize(2, 100)
	x.Data()[150] = 7
	first := &x.Data()[0]
	x.Resize(1, 10)
	x.Resize(2, 100)
	if &x.Data()[0] != first || x.Data()[150] != 7 {
		t.Error("Resize within the capacity moved the elements")
	}
	x.Resize(3)
	if x.Rank() != 1 || x.Dim(1) != 0 || x.Axis(0) != "rx" {
		t.Errorf("got %v", x)
	}
	x.Resize()
	if x.Len() != 0 || x.Rank() != 0 {
		t.Errorf("got %v of %d elements, want an empty tensor", x, x.Len())
	}
}

func TestResizePanics(t *testing.T) {
	for _, dims := range [][]int{{-1}, {1, 2, 3, 4, 5, 6, 7}, {1 << 40, 1 << 40}} {
		func() {
			defer func() {
				if _, ok := recover().(*ShapeError); !ok {
					t.Errorf("Resize(%v) did not panic with a ShapeError", dims)
				}
			}()
			var x Tensor[int8]
			x.Resize(dims...)
		}()
	}
}

func TestFromSlice(t *testing.T) {
	data := []complex64{1, 2i, 3, 4i, 5, 6i}
	x, err := FromSlice(data, []int{2, 3}, "layer", "re")
	if err != nil {
		t.Fatal(err)
	}
	x.Row(1)[0] = 9
	if data[3] != 9 {
		t.Error("FromSlice copied the elements")
	}
	for _, dims := range [][]int{{5}, {-2, -3}, {6, 1, 1, 1, 1, 1, 1}, {}} {
		var shape *ShapeError
		if _, err := FromSlice(data, dims); !errors.As(err, &shape) {
			t.Errorf("dims %v: got error %v, want a ShapeError", dims, err)
		}
	}
}

func TestCopyFromAndEqual(t *testing.T) {
	src := New[int16]([]int{2, 2}, "a", "b")
	copy(src.Data(), []int16{1, 2, 3, 4})
	var dst Tensor[int16]
	dst.CopyFrom(&src)
	if !cmp.Equal(dst, src) {
		t.Errorf("got %v %v", dst, dst.Data())
	}
	dst.Data()[0] = 5
	if src.Data()[0] != 1 || cmp.Equal(dst, src) {
		t.Error("the copy shares elements with its source")
	}
	for name, other := range map[string]Tensor[int16]{
		"names":   New[int16]([]int{2, 2}, "a", "c"),
		"lengths": New[int16]([]int{4}, "a"),
	} {
		copy(other.Data(), src.Data())
		if other.Equal(src) {
			t.Errorf("%s are not compared", name)
		}
	}
	dst.CopyFrom(&Tensor[int16]{})
	if !dst.Equal(Tensor[int16]{}) {
		t.Errorf("got %v, want the zero tensor", dst)
	}
}

func TestString(t *testing.T) {
	x := New[complex64]([]int{2, 14, 288}, "rx", "symbol")
	if got, want := x.String(), "complex64[rx=2 symbol=14 288]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorsNameOperationGotAndWant(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&ShapeError{Op: "ldpc: llr", Want: []int{66}, Got: []int{65}}, "ldpc: llr: shape [65], want [66]"},
		{&ShapeError{Op: "tensor: resize", Got: []int{-1}}, "tensor: resize: invalid shape [-1]"},
		{&TypeError{Op: "nr.Grid.Samples", Want: "complex64", Got: "int8"}, "nr.Grid.Samples: got int8, want complex64"},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
