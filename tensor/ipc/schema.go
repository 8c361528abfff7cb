// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"encoding/json"

	"github.com/neuroran/neuroran/internal/tensor/memory"
)

const (
	extensionName        = "arrow.variable_shape_tensor"
	keyExtensionName     = "ARROW:extension:name"
	keyExtensionMetadata = "ARROW:extension:metadata"

	// iqAxis names the trailing axis of 2 that stands for a complex element.
	iqAxis = "iq"
)

// arrowType is a type of a schema: its number in the format's union, and what
// parameters it has.
type arrowType struct {
	id       uint8
	bits     int  // of integers and floats
	signed   bool // of integers
	size     int  // of a fixed-size list
	children int
}

// typeOf returns the type of the column's values.
func (c *column) typeOf() arrowType {
	switch c.t.Form {
	case memory.Bool:
		return arrowType{id: typeBool}
	case memory.String:
		return arrowType{id: typeUTF8}
	case memory.Slice:
		return arrowType{id: typeList, children: 1}
	case memory.Array, memory.Complex:
		return arrowType{id: typeFixedSizeList, size: c.num(), children: 1}
	case memory.Struct:
		return arrowType{id: typeStruct, children: len(c.children)}
	case memory.Tensor:
		return arrowType{id: typeStruct, children: 2}
	}
	return numberType(c.t.Form, 8*int(c.t.Size))
}

func numberType(f memory.Form, bits int) arrowType {
	if f == memory.Float {
		return arrowType{id: typeFloat, bits: bits}
	}
	return arrowType{id: typeInt, bits: bits, signed: f == memory.Int}
}

// fieldOf is a field of a schema.
type fieldOf struct {
	name     string
	path     string // as in errors
	typ      arrowType
	nullable bool
	metadata []byte // of the extension type; nil for none
	children []fieldOf
}

// fields returns the fields of columns.
func fields(columns []*column) []fieldOf {
	var out []fieldOf
	for _, c := range columns {
		f := fieldOf{name: c.name, path: c.path, typ: c.typeOf(), children: fields(c.children)}
		if c.t.Form == memory.Tensor {
			f.children = c.tensorFields()
			f.metadata = c.metadata()
		}
		// Items of lists, and the fields of a tensor, say that they may be null, as
		// those of other writers do, although none is.
		f.nullable = c.name == "item"
		out = append(out, f)
	}
	return out
}

// tensorFields returns the fields data and shape.
func (c *column) tensorFields() []fieldOf {
	form, bits := formOf(c.t.Ops.Kind.String()), 8*c.t.Ops.Word
	data := fieldOf{
		name: "data", path: c.path + ".data", typ: arrowType{id: typeList, children: 1}, nullable: true,
		children: []fieldOf{{name: "item", path: c.path + ".data[]", typ: numberType(form, bits), nullable: true}},
	}
	shape := fieldOf{
		name: "shape", path: c.path + ".shape", typ: arrowType{id: typeFixedSizeList, size: c.dims(), children: 1}, nullable: true,
		children: []fieldOf{{name: "item", path: c.path + ".shape[]", typ: numberType(memory.Int, 32), nullable: true}},
	}
	if c.axes == nil {
		shape.typ = arrowType{id: typeList, children: 1}
	}
	return []fieldOf{data, shape}
}

// formOf returns the form of the scalars of a kind of tensor.
func formOf(kind string) memory.Form {
	switch kind[0] {
	case 'i':
		return memory.Int
	case 'u':
		return memory.Uint
	}
	return memory.Float
}

// metadata returns that of the extension type of a tensor with named axes, nil for
// another.
func (c *column) metadata() []byte {
	if c.axes == nil {
		return nil
	}
	names := append([]string(nil), c.axes...)
	if c.scalars() == 2 {
		names = append(names, iqAxis)
	}
	text, err := json.Marshal(struct {
		DimNames []string `json:"dim_names"`
	}{names})
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}

// String returns the name of the type as Arrow has it.
func (t arrowType) String() string {
	switch t.id {
	case typeInt:
		return word(t.signed, "int", "uint") + itoa(t.bits)
	case typeFloat:
		return "float" + itoa(t.bits)
	case typeFixedSizeList:
		return "fixed_size_list[" + itoa(t.size) + "]"
	case typeStruct:
		return "struct of " + itoa(t.children)
	}
	if int(t.id) < len(typeNames) {
		return typeNames[t.id]
	}
	return "type " + itoa(int(t.id))
}
