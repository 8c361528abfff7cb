// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// extensionName is the canonical name that Arrow gives to the type.
const extensionName = "arrow.fixed_shape_tensor"

// FixedShapeTensorType is Arrow's canonical extension type
// arrow.fixed_shape_tensor: every row is a tensor of one shape, stored as a
// fixed-size list of its elements. It is immutable.
//
// Arrow columnar format, canonical extension types, "Fixed shape tensor".
type FixedShapeTensorType struct {
	arrow.ExtensionBase
	elem  arrow.DataType
	shape []int
	axes  []string
}

// NewFixedShapeTensorType returns the type of tensors with the given element
// type, lengths and axis names; axes is nil or has one name a length. It
// returns a [*ShapeError] unless all lengths are positive, their product fits
// Arrow's 32-bit list size and the names match the lengths.
func NewFixedShapeTensorType(elem arrow.DataType, shape []int, axes []string) (*FixedShapeTensorType, error) {
	n, ok := product(shape)
	if !ok || n < 1 || n > maxListSize || len(axes) > 0 && len(axes) != len(shape) {
		return nil, &ShapeError{Op: "tensor: fixed shape tensor type", Got: slices.Clone(shape)}
	}
	return &FixedShapeTensorType{
		ExtensionBase: arrow.ExtensionBase{Storage: arrow.FixedSizeListOf(int32(n), elem)},
		elem:          elem,
		shape:         slices.Clone(shape),
		axes:          slices.Clone(axes),
	}, nil
}

// Shape returns the lengths; the caller must not change them.
func (t *FixedShapeTensorType) Shape() []int { return t.shape }

// Axes returns the axis names, or nil; the caller must not change them.
func (t *FixedShapeTensorType) Axes() []string { return t.axes }

// Elem returns the Arrow type of one element.
func (t *FixedShapeTensorType) Elem() arrow.DataType { return t.elem }

// ArrayType returns the type of [FixedShapeTensorArray].
func (t *FixedShapeTensorType) ArrayType() reflect.Type {
	return reflect.TypeFor[FixedShapeTensorArray]()
}

// ExtensionName returns "arrow.fixed_shape_tensor".
func (t *FixedShapeTensorType) ExtensionName() string { return extensionName }

// String returns the name with the lengths.
func (t *FixedShapeTensorType) String() string {
	return fmt.Sprintf("%s<%s>%v", extensionName, t.elem, t.shape)
}

// ExtensionEquals reports whether both types have one element type, the same
// lengths and the same axis names.
func (t *FixedShapeTensorType) ExtensionEquals(other arrow.ExtensionType) bool {
	o, ok := other.(*FixedShapeTensorType)
	return ok && arrow.TypeEqual(t.elem, o.elem) && slices.Equal(t.shape, o.shape) && slices.Equal(t.axes, o.axes)
}

// Serialize returns the metadata of the type, as Arrow's specification has it.
func (t *FixedShapeTensorType) Serialize() string {
	return string(shapeMetadata{Shape: t.shape, DimNames: t.axes}.encode())
}

// Deserialize returns the type that metadata describes over the given storage.
func (t *FixedShapeTensorType) Deserialize(storage arrow.DataType, metadata string) (arrow.ExtensionType, error) {
	list, ok := storage.(*arrow.FixedSizeListType)
	if !ok {
		return nil, &TypeError{Op: extensionName + " storage", Want: "fixed_size_list", Got: storage.String()}
	}
	meta, err := decodeShape([]byte(metadata), extensionName)
	if err != nil {
		return nil, err
	}
	if n, _ := product(meta.Shape); n != int(list.Len()) {
		return nil, &ShapeError{Op: extensionName + " storage", Want: meta.Shape, Got: []int{int(list.Len())}}
	}
	return NewFixedShapeTensorType(list.Elem(), meta.Shape, meta.DimNames)
}

// FixedShapeTensorArray is a column of tensors; [FromArrow] reads its rows.
type FixedShapeTensorArray struct {
	array.ExtensionArrayBase
}

// maxListSize is the largest size of an Arrow fixed-size list.
const maxListSize = 1<<31 - 1

// shapeMetadata is the JSON of the extension type.
type shapeMetadata struct {
	Shape       []int    `json:"shape"`
	DimNames    []string `json:"dim_names,omitempty"`
	Permutation []int    `json:"permutation,omitempty"`
}

func (m shapeMetadata) encode() []byte {
	if m.Shape == nil {
		m.Shape = []int{}
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // ints and strings always marshal
	}
	return text
}

// decodeShape parses the metadata and checks that its parts fit each other.
// A permutation other than the identity is refused: it would need a copy.
func decodeShape(text []byte, op string) (shapeMetadata, error) {
	var m shapeMetadata
	if err := json.Unmarshal(text, &m); err != nil {
		return m, formatError(op, "extension metadata: %v", err)
	}
	if _, ok := product(m.Shape); !ok || len(m.Shape) > MaxRank+1 {
		return m, &ShapeError{Op: op, Got: m.Shape}
	}
	if len(m.DimNames) > 0 && len(m.DimNames) != len(m.Shape) {
		return m, formatError(op, "%d dim_names for %d lengths", len(m.DimNames), len(m.Shape))
	}
	for i, p := range m.Permutation {
		if p != i {
			return m, &TypeError{Op: op, Want: "row-major order", Got: fmt.Sprintf("permutation %v", m.Permutation)}
		}
	}
	return m, nil
}
