// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"slices"
	"unsafe"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
)

// align is the alignment of every value in bytes.
const align = 64

// operand is a value of a plan: its type, its lengths and its memory.
type operand struct {
	name string
	typ  onnx.DataType
	dims []int
	n    int            // elements
	mem  unsafe.Pointer // first element
	tens *onnx.Tensor   // elements, when constant

	shared bool         // whether it depends on initializers alone, so is the same for all bindings
	by     *step        // step that computes it; nil for inputs and constants
	saw    *onnx.Tensor // elements that it held when the plan was made for them
}

// as returns the elements of an operand whose type is known to be E.
func as[E any](o *operand) []E { return unsafe.Slice((*E)(o.mem), o.n) }

func (o *operand) f32() []float32 { return as[float32](o) }
func (o *operand) bytes() []byte  { return unsafe.Slice((*byte)(o.mem), o.n*o.typ.Size()) }

// maxBytes bounds the memory of one value, so that a hostile model is refused
// instead of exhausting the host.
const maxBytes = 1 << 30

// count multiplies lengths that are known to be sound.
func count(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// fits reports whether a value takes at most maxBytes, however the product of its
// lengths is formed.
func fits(t onnx.DataType, dims []int) bool {
	n := t.Size()
	for _, d := range dims {
		if d < 0 || n > maxBytes/max(d, 1) {
			return false
		}
		n *= max(d, 1)
	}
	return true
}

// allocate returns zeroed memory for n bytes at the alignment of a value.
func allocate(n int) unsafe.Pointer {
	buf := make([]byte, n+align)
	off := -uintptr(unsafe.Pointer(&buf[0])) & (align - 1)
	return unsafe.Pointer(&buf[off])
}

func newBuffer(t onnx.DataType, dims []int) backend.Buffer {
	n := count(dims)
	return backend.Buffer{Type: t, Dims: dims, Len: n, Data: allocate(n * t.Size())}
}

// block is a value that needs memory between two steps of a plan.
type block struct {
	op          *operand
	first, last int // steps of its definition and of its last use
	off, size   int
}

// place gives every block an offset in one arena such that blocks that live at
// the same time do not overlap, and returns the size of the arena. It takes the
// largest first and puts each at the lowest offset that is free all its life.
func place(blocks []*block) int {
	order := slices.Clone(blocks)
	slices.SortStableFunc(order, func(a, b *block) int { return b.size - a.size })
	total := 0
	for i, b := range order {
		var busy []*block
		for _, o := range order[:i] {
			if o.first <= b.last && b.first <= o.last {
				busy = append(busy, o)
			}
		}
		slices.SortFunc(busy, func(a, b *block) int { return a.off - b.off })
		for _, o := range busy {
			if b.off+b.size <= o.off {
				break
			}
			b.off = max(b.off, o.off+o.size)
		}
		total = max(total, b.off+b.size)
	}
	return total
}

// fill makes every element v, by copies that double.
func fill[E any](x []E, v E) {
	if len(x) == 0 {
		return
	}
	x[0] = v
	for done := 1; done < len(x); done *= 2 {
		copy(x[done:], x[:done])
	}
}
