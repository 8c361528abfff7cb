// SPDX-License-Identifier: Apache-2.0

package onnx

import "strconv"

// DataType is an element type, numbered as in the schema (TensorProto.DataType).
type DataType int32

// Element types of tensors.
const (
	Undefined  DataType = 0  // no type given
	Float32    DataType = 1  // float32
	Uint8      DataType = 2  // uint8
	Int8       DataType = 3  // int8
	Uint16     DataType = 4  // uint16
	Int16      DataType = 5  // int16
	Int32      DataType = 6  // int32
	Int64      DataType = 7  // int64
	String     DataType = 8  // byte strings
	Bool       DataType = 9  // one byte, 0 or 1
	Float16    DataType = 10 // IEEE 754 binary16
	Float64    DataType = 11 // float64
	Uint32     DataType = 12 // uint32
	Uint64     DataType = 13 // uint64
	Complex64  DataType = 14 // pairs of float32
	Complex128 DataType = 15 // pairs of float64
	BFloat16   DataType = 16 // upper half of a float32
)

type typeInfo struct {
	name string
	size int
}

var typeInfos = [...]typeInfo{
	Undefined: {"undefined", 0}, Float32: {"float32", 4}, Uint8: {"uint8", 1}, Int8: {"int8", 1},
	Uint16: {"uint16", 2}, Int16: {"int16", 2}, Int32: {"int32", 4}, Int64: {"int64", 8},
	String: {"string", 0}, Bool: {"bool", 1}, Float16: {"float16", 2}, Float64: {"float64", 8},
	Uint32: {"uint32", 4}, Uint64: {"uint64", 8}, Complex64: {"complex64", 8},
	Complex128: {"complex128", 16}, BFloat16: {"bfloat16", 2},
}

// Size returns the bytes of one element, or 0 when it has no fixed size.
func (t DataType) Size() int {
	if t < 0 || int(t) >= len(typeInfos) {
		return 0
	}
	return typeInfos[t].size
}

// String returns the Go name of the type.
func (t DataType) String() string {
	if t < 0 || int(t) >= len(typeInfos) {
		return "datatype(" + strconv.Itoa(int(t)) + ")"
	}
	return typeInfos[t].name
}
