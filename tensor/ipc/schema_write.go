// SPDX-License-Identifier: Apache-2.0

package ipc

// writeSchema returns the framed schema message.
func writeSchema(schema []fieldOf) []byte {
	w := newFlatWriter()
	w.schema(w.message(headerSchema, 0), schema)
	return frame(w.b)
}

// writeBatch returns the framed metadata of a record batch of one row.
func writeBatch(b *batch) []byte {
	w := newFlatWriter()
	header := w.message(headerBatch, len(b.body))
	refs := w.table(header, flatField{slotRows, 8, 1}, ref(slotNodes), ref(slotBuffers))
	w.structs(refs[1], 2, b.nodes)
	w.structs(refs[2], 2, b.buffers)
	return frame(w.b)
}

// writeFooter returns the footer of a file, whose record batches are blocks of three
// words.
func writeFooter(schema []fieldOf, blocks []int64) []byte {
	w := newFlatWriter()
	pos := w.table(0, ref(slotFooterSchema), ref(slotFooterBatches), flatField{slotFooterVersion, 2, ipcVersion5})
	w.schema(pos[0], schema)
	w.structs(pos[1], 3, blocks)
	return w.b
}

// message writes the root table and returns the position of its header.
func (w *flatWriter) message(kind, body int) int {
	pos := w.table(0, flatField{slotBodyLength, 8, uint64(body)}, ref(slotHeader),
		flatField{slotVersion, 2, ipcVersion5}, flatField{slotHeaderType, 1, uint64(kind)})
	return pos[1]
}

// schema writes a Schema to which the reference at from leads.
func (w *flatWriter) schema(from int, schema []fieldOf) {
	pos := w.table(from, flatField{slotEndianness, 2, uint64(nativeOrder())}, ref(slotFields))
	w.fields(pos[1], schema)
}

func (w *flatWriter) fields(from int, all []fieldOf) {
	first := w.refs(from, len(all))
	for i := range all {
		w.field(first+4*i, &all[i])
	}
}

// field writes a Field and those of its children.
func (w *flatWriter) field(from int, f *fieldOf) {
	refs := []flatField{ref(slotName), ref(slotType), ref(slotChildren), {slotTypeType, 1, uint64(f.typ.id)}}
	if f.nullable {
		refs = append(refs, flatField{slotNullable, 1, 1})
	}
	if f.metadata != nil {
		refs = append(refs, ref(slotMetadata))
	}
	pos := w.table(from, refs...)
	w.text(pos[0], f.name)
	switch f.typ.id {
	case typeInt:
		w.table(pos[1], flatField{0, 4, uint64(f.typ.bits)}, flatField{1, 1, uint64(word(f.typ.signed, 1, 0))})
	case typeFloat:
		w.table(pos[1], flatField{0, 2, uint64(f.typ.bits / 32)}) // half, single, double
	case typeFixedSizeList:
		w.table(pos[1], flatField{0, 4, uint64(f.typ.size)})
	default:
		w.table(pos[1])
	}
	w.fields(pos[2], f.children)
	if f.metadata == nil {
		return
	}
	pairs := w.refs(pos[len(pos)-1], 2)
	for i, kv := range [2][2]string{{keyExtensionName, extensionName}, {keyExtensionMetadata, string(f.metadata)}} {
		p := w.table(pairs+4*i, ref(slotKey), ref(slotValue))
		w.text(p[0], kv[0])
		w.text(p[1], kv[1])
	}
}

func word[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}
