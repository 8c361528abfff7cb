// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"encoding/binary"
	"reflect"
	"slices"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/internal/tensor/memory"
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Layout is what the runtime knows about the memory of one Go type: which
// bytes are plain, which parts have a length of their own. It is built once by
// reflection and then measures, copies, encodes and decodes without it.
type Layout struct {
	Type   reflect.Type
	runs   []run  // plain memory, in order of offset
	parts  []part // tensors, slices and strings, in order of offset
	refs   []ref  // what has no layout: pointers, maps, interfaces
	Opaque string // a field that cannot be encoded, "" if there is none
	Fixed  int    // payload bytes of all runs
	Form   []byte // names and kinds of all fields, in order

	times []uintptr // offsets of moments
	timed bool      // it has moments, or its slices do
	open  bool      // it has slices or strings, which have no bound of their own
	flat  bool      // an assignment copies everything
}

// run is n plain elements of size bytes each, starting at off.
type run struct {
	off  uintptr
	size uintptr
	n    int
	flag bool // bool: only 0 and 1 are values
}

// part is a piece of variable length at off.
type part struct {
	off    uintptr
	tensor *memory.Ops
	slice  *memory.Type // a slice,
	elem   *Layout      // of this
	str    bool
	fixed  bool // a slice whose elements are plain
}

// ref is a field that is shared when its value is copied.
type ref struct {
	off uintptr
	typ reflect.Type
}

// Of returns the layout of T.
func Of[T any]() *Layout { return New(reflect.TypeFor[T]()) }

// New returns the layout of a type.
func New(t reflect.Type) *Layout { return layoutOf(memory.Of(t)) }

// layoutOf returns the layout of a type that has been described.
func layoutOf(t *memory.Type) *Layout {
	l := &Layout{Type: t.Go}
	l.add(t, 0, t.Go.String())
	for _, r := range l.runs {
		l.Fixed += r.n * int(r.size)
	}
	l.flat = l.Opaque == ""
	for i := range l.parts {
		l.open = l.open || l.parts[i].tensor == nil
		l.flat = l.flat && l.parts[i].str
	}
	return l
}

// add notes what lies at offset off; path names it in errors.
func (l *Layout) add(t *memory.Type, off uintptr, path string) {
	if t.Form == memory.Tensor {
		l.Form = base.AppendString(l.Form, t.Go.String())
		l.parts = append(l.parts, part{off: off, tensor: t.Ops})
		return
	}
	// The form goes on with names and kinds in order, so that fields which change places
	// change the digest.
	l.Form = append(l.Form, byte(t.Go.Kind()))
	if t.Go == reflect.TypeFor[base.Time]() {
		l.times, l.timed = append(l.times, off), true
	}
	switch t.Form {
	case memory.Bool, memory.Int, memory.Uint, memory.Float:
		l.addRun(run{off: off, size: t.Size, n: 1, flag: t.Form == memory.Bool})
	// Two words of half the size, since that is what has an order of bytes.
	case memory.Complex:
		l.addRun(run{off: off, size: t.Size / 2, n: 2})
	case memory.Array:
		l.addArray(t, off, path)
	case memory.Struct:
		l.Form = binary.AppendUvarint(l.Form, uint64(len(t.Fields)))
		for _, f := range t.Fields {
			l.Form = base.AppendString(l.Form, f.Name)
			l.add(f.Type, off+f.Offset, path+"."+f.Name)
		}
	case memory.Slice:
		l.addSlice(t, off, path)
	case memory.String:
		l.parts = append(l.parts, part{off: off, str: true})
	default:
		l.refs = append(l.refs, ref{off, t.Go})
		l.Opaque = path + " " + t.Reason
	}
}

func (l *Layout) addArray(t *memory.Type, off uintptr, path string) {
	l.Form = binary.AppendUvarint(l.Form, uint64(t.Len))
	n := len(l.Form)
	for i := range t.Len {
		l.Form = l.Form[:n] // the same for each element
		l.add(t.Elem, off+uintptr(i)*t.Elem.Size, path)
	}
}

func (l *Layout) addSlice(t *memory.Type, off uintptr, path string) {
	if t.Elem.Recursive {
		l.refs = append(l.refs, ref{off, t.Go})
		l.Opaque = path + " is recursive"
		return
	}
	// The elements have a layout of their own, which slices of slices repeat.
	e := layoutOf(t.Elem)
	if e.Least() == 0 && e.Opaque == "" { // any number of them is encoded by nothing
		e.Opaque = "has no content"
	}
	l.timed = l.timed || e.timed
	l.Form = append(l.Form, e.Form...)
	l.parts = append(l.parts, part{off: off, elem: e, slice: t, fixed: len(e.parts) == 0})
	if e.Opaque != "" {
		l.Opaque = path + "[]: " + e.Opaque
	}
}

