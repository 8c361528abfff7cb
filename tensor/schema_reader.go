// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"
	"slices"
)

// readSchema checks a schema message against the layout, field by field, and
// returns the shapes that it gives to the tensors.
func (l *layout) readSchema(m *ipcMessage) ([]tensorShape, error) {
	r := &m.meta
	if order := r.i16Field(m.header, slotEndianness); order != nativeOrder() {
		return nil, formatError("decode", "byte order %d of another machine", order)
	}
	shapes := make([]tensorShape, len(l.tensors))
	if err := readFields(r, r.vectorField(m.header, slotFields, 4), l.columns, "schema", shapes); err != nil {
		return nil, err
	}
	if r.bad {
		return nil, formatError("decode", "broken schema")
	}
	return shapes, nil
}

func readFields(r *flatReader, v flatVector, columns []*column, path string, shapes []tensorShape) error {
	if r.bad {
		return formatError("decode", "broken schema at %s", path)
	}
	if v.len != len(columns) {
		return &TypeError{Op: path, Want: fmt.Sprintf("%d fields", len(columns)), Got: fmt.Sprintf("%d", v.len)}
	}
	for i, c := range columns {
		if err := readField(r, r.table(v, i), c, shapes); err != nil {
			return err
		}
	}
	return nil
}

// readField checks one field; list items may have any name, as writers differ.
func readField(r *flatReader, t flatTable, c *column, shapes []tensorShape) error {
	if name := string(r.textField(t, slotName)); name != c.name && c.name != "item" {
		return &TypeError{Op: c.path, Want: "field " + c.name, Got: fmt.Sprintf("field %q", name)}
	}
	if r.field(t, slotDictionary) != 0 {
		return &TypeError{Op: c.path, Want: "plain values", Got: "a dictionary"}
	}
	id, typ := r.u8Field(t, slotTypeType), r.tableField(t, slotType)
	if r.bad || typ == 0 {
		return formatError("decode", "broken field %s", c.path)
	}
	if id != c.typeID() {
		return &TypeError{Op: c.path, Want: c.typeName(), Got: typeName(r, id, typ)}
	}
	children := r.vectorField(t, slotChildren, 4)
	switch c.form {
	case formNumber:
		return checkNumber(r, id, typ, c.kind, c.path)
	case formTensor:
		return readTensor(r, t, c, children, &shapes[c.index])
	case formList:
		if n := int(r.i32Field(typ, 0)); n != c.count {
			return &ShapeError{Op: c.path, Want: []int{c.count}, Got: []int{n}}
		}
	}
	return readFields(r, children, c.children, c.path, shapes)
}

// readTensor checks a tensor column and takes its shape from the metadata.
func readTensor(r *flatReader, t flatTable, c *column, children flatVector, s *tensorShape) error {
	size := int(r.i32Field(r.tableField(t, slotType), 0))
	if children.len != 1 {
		return formatError("decode", "%s: %d items", c.path, children.len)
	}
	item := r.table(children, 0)
	if err := checkNumber(r, r.u8Field(item, slotTypeType), r.tableField(item, slotType), c.kind, c.path); err != nil {
		return err
	}
	name, text := extension(r, t)
	if r.bad {
		return formatError("decode", "broken field %s", c.path)
	}
	if string(name) != extensionName {
		return &TypeError{Op: c.path, Want: extensionName, Got: fmt.Sprintf("fixed_size_list with extension %q", name)}
	}
	meta, err := decodeShape(text, c.path)
	if err != nil {
		return err
	}
	if n, _ := product(meta.Shape); n != size {
		return &ShapeError{Op: c.path + ": list size", Want: meta.Shape, Got: []int{size}}
	}
	shape, axes := meta.Shape, meta.DimNames
	if c.kind == KindComplex64 {
		if len(shape) < 2 || shape[len(shape)-1] != 2 {
			return &ShapeError{Op: c.path + ": complex64", Want: []int{-1, 2}, Got: shape}
		}
		shape, axes = shape[:len(shape)-1], axes[:max(0, len(axes)-1)]
	}
	if len(shape) > MaxRank {
		return &ShapeError{Op: c.path, Got: slices.Clone(shape)}
	}
	s.rank, s.axes = copy(s.dims[:], shape), axes
	if err := c.checkShape(s); err != nil {
		return err
	}
	if c.axes != nil {
		s.axes = c.axes
	}
	return nil
}

// extension returns the extension name and metadata of a field.
func extension(r *flatReader, t flatTable) (name, text []byte) {
	pairs := r.vectorField(t, slotMetadata, 4)
	for i := range pairs.len {
		kv := r.table(pairs, i)
		switch key := r.textField(kv, slotKey); {
		case r.bad:
			return nil, nil
		case string(key) == keyExtensionName:
			name = r.textField(kv, slotValue)
		case string(key) == keyExtensionMetadata:
			text = r.textField(kv, slotValue)
		}
	}
	return name, text
}

// checkNumber compares a number type with the one that stores kind k.
func checkNumber(r *flatReader, id uint8, typ flatTable, k Kind, path string) error {
	bits, signed, isFloat := arrowNumber(k)
	ok := id == arrowTypeID(k)
	if isFloat {
		ok = ok && int(r.i16Field(typ, 0)) == bits/32
	} else {
		ok = ok && int(r.i32Field(typ, 0)) == bits && r.u8Field(typ, 1) == signed
	}
	if !ok {
		return &TypeError{Op: path, Want: kinds[k].arrow.String(), Got: typeName(r, id, typ)}
	}
	return nil
}

// typeName names a type of a schema as Arrow does.
func typeName(r *flatReader, id uint8, typ flatTable) string {
	switch {
	case id == typeInt && r.u8Field(typ, 1) != 0:
		return fmt.Sprintf("int%d", r.i32Field(typ, 0))
	case id == typeInt:
		return fmt.Sprintf("uint%d", r.i32Field(typ, 0))
	case id == typeFloat:
		return fmt.Sprintf("float%d", 16<<(uint16(r.i16Field(typ, 0))&3))
	case int(id) < len(typeNames):
		return typeNames[id]
	}
	return fmt.Sprintf("type %d", id)
}

func (c *column) typeName() string {
	if c.form == formNumber {
		return kinds[c.kind].arrow.String()
	}
	return typeNames[c.typeID()]
}
