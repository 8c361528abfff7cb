// SPDX-License-Identifier: Apache-2.0

package ipc

import "encoding/binary"

// flatWriter writes a flatbuffer front to back: a table first, then what it
// refers to, whose offset is patched into the table. References therefore
// always point forward, as the format wants.
type flatWriter struct{ b []byte }

// flatField is one field of a table that is written: its slot in the schema,
// its size in bytes and its value. A reference has size 4 and is patched later.
type flatField struct {
	slot, size int
	value      uint64
}

// ref returns a field that will refer to a table, vector or string.
func ref(slot int) flatField { return flatField{slot: slot, size: 4} }

// newFlatWriter returns a writer whose root reference is still to be patched
// at position 0.
func newFlatWriter() *flatWriter { return &flatWriter{b: make([]byte, 4, 512)} }

func (w *flatWriter) pad(to int) {
	for len(w.b)%to != 0 {
		w.b = append(w.b, 0)
	}
}

func (w *flatWriter) u32(v int) { w.b = binary.LittleEndian.AppendUint32(w.b, uint32(v)) }

// patch makes the reference at pos lead to the end of what is written.
func (w *flatWriter) patch(pos int) {
	binary.LittleEndian.PutUint32(w.b[pos:], uint32(len(w.b)-pos))
}

// table writes a table at which the reference at from leads, and returns the
// positions of its fields in the given order.
func (w *flatWriter) table(from int, fields ...flatField) []int {
	slots := 0
	for _, f := range fields {
		slots = max(slots, f.slot+1)
	}
	w.pad(8)
	vtable := len(w.b)
	w.b = append(w.b, make([]byte, 4+2*slots)...)
	w.pad(8)
	w.patch(from)
	start := len(w.b)
	w.u32(start - vtable)
	pos := make([]int, len(fields))
	for i, f := range fields {
		w.pad(f.size)
		pos[i] = len(w.b)
		binary.LittleEndian.PutUint16(w.b[vtable+4+2*f.slot:], uint16(pos[i]-start))
		var v [8]byte
		binary.LittleEndian.PutUint64(v[:], f.value)
		w.b = append(w.b, v[:f.size]...)
	}
	binary.LittleEndian.PutUint16(w.b[vtable:], uint16(4+2*slots))
	binary.LittleEndian.PutUint16(w.b[vtable+2:], uint16(len(w.b)-start))
	return pos
}

// refs writes a vector of n references to which the reference at from leads,
// and returns the position of the first; they are 4 bytes apart.
func (w *flatWriter) refs(from, n int) int {
	w.pad(4)
	w.patch(from)
	w.u32(n)
	w.b = append(w.b, make([]byte, 4*n)...)
	return len(w.b) - 4*n
}

// structs writes a vector of structs of so many 64-bit words each, and returns the
// position of the first.
func (w *flatWriter) structs(from, width int, words []int64) int {
	for len(w.b)%8 != 4 { // the elements after the length are 8-byte aligned
		w.b = append(w.b, 0)
	}
	w.patch(from)
	w.u32(len(words) / width)
	for _, x := range words {
		w.b = binary.LittleEndian.AppendUint64(w.b, uint64(x))
	}
	return len(w.b) - 8*len(words)
}

// text writes a string to which the reference at from leads.
func (w *flatWriter) text(from int, s string) {
	w.pad(4)
	w.patch(from)
	w.u32(len(s))
	w.b = append(w.b, s...)
	w.b = append(w.b, 0)
}
