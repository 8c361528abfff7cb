// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
)

// number lists the element types that kernels compute with.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// integer lists those of them that are whole.
type integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// typed is a kernel for each element type that it has; bool is stored as uint8.
type typed map[onnx.DataType]builder

// by makes a builder that picks the kernel for the type of input i.
func (t typed) by(i int) builder {
	return func(st *step) (func(), error) { return t.build(st, st.in[i].typ) }
}

// byOutput makes a builder that picks the kernel for the type of the output.
func (t typed) byOutput() builder {
	return func(st *step) (func(), error) { return t.build(st, st.out[0].typ) }
}

func (t typed) build(st *step, typ onnx.DataType) (func(), error) {
	if make, ok := t[typ]; ok {
		return make(st)
	}
	return nil, fmt.Errorf("element type %v is not supported", typ)
}

// or makes a builder like by(0) that has another kernel for one type.
func (t typed) or(typ onnx.DataType, make builder) builder {
	return func(st *step) (func(), error) {
		if st.in[0].typ == typ {
			return make(st)
		}
		return t.build(st, st.in[0].typ)
	}
}

// with adds or replaces the kernel for one type.
func (t typed) with(typ onnx.DataType, make builder) typed {
	t[typ] = make
	return t
}

// integers makes the table of a kernel that exists for all integers.
func integers(i8, i16, i32, i64, u8, u16, u32, u64 builder) typed {
	return typed{onnx.Int8: i8, onnx.Int16: i16, onnx.Int32: i32, onnx.Int64: i64,
		onnx.Uint8: u8, onnx.Uint16: u16, onnx.Uint32: u32, onnx.Uint64: u64}
}

// sized makes a builder for kernels that only move elements of input i, and need
// to know no more of the type than its size.
func sized(i int, s8, s16, s32, s64 builder) builder {
	return func(st *step) (func(), error) {
		switch st.in[i].typ.Size() {
		case 1:
			return s8(st)
		case 2:
			return s16(st)
		case 4:
			return s32(st)
		case 8:
			return s64(st)
		}
		return nil, fmt.Errorf("element type %v is not supported", st.in[i].typ)
	}
}

// indexAt returns a function that reads element i of an operand of indices.
func indexAt(o *operand) (func(i int) int64, error) {
	switch o.typ {
	case onnx.Int64:
		v := as[int64](o)
		return func(i int) int64 { return v[i] }, nil
	case onnx.Int32:
		v := as[int32](o)
		return func(i int) int64 { return int64(v[i]) }, nil
	}
	return nil, fmt.Errorf("indices are %v, want int64 or int32", o.typ)
}

// axisOf resolves an axis attribute of a node against a rank.
func (st *step) axisOf(def int64, rank int) (int, error) {
	axes, err := onnx.Axes([]int64{st.node.Int("axis", def)}, rank)
	if err != nil {
		return 0, err
	}
	return axes[0], nil
}
