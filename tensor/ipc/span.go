// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"unsafe"

	"github.com/neuroran/neuroran/internal/tensor/memory"
)

// span is a number of values at equal distances. The values of a column in one row lie
// in a few spans: those of a field of the elements of a slice, for example, in one.
type span struct {
	p    unsafe.Pointer
	n    int
	step uintptr
}

// count returns the number of values.
func count(spans []span) int {
	n := 0
	for _, s := range spans {
		n += s.n
	}
	return n
}

// each calls f with each value.
func each(spans []span, f func(p unsafe.Pointer)) {
	for _, s := range spans {
		for i := range s.n {
			f(unsafe.Add(s.p, uintptr(i)*s.step))
		}
	}
}

// field appends the spans of a field of the given values to dst.
func field(dst, spans []span, offset uintptr) []span {
	for _, s := range spans {
		if s.n > 0 {
			s.p = unsafe.Add(s.p, offset)
			dst = append(dst, s)
		}
	}
	return dst
}

// items appends the spans of the num elements, of the given size, of each of the values
// to dst: adjacent values make one span.
func items(dst, spans []span, num int, size uintptr) []span {
	for _, s := range spans {
		if s.step == uintptr(num)*size {
			dst = append(dst, span{s.p, s.n * num, size})
			continue
		}
		for i := range s.n {
			dst = append(dst, span{unsafe.Add(s.p, uintptr(i)*s.step), num, size})
		}
	}
	return dst
}

// elements appends the spans of the elements of slices to dst.
func elements(dst, spans []span, size uintptr) []span {
	each(spans, func(p unsafe.Pointer) {
		h := (*memory.SliceHeader)(p)
		dst = append(dst, span{h.Data, h.Len, size})
	})
	return dst
}

// bytes returns the memory of a span whose values are adjacent.
func (s span) bytes() []byte { return unsafe.Slice((*byte)(s.p), uintptr(s.n)*s.step) }
