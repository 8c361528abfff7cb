// SPDX-License-Identifier: Apache-2.0

package tensor

import "unsafe"

// Layout knows where the tensors of a message type lie. It is a small
// immutable value that may be copied and used concurrently. M is a struct of
// tensors, bools, numbers, fixed arrays and structs of these, or one of them
// alone.
type Layout[M any] struct{ l *layout }

// LayoutOf returns the layout of M. The first call for a type inspects it;
// later calls look it up without allocating.
func LayoutOf[M any]() Layout[M] { return Layout[M]{layoutOf[M]()} }

// Err returns nil if messages of the type can be encoded, or else a
// [*TypeError] that names the first field that cannot: a pointer, slice, map,
// string, channel, function or interface, a tensor within an array, or an
// unexported field. Size, Init and Copy work nevertheless.
func (l Layout[M]) Err() error { return l.l.err }

// Size returns the payload of a message in bytes: tensors by their elements,
// all other fields by their size in memory without padding. Slices and strings
// count with their contents; what other pointers lead to does not count. It
// does not allocate.
func (l Layout[M]) Size(m *M) int {
	n := l.l.fixed
	for _, c := range l.l.tensors {
		n += (*raw)(unsafe.Add(unsafe.Pointer(m), c.offset)).len * c.kind.Size()
	}
	for _, s := range l.l.slices {
		n += s.size * *(*int)(unsafe.Add(unsafe.Pointer(m), s.offset+unsafe.Sizeof(uintptr(0))))
	}
	return n
}

// Init names the axes of every tagged tensor of m, as [Named] does. Tensors
// that hold elements keep them.
func (l Layout[M]) Init(m *M) {
	for _, c := range l.l.tensors {
		r := (*raw)(unsafe.Add(unsafe.Pointer(m), c.offset))
		if c.axes != nil {
			r.axes = c.axes
			r.rank = max(r.rank, len(c.axes))
		}
	}
}

// Copy makes dst a copy of src that shares no tensor with it. The tensors of
// dst keep their buffers, so that Copy allocates only on growth. Other fields
// are assigned.
func (l Layout[M]) Copy(dst, src *M) {
	old := *dst
	*dst = *src
	for _, c := range l.l.tensors {
		to := (*raw)(unsafe.Add(unsafe.Pointer(dst), c.offset))
		*to = *(*raw)(unsafe.Add(unsafe.Pointer(&old), c.offset))
		to.copyFrom((*raw)(unsafe.Add(unsafe.Pointer(src), c.offset)), c.kind)
	}
}

// SizeOf returns the payload of a message in bytes; see [Layout.Size]. A caller
// on a hot path keeps the [Layout] and saves the look-up.
func SizeOf[M any](m *M) int { return LayoutOf[M]().Size(m) }

// copyFrom is [Tensor.CopyFrom] for an element that is known at run time.
func (r *raw) copyFrom(src *raw, k Kind) {
	if src.len > r.cap {
		r.buf = newBuffer(src.len * k.Size())
		r.data = unsafe.Pointer(unsafe.SliceData(r.buf.Bytes()))
		r.cap = src.len
	}
	r.len, r.dims, r.rank, r.axes = src.len, src.dims, src.rank, src.axes
	copy(r.bytes(k), src.bytes(k))
}
