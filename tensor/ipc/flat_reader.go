// SPDX-License-Identifier: Apache-2.0

package ipc

import "encoding/binary"

// flatReader reads a flatbuffer that nobody has checked. A position out of
// bounds sets bad and reads as zero, so that callers check once at the end.
type flatReader struct {
	b   []byte
	bad bool
}

// flatTable is the position of a table; 0 is no table.
type flatTable int

// flatVector is a vector: the position of its first element and its length.
type flatVector struct{ pos, len int }

// root returns the root table.
func (r *flatReader) root() flatTable { return flatTable(r.u32(0)) }

func (r *flatReader) at(pos, size int) []byte {
	if pos < 0 || size < 0 || pos > len(r.b)-size {
		r.bad = true
		return nil
	}
	return r.b[pos : pos+size]
}

func (r *flatReader) u8(pos int) uint8 {
	if b := r.at(pos, 1); b != nil {
		return b[0]
	}
	return 0
}

func (r *flatReader) u16(pos int) uint16 {
	if b := r.at(pos, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *flatReader) u32(pos int) uint32 {
	if b := r.at(pos, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *flatReader) i64(pos int) int64 {
	if b := r.at(pos, 8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// field returns the position of a field of a table, or 0 when it is absent.
func (r *flatReader) field(t flatTable, slot int) int {
	if t <= 0 {
		return 0
	}
	vtable := int(t) - int(int32(r.u32(int(t))))
	if size := int(r.u16(vtable)); r.bad || 4+2*slot+2 > size {
		return 0
	}
	off := int(r.u16(vtable + 4 + 2*slot))
	if off == 0 {
		return 0
	}
	return int(t) + off
}

// u8Field returns a one-byte field, or 0 when it is absent.
func (r *flatReader) u8Field(t flatTable, slot int) uint8 {
	if pos := r.field(t, slot); pos != 0 {
		return r.u8(pos)
	}
	return 0
}

// i16Field returns a two-byte field, or 0 when it is absent.
func (r *flatReader) i16Field(t flatTable, slot int) int16 {
	if pos := r.field(t, slot); pos != 0 {
		return int16(r.u16(pos))
	}
	return 0
}

// i32Field returns a four-byte field, or 0 when it is absent.
func (r *flatReader) i32Field(t flatTable, slot int) int32 {
	if pos := r.field(t, slot); pos != 0 {
		return int32(r.u32(pos))
	}
	return 0
}

// i64Field returns an eight-byte field, or 0 when it is absent.
func (r *flatReader) i64Field(t flatTable, slot int) int64 {
	if pos := r.field(t, slot); pos != 0 {
		return r.i64(pos)
	}
	return 0
}

// follow returns where the reference at pos leads, or 0 for none.
func (r *flatReader) follow(pos int) int {
	if pos == 0 {
		return 0
	}
	off := int(r.u32(pos))
	if r.bad || off == 0 {
		return 0
	}
	return pos + off
}

// tableField returns a table that a field refers to.
func (r *flatReader) tableField(t flatTable, slot int) flatTable {
	return flatTable(r.follow(r.field(t, slot)))
}

// vectorField returns a vector of elements of the given size, all in bounds.
func (r *flatReader) vectorField(t flatTable, slot, size int) flatVector {
	pos := r.follow(r.field(t, slot))
	if pos == 0 {
		return flatVector{}
	}
	n := int(r.u32(pos))
	if n > len(r.b)/size || r.at(pos+4, n*size) == nil {
		r.bad = true
		return flatVector{}
	}
	return flatVector{pos + 4, n}
}

// table returns element i of a vector of tables.
func (r *flatReader) table(v flatVector, i int) flatTable {
	return flatTable(r.follow(v.pos + 4*i))
}

// textField returns the bytes of a string field.
func (r *flatReader) textField(t flatTable, slot int) []byte {
	v := r.vectorField(t, slot, 1)
	return r.at(v.pos, v.len)
}
