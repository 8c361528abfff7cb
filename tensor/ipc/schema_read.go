// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"fmt"
	"strconv"

	"github.com/neuroran/neuroran/tensor"
)

// checkSchema compares a schema with that of the message type, field by field. What is
// said of extension types and of null values is of no consequence.
func checkSchema(r *flatReader, schema flatTable, want []fieldOf) error {
	if order := r.i16Field(schema, slotEndianness); order != nativeOrder() {
		return formatError("read", "byte order %d of another machine", order)
	}
	if err := checkFields(r, r.vectorField(schema, slotFields, 4), want, "schema"); err != nil {
		return err
	}
	if r.bad {
		return formatError("read", "broken schema")
	}
	return nil
}

func checkFields(r *flatReader, v flatVector, want []fieldOf, path string) error {
	if r.bad {
		return formatError("read", "broken schema at %s", path)
	}
	if v.len != len(want) {
		return &tensor.TypeError{Op: path, Want: fmt.Sprintf("%d fields", len(want)), Got: strconv.Itoa(v.len)}
	}
	for i := range want {
		if err := checkField(r, r.table(v, i), &want[i]); err != nil {
			return err
		}
	}
	return nil
}

// checkField compares one field; items of lists may have any name, as writers differ.
func checkField(r *flatReader, t flatTable, want *fieldOf) error {
	if name := string(r.textField(t, slotName)); name != want.name && want.name != "item" {
		return &tensor.TypeError{Op: want.path, Want: "field " + want.name, Got: fmt.Sprintf("field %q", name)}
	}
	if r.field(t, slotDictionary) != 0 {
		return &tensor.TypeError{Op: want.path, Want: "plain values", Got: "a dictionary"}
	}
	id, typ := r.u8Field(t, slotTypeType), r.tableField(t, slotType)
	if r.bad || typ == 0 {
		return formatError("read", "broken field %s", want.path)
	}
	children := r.vectorField(t, slotChildren, 4)
	got := arrowType{id: id, children: children.len}
	switch id {
	case typeInt:
		got.bits, got.signed = int(r.i32Field(typ, 0)), r.u8Field(typ, 1) != 0
	case typeFloat:
		got.bits = 16 << (uint16(r.i16Field(typ, 0)) & 3)
	case typeFixedSizeList:
		got.size = int(r.i32Field(typ, 0))
	}
	if got != want.typ {
		return &tensor.TypeError{Op: want.path, Want: want.typ.String(), Got: got.String()}
	}
	return checkFields(r, children, want.children, want.path)
}

func itoa(n int) string { return strconv.Itoa(n) }
