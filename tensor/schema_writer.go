// SPDX-License-Identifier: Apache-2.0

package tensor

// writeSchema returns the framed schema message of a layout whose tensors have
// the given shapes.
func (l *layout) writeSchema(shapes []tensorShape) []byte {
	w := newFlatWriter()
	header := w.message(headerSchema, 0)
	schema := w.table(header, flatField{slotEndianness, 2, uint64(nativeOrder())}, ref(slotFields))
	w.fields(schema[1], l.columns, shapes)
	return frame(w.b)
}

// writeBatch returns the framed metadata of a record batch of one row.
func (l *layout) writeBatch(b *batch) []byte {
	nodes := make([][2]int64, len(l.nodes))
	var buffers [][2]int64
	for i, n := range l.nodes {
		nodes[i] = [2]int64{int64(b.lens[i]), 0}
		buffers = append(buffers, [2]int64{int64(b.at[i]), 0}) // no nulls, no bitmap
		if n.data {
			buffers = append(buffers, [2]int64{int64(b.at[i]), int64(b.size[i])})
		}
	}
	w := newFlatWriter()
	header := w.message(headerBatch, b.body)
	refs := w.table(header, flatField{slotRows, 8, 1}, ref(slotNodes), ref(slotBuffers))
	w.pairs(refs[1], nodes)
	w.pairs(refs[2], buffers)
	return frame(w.b)
}

// message writes the root table and returns the position of its header.
func (w *flatWriter) message(kind, body int) int {
	pos := w.table(0, flatField{slotBodyLength, 8, uint64(body)}, ref(slotHeader),
		flatField{slotVersion, 2, ipcVersion5}, flatField{slotHeaderType, 1, uint64(kind)})
	return pos[1]
}

func (w *flatWriter) fields(from int, columns []*column, shapes []tensorShape) {
	first := w.refs(from, len(columns))
	for i, c := range columns {
		w.field(first+4*i, c, shapes)
	}
}

// field writes the Field of a column and those of its children.
func (w *flatWriter) field(from int, c *column, shapes []tensorShape) {
	refs := []flatField{ref(slotName), ref(slotType), ref(slotChildren), {slotTypeType, 1, uint64(c.typeID())}}
	if c.form == formTensor {
		refs = append(refs, ref(slotMetadata))
	}
	pos := w.table(from, refs...)
	w.text(pos[0], c.name)
	switch c.form {
	case formNumber:
		w.numberType(pos[1], c.kind)
		w.refs(pos[2], 0)
	case formList:
		w.table(pos[1], flatField{0, 4, uint64(c.count)})
		w.fields(pos[2], c.children, shapes)
	case formTensor:
		w.tensor(pos, c, &shapes[c.index])
	default:
		w.table(pos[1])
		w.fields(pos[2], c.children, shapes)
	}
}

// tensor writes type, child and extension metadata of a tensor column.
func (w *flatWriter) tensor(pos []int, c *column, s *tensorShape) {
	meta := shapeMetadata{Shape: append([]int{}, s.dims[:s.rank]...), DimNames: s.axes}
	if s.rank == 0 { // the zero Tensor travels as one empty axis
		meta.Shape = append(meta.Shape, 0)
	}
	if c.kind == KindComplex64 {
		meta.Shape = append(meta.Shape, 2)
		if len(meta.DimNames) > 0 {
			meta.DimNames = append(meta.DimNames[:len(meta.DimNames):len(meta.DimNames)], iqAxis)
		}
	}
	n, _ := product(meta.Shape)
	w.table(pos[1], flatField{0, 4, uint64(n)})
	child := w.refs(pos[2], 1)
	// Arrow's own readers build the storage type with a nullable item, so the
	// item says that it is nullable although no element is ever null.
	item := w.table(child, ref(slotName), ref(slotType), ref(slotChildren),
		flatField{slotTypeType, 1, uint64(arrowTypeID(c.kind))}, flatField{1, 1, 1})
	w.text(item[0], "item")
	w.numberType(item[1], c.kind)
	w.refs(item[2], 0)
	pairs := w.refs(pos[4], 2)
	for i, kv := range [2][2]string{{keyExtensionName, extensionName}, {keyExtensionMetadata, string(meta.encode())}} {
		p := w.table(pairs+4*i, ref(slotKey), ref(slotValue))
		w.text(p[0], kv[0])
		w.text(p[1], kv[1])
	}
}

// numberType writes the Arrow type that stores elements of kind k.
func (w *flatWriter) numberType(from int, k Kind) {
	bits, signed, isFloat := arrowNumber(k)
	if isFloat {
		w.table(from, flatField{0, 2, uint64(bits / 32)}) // half, single, double
		return
	}
	w.table(from, flatField{0, 4, uint64(bits)}, flatField{1, 1, uint64(signed)})
}

// arrowNumber describes the Arrow type that stores elements of kind k.
func arrowNumber(k Kind) (bits int, signed uint8, isFloat bool) {
	switch {
	case k == KindComplex64:
		return 32, 1, true
	case k >= KindFloat16:
		return 8 * k.Size(), 1, true
	case k >= KindUint8:
		return 8 * k.Size(), 0, false
	}
	return 8 * k.Size(), 1, false
}

func arrowTypeID(k Kind) uint8 {
	if _, _, isFloat := arrowNumber(k); isFloat {
		return typeFloat
	}
	return typeInt
}

// typeID returns the format's number of the column's type.
func (c *column) typeID() uint8 {
	switch c.form {
	case formNumber:
		return arrowTypeID(c.kind)
	case formBool:
		return typeBool
	case formStruct:
		return typeStruct
	}
	return typeFixedSizeList
}
