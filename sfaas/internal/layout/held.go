// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"reflect"
	"time"
	"unsafe"

	"github.com/neuroran/neuroran/internal/tensor/memory"
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Held returns how many bytes the value at p keeps from other use: those of its
// type, and what its tensors and slices have room for, whatever they hold now.
func (l *Layout) Held(p unsafe.Pointer) int {
	n := int(l.Type.Size())
	for i := range l.parts {
		n += l.parts[i].held(unsafe.Add(p, l.parts[i].off))
	}
	return n
}

func (p *part) held(at unsafe.Pointer) int {
	switch {
	case p.tensor != nil:
		return p.tensor.Room(at)
	case p.str:
		return len(*(*string)(at))
	}
	h := (*memory.SliceHeader)(at)
	size := int(p.elem.Type.Size())
	n := h.Cap * size
	// Elements of fixed size have been counted by the slice. Others have parts beyond it;
	// those of elements behind the length are not counted.
	if len(p.elem.parts) == 0 {
		return n
	}
	for i := range h.Len {
		n += p.elem.Held(unsafe.Add(h.Data, i*size)) - size
	}
	return n
}

// Fill overwrites the value at p, and the memory of its tensors and slices,
// with a pattern: whoever has kept a part of it reads nonsense from then on.
// Flags take the lowest bit of the pattern, so that they stay flags. Strings,
// pointers, maps and other fields that share memory with others become zero.
func (l *Layout) Fill(p unsafe.Pointer, pattern byte) { l.fill(p, pattern, false) }

// Wipe overwrites the value at p with zeros, with all that its tensors and slices have
// room for: what they have been longer by, too. Strings become empty, and their bytes
// stay: they share memory with others.
func (l *Layout) Wipe(p unsafe.Pointer) { l.fill(p, 0, true) }

func (l *Layout) fill(p unsafe.Pointer, pattern byte, room bool) {
	for _, r := range l.runs {
		b := pattern
		if r.flag {
			b &= 1
		}
		fill(unsafe.Slice((*byte)(unsafe.Add(p, r.off)), uintptr(r.n)*r.size), b)
	}
	for _, r := range l.refs {
		reflect.NewAt(r.typ, unsafe.Add(p, r.off)).Elem().SetZero()
	}
	for i := range l.parts {
		l.parts[i].fill(unsafe.Add(p, l.parts[i].off), pattern, room)
	}
}

func (p *part) fill(at unsafe.Pointer, pattern byte, room bool) {
	switch {
	case p.tensor != nil:
		b := p.tensor.Data(at)
		if room {
			b = unsafe.Slice(unsafe.SliceData(b), p.tensor.Room(at))
		}
		fill(b, pattern)
	case p.str:
		*(*string)(at) = ""
	default:
		h := (*memory.SliceHeader)(at)
		n := h.Len
		if room {
			n = h.Cap
		}
		for i := range n {
			p.elem.fill(unsafe.Add(h.Data, uintptr(i)*p.elem.Type.Size()), pattern, room)
		}
	}
}

func fill(b []byte, pattern byte) {
	for i := range b {
		b[i] = pattern
	}
}

// Filled reports whether the value at p is as [Layout.Fill] has left it.
func (l *Layout) Filled(p unsafe.Pointer, pattern byte) bool {
	for _, r := range l.runs {
		b := pattern
		if r.flag {
			b &= 1
		}
		if !filled(unsafe.Slice((*byte)(unsafe.Add(p, r.off)), uintptr(r.n)*r.size), b) {
			return false
		}
	}
	for i := range l.parts {
		if !l.parts[i].filled(unsafe.Add(p, l.parts[i].off), pattern) {
			return false
		}
	}
	return true
}

func (p *part) filled(at unsafe.Pointer, pattern byte) bool {
	switch {
	case p.tensor != nil:
		return filled(p.tensor.Data(at), pattern)
	case p.str:
		return *(*string)(at) == ""
	}
	h := (*memory.SliceHeader)(at)
	for i := range h.Len {
		if !p.elem.Filled(unsafe.Add(h.Data, uintptr(i)*p.elem.Type.Size()), pattern) {
			return false
		}
	}
	return true
}

func filled(b []byte, pattern byte) bool {
	for _, x := range b {
		if x != pattern {
			return false
		}
	}
	return true
}

// Shift moves every [base.Time] of the value at p by d, from one clock to
// another. The zero moment and [base.Never] stay: they say that there is none.
func (l *Layout) Shift(p unsafe.Pointer, d time.Duration) {
	if d == 0 || !l.timed {
		return
	}
	for _, off := range l.times {
		// Tensors have no moments: runs and slices have.
		if t := (*base.Time)(unsafe.Add(p, off)); *t != 0 && *t != base.Never {
			*t += base.Time(d)
		}
	}
	for i := range l.parts {
		if x := &l.parts[i]; x.elem != nil && x.elem.timed {
			h := (*memory.SliceHeader)(unsafe.Add(p, x.off))
			for j := range h.Len {
				x.elem.Shift(unsafe.Add(h.Data, uintptr(j)*x.elem.Type.Size()), d)
			}
		}
	}
}
