// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
)

// Kind names an element type at run time. The zero Kind is none.
type Kind uint8

// Element kinds, in the order of [Element].
const (
	KindInt8 Kind = iota + 1
	KindInt16
	KindInt32
	KindInt64
	KindUint8
	KindUint16
	KindUint32
	KindUint64
	KindFloat16
	KindFloat32
	KindFloat64
	KindComplex64
)

// kinds holds, for every Kind, its name, its size in bytes and the Arrow type
// that stores it.
var kinds = [...]struct {
	name  string
	size  int
	arrow arrow.DataType
}{
	KindInt8:      {"int8", 1, arrow.PrimitiveTypes.Int8},
	KindInt16:     {"int16", 2, arrow.PrimitiveTypes.Int16},
	KindInt32:     {"int32", 4, arrow.PrimitiveTypes.Int32},
	KindInt64:     {"int64", 8, arrow.PrimitiveTypes.Int64},
	KindUint8:     {"uint8", 1, arrow.PrimitiveTypes.Uint8},
	KindUint16:    {"uint16", 2, arrow.PrimitiveTypes.Uint16},
	KindUint32:    {"uint32", 4, arrow.PrimitiveTypes.Uint32},
	KindUint64:    {"uint64", 8, arrow.PrimitiveTypes.Uint64},
	KindFloat16:   {"float16", 2, arrow.FixedWidthTypes.Float16},
	KindFloat32:   {"float32", 4, arrow.PrimitiveTypes.Float32},
	KindFloat64:   {"float64", 8, arrow.PrimitiveTypes.Float64},
	KindComplex64: {"complex64", 8, arrow.PrimitiveTypes.Float32},
}

// KindOf returns the kind of E.
func KindOf[E Element]() Kind {
	var e E
	switch any(e).(type) {
	case int8:
		return KindInt8
	case int16:
		return KindInt16
	case int32:
		return KindInt32
	case int64:
		return KindInt64
	case uint8:
		return KindUint8
	case uint16:
		return KindUint16
	case uint32:
		return KindUint32
	case uint64:
		return KindUint64
	case Float16:
		return KindFloat16
	case float32:
		return KindFloat32
	case float64:
		return KindFloat64
	}
	return KindComplex64
}

// Valid reports whether k is an element kind.
func (k Kind) Valid() bool { return k >= KindInt8 && k <= KindComplex64 }

// Size returns the bytes of one element.
func (k Kind) Size() int { return kinds[k].size }

// String returns the name of the Go type, in lower case.
func (k Kind) String() string {
	if !k.Valid() {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kinds[k].name
}
