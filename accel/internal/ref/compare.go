// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
)

// comparisons makes the bool results of Equal, Greater, Less and their unions.
var comparisons = integers(compare[int8], compare[int16], compare[int32], compare[int64], compare[uint8], compare[uint16], compare[uint32], compare[uint64]).
	with(onnx.Float32, compare[float32]).with(onnx.Float64, compare[float64]).with(onnx.Bool, compare[uint8])

func compare[E number](st *step) (func(), error) {
	var f func(x, y E) bool
	switch st.node.OpType {
	case "Equal":
		f = func(x, y E) bool { return x == y }
	case "Greater":
		f = func(x, y E) bool { return x > y }
	case "GreaterOrEqual":
		f = func(x, y E) bool { return x >= y }
	case "Less":
		f = func(x, y E) bool { return x < y }
	case "LessOrEqual":
		f = func(x, y E) bool { return x <= y }
	}
	return pairwise(st, as[E](st.in[0]), as[E](st.in[1]), f)
}

// pairwise computes a bool for each pair of broadcast operands.
func pairwise[E any](st *step, x, y []E, f func(x, y E) bool) (func(), error) {
	dims := st.out[0].dims
	a, b := spreadOf(x, st.in[0].dims, dims), spreadOf(y, st.in[1].dims, dims)
	left, right, dst := make([]E, st.out[0].n), make([]E, st.out[0].n), as[uint8](st.out[0])
	return func() {
		a.copyTo(left)
		b.copyTo(right)
		for i, v := range left {
			dst[i] = 0
			if f(v, right[i]) {
				dst[i] = 1
			}
		}
	}, nil
}

// buildLogic makes And, Or and Xor.
func buildLogic(st *step) (func(), error) {
	var f func(x, y uint8) bool
	switch st.node.OpType {
	case "And":
		f = func(x, y uint8) bool { return x != 0 && y != 0 }
	case "Or":
		f = func(x, y uint8) bool { return x != 0 || y != 0 }
	case "Xor":
		f = func(x, y uint8) bool { return (x != 0) != (y != 0) }
	}
	return pairwise(st, as[uint8](st.in[0]), as[uint8](st.in[1]), f)
}

func buildNot(st *step) (func(), error) {
	dst, x := as[uint8](st.out[0]), as[uint8](st.in[0])
	return func() {
		for i, v := range x {
			dst[i] = 0
			if v == 0 {
				dst[i] = 1
			}
		}
	}, nil
}

// buildTest makes IsNaN and IsInf.
func buildTest(st *step) (func(), error) {
	up, down := st.node.Int("detect_positive", 1) != 0, st.node.Int("detect_negative", 1) != 0
	test := func(v float64) bool { return up && math.IsInf(v, 1) || down && math.IsInf(v, -1) }
	if st.node.OpType == "IsNaN" {
		test = math.IsNaN
	}
	switch st.in[0].typ {
	case onnx.Float32:
		return testAll(as[uint8](st.out[0]), as[float32](st.in[0]), test), nil
	case onnx.Float64:
		return testAll(as[uint8](st.out[0]), as[float64](st.in[0]), test), nil
	}
	return nil, fmt.Errorf("element type %v is not supported", st.in[0].typ)
}

func testAll[E float32 | float64](dst []uint8, x []E, test func(float64) bool) func() {
	return func() {
		for i, v := range x {
			dst[i] = 0
			if test(float64(v)) {
				dst[i] = 1
			}
		}
	}
}

// where takes each element from the first or the second operand.
func where[E any](st *step) (func(), error) {
	dims := st.out[0].dims
	cond := spreadOf(as[uint8](st.in[0]), st.in[0].dims, dims)
	yes, no := spreadOf(as[E](st.in[1]), st.in[1].dims, dims), spreadOf(as[E](st.in[2]), st.in[2].dims, dims)
	take, other, dst := make([]uint8, st.out[0].n), make([]E, st.out[0].n), as[E](st.out[0])
	return func() {
		cond.copyTo(take)
		yes.copyTo(dst)
		no.copyTo(other)
		for i, t := range take {
			if t == 0 {
				dst[i] = other[i]
			}
		}
	}, nil
}