// Least returns how many bytes every encoding takes at least.
func (l *Layout) Least() int { return l.Fixed + len(l.parts) }

// Digest identifies the form of the encoding: two types with equal digests
// have the same fields in the same order.
func (l *Layout) Digest() base.Digest { return base.Digest(xxhash.Sum64(l.Form)) }

// addRun appends r, joined to the last run where the memory continues.
func (l *Layout) addRun(r run) {
	if n := len(l.runs); n > 0 {
		last := &l.runs[n-1]
		// Padding ends a run, since it is not encoded; so does another size of words.
		if last.size == r.size && last.flag == r.flag && last.off+uintptr(last.n)*last.size == r.off {
			last.n += r.n
			return
		}
	}
	l.runs = append(l.runs, r)
}

// Open reports whether values of the type have strings or slices, so that one that is
// to be stored needs a bound.
func (l *Layout) Open() bool { return l.open }

// Tensors reports whether values of the type have tensors of their own.
func (l *Layout) Tensors() bool {
	return slices.ContainsFunc(l.parts, func(p part) bool { return p.tensor != nil })
}

// Plain reports whether values of the type lie in one piece of memory.
func (l *Layout) Plain() bool { return len(l.parts) == 0 && l.Opaque == "" }

// Flat reports whether an assignment copies everything: strings are shared, and never
// change.
func (l *Layout) Flat() bool { return l.flat }

// Measure returns the payload bytes of the value at p. Each element of a slice counts
// one byte at least, so that nothing of the value is free.
func (l *Layout) Measure(p unsafe.Pointer) int {
	if len(l.parts) == 0 {
		return l.Fixed
	}
	return l.measureParts(p)
}

func (l *Layout) measureParts(p unsafe.Pointer) int {
	n := l.Fixed
	for i := range l.parts {
		n += l.parts[i].measure(unsafe.Add(p, l.parts[i].off))
	}
	return n
}

func (p *part) measure(at unsafe.Pointer) int {
	switch {
	case p.tensor != nil:
		return p.tensor.Bytes(at)
	case p.str:
		return len(*(*string)(at))
	}
	h := (*memory.SliceHeader)(at)
	if p.fixed {
		return h.Len * p.elem.Fixed
	}
	n := 0
	for i := range h.Len {
		n += max(1, p.elem.Measure(unsafe.Add(h.Data, uintptr(i)*p.elem.Type.Size())))
	}
	return n
}

// Copy makes the value at dst a deep copy of the one at src: tensors and
// slices of dst keep their memory where it is large enough, so that nothing is
// allocated once they have grown. Pointers, maps and other fields without a
// layout are shared.
func (l *Layout) Copy(dst, src unsafe.Pointer) {
	if l.Plain() {
		copyMemory(dst, src, l.Type.Size())
		return
	}
	for _, r := range l.runs {
		copyMemory(unsafe.Add(dst, r.off), unsafe.Add(src, r.off), uintptr(r.n)*r.size)
	}
	for _, r := range l.refs {
		to, from := reflect.NewAt(r.typ, unsafe.Add(dst, r.off)), reflect.NewAt(r.typ, unsafe.Add(src, r.off))
		to.Elem().Set(from.Elem())
	}
	for i := range l.parts {
		p := &l.parts[i]
		p.copyPart(unsafe.Add(dst, p.off), unsafe.Add(src, p.off))
	}
}

// copyMemory copies memory that holds no pointers.
func copyMemory(dst, src unsafe.Pointer, n uintptr) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
}

func (p *part) copyPart(dst, src unsafe.Pointer) {
	switch {
	case p.tensor != nil:
		p.tensor.CopyFrom(dst, src)
	case p.str:
		*(*string)(dst) = *(*string)(src)
	default:
		from := (*memory.SliceHeader)(src)
		// Resize keeps the memory, and what elements have in it, where it is large
		// enough.
		p.slice.Resize(dst, from.Len)
		to := (*memory.SliceHeader)(dst)
		size := p.elem.Type.Size()
		if p.elem.Plain() {
			copyMemory(to.Data, from.Data, uintptr(from.Len)*size)
			return
		}
		for i := range from.Len {
			off := uintptr(i) * size
			p.elem.Copy(unsafe.Add(to.Data, off), unsafe.Add(from.Data, off))
		}
	}
}
