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

	// Types that are carried but not computed with here.
	Float8E4M3FN   DataType = 17 // 8 bits, 4 of exponent, no infinity
	Float8E4M3FNUZ DataType = 18 // the same without a negative zero
	Float8E5M2     DataType = 19 // 8 bits, 5 of exponent
	Float8E5M2FNUZ DataType = 20 // the same without infinity and negative zero
	Uint4          DataType = 21 // two in a byte
	Int4           DataType = 22 // two in a byte
	Float4E2M1     DataType = 23 // two in a byte
	Float8E8M0     DataType = 24 // 8 bits of exponent
	Uint2          DataType = 25 // four in a byte
	Int2           DataType = 26 // four in a byte
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
	Float8E4M3FN: {"float8e4m3fn", 1}, Float8E4M3FNUZ: {"float8e4m3fnuz", 1}, Float8E5M2: {"float8e5m2", 1},
	Float8E5M2FNUZ: {"float8e5m2fnuz", 1}, Uint4: {"uint4", 0}, Int4: {"int4", 0}, Float4E2M1: {"float4e2m1", 0},
	Float8E8M0: {"float8e8m0", 1}, Uint2: {"uint2", 0}, Int2: {"int2", 0},
}

// bytes returns how many bytes n elements take, or -1 when that is not known.
func (t DataType) bytes(n int) int {
	switch t {
	case Uint4, Int4, Float4E2M1:
		return (n + 1) / 2
	case Uint2, Int2:
		return (n + 3) / 4
	}
	if size := t.Size(); size > 0 {
		return n * size
	}
	return -1
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
