// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Tensor is a constant: an initializer or an attribute (TensorProto). Its
// payload is row-major and little-endian, whichever field of the file held it.
type Tensor struct {
	Name string   // name of the value
	Type DataType // element type
	Dims []int    // lengths; none for a scalar
	Raw  []byte   // payload, Len·Type.Size() bytes; aliases the decoded file
	Strs [][]byte // elements of a String tensor

	external *external // where the payload lies, when not here
	sparse   *sparse   // the payload, until it is written out
	unknown  []byte
}

// Len returns the number of elements.
func (t *Tensor) Len() int {
	n, _ := product(t.Dims)
	return n
}

// Float32s returns the elements converted to float32, or an error when the
// type is no real number.
func (t *Tensor) Float32s() ([]float32, error) {
	dst := make([]float32, t.Len())
	return dst, t.each(func(i int, v float64) { dst[i] = float32(v) })
}

// Float64s returns the elements converted to float64, or an error when the
// type is no real number.
func (t *Tensor) Float64s() ([]float64, error) {
	dst := make([]float64, t.Len())
	return dst, t.each(func(i int, v float64) { dst[i] = v })
}

// Int64s returns the elements of an integer or bool tensor, or an error.
func (t *Tensor) Int64s() ([]int64, error) {
	switch t.Type {
	case Int64:
		dst := make([]int64, t.Len())
		for i := range dst {
			dst[i] = int64(binary.LittleEndian.Uint64(t.Raw[8*i:]))
		}
		return dst, nil
	case Int32, Int16, Int8, Uint32, Uint16, Uint8, Bool:
		dst := make([]int64, t.Len())
		return dst, t.each(func(i int, v float64) { dst[i] = int64(v) })
	}
	return nil, fmt.Errorf("onnx: tensor %q: %v is no integer type", t.Name, t.Type)
}

// scalar returns the only element of a constant, which may be nil.
func (t *Tensor) scalar() (float64, error) {
	if t == nil || t.Len() != 1 {
		return 0, errors.New("want one constant element")
	}
	v, err := t.Float64s()
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

// each calls f with every element as a float64.
func (t *Tensor) each(f func(i int, v float64)) error {
	le := binary.LittleEndian
	var at func(b []byte) float64
	switch t.Type {
	case Float32:
		at = func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) }
	case Float64:
		at = func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }
	case Float16:
		at = func(b []byte) float64 { return float64(float16(le.Uint16(b))) }
	case BFloat16:
		at = func(b []byte) float64 { return float64(math.Float32frombits(uint32(le.Uint16(b)) << 16)) }
	case Int64:
		at = func(b []byte) float64 { return float64(int64(le.Uint64(b))) }
	case Uint64:
		at = func(b []byte) float64 { return float64(le.Uint64(b)) }
	case Int32:
		at = func(b []byte) float64 { return float64(int32(le.Uint32(b))) }
	case Uint32:
		at = func(b []byte) float64 { return float64(le.Uint32(b)) }
	case Int16:
		at = func(b []byte) float64 { return float64(int16(le.Uint16(b))) }
	case Uint16:
		at = func(b []byte) float64 { return float64(le.Uint16(b)) }
	case Int8:
		at = func(b []byte) float64 { return float64(int8(b[0])) }
	case Uint8, Bool:
		at = func(b []byte) float64 { return float64(b[0]) }
	default:
		return fmt.Errorf("onnx: tensor %q: %v is no real type", t.Name, t.Type)
	}
	n, size := t.Len(), t.Type.Size()
	if len(t.Raw) != n*size {
		return fmt.Errorf("onnx: tensor %q: %d bytes, want %d", t.Name, len(t.Raw), n*size)
	}
	for i := range n {
		f(i, at(t.Raw[i*size:]))
	}
	return nil
}

// float16 widens an IEEE 754 binary16 value.
func float16(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, int32(h>>10)&31, uint32(h)&1023
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	case exp > 0:
		return math.Float32frombits(sign | uint32(exp+112)<<23 | frac<<13)
	default:
		v := float32(frac) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	}
}

// NewFloat32 makes a float32 constant; it copies v. With no dims it is a
// scalar.
func NewFloat32(name string, v []float32, dims ...int) Tensor {
	t := Tensor{Name: name, Type: Float32, Dims: dims, Raw: make([]byte, 0, 4*len(v))}
	for _, x := range v {
		t.Raw = binary.LittleEndian.AppendUint32(t.Raw, math.Float32bits(x))
	}
	return t
}

// NewInt64 makes an int64 constant; it copies v. With no dims it is a scalar.
func NewInt64(name string, v []int64, dims ...int) Tensor {
	t := Tensor{Name: name, Type: Int64, Dims: dims, Raw: make([]byte, 0, 8*len(v))}
	for _, x := range v {
		t.Raw = binary.LittleEndian.AppendUint64(t.Raw, uint64(x))
	}
	return t
}

// maxFolded bounds the elements of a constant that inference makes up.
const maxFolded = 1 << 24

// maxElems bounds the number of elements of one tensor.
const maxElems = 1 << 40

// product multiplies lengths; it reports false on a negative length or an
// overflow.
func product(dims []int) (int, bool) {
	n := 1
	for _, d := range dims {
		if d < 0 || (d > 0 && n > maxElems/d) {
			return 0, false
		}
		n *= d
	}
	return n, true
}
