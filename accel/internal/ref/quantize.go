// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
	"github.com/neuroran/neuroran/internal/simd/i8"
)

// scales is how a quantized value maps to real numbers: one scale and zero point
// for all, for each index along an axis, or for each block along it.
type scales struct {
	scale []float32
	zero  func(i int) float64
	index func(i int) int // scale of element i
	run   int             // how many neighbours share a scale
}

// scalesOf resolves inputs s and z of a node for a value of the given lengths.
func scalesOf(st *step, s, z int, dims []int) (scales, error) {
	o := st.in[s]
	if o.typ != onnx.Float32 {
		return scales{}, fmt.Errorf("scale is %v, the kernel takes float32", o.typ)
	}
	q := scales{scale: o.f32(), zero: func(int) float64 { return 0 }, index: func(int) int { return 0 }}
	if st.has(z) {
		zero, err := wholeAt(st.in[z])
		if err != nil {
			return q, err
		}
		if st.in[z].n != o.n {
			return q, st.invalid("zero point %v, scale %v", st.in[z].dims, o.dims)
		}
		q.zero = func(i int) float64 { return float64(zero(i)) }
	}
	if q.run = max(count(dims), 1); o.n == 1 {
		return q, nil
	}
	q.run = 1
	axis, err := st.axisOf(1, len(dims))
	if err != nil {
		return q, st.invalid("%v", err)
	}
	inner := count(dims[axis+1:])
	if block := int(st.node.Int("block_size", 0)); block > 0 && len(o.dims) == len(dims) {
		blocks := o.dims[axis]
		if blocks != (dims[axis]+block-1)/block || o.n != count(dims)/max(dims[axis], 1)*blocks {
			return q, st.invalid("scale %v for %v in blocks of %d", o.dims, dims, block)
		}
		q.index = func(i int) int {
			return (i/inner/dims[axis]*blocks+i/inner%dims[axis]/block)*inner + i%inner
		}
		return q, nil
	}
	if o.n != dims[axis] {
		return q, st.invalid("scale %v for axis %d of %v", o.dims, axis, dims)
	}
	q.index, q.run = func(i int) int { return i / inner % dims[axis] }, max(inner, 1)
	return q, nil
}

// wholeAt returns a function that reads an integer of any type.
func wholeAt(o *operand) (func(i int) int64, error) {
	switch o.typ {
	case onnx.Uint8:
		v := as[uint8](o)
		return func(i int) int64 { return int64(v[i]) }, nil
	case onnx.Int8:
		v := as[int8](o)
		return func(i int) int64 { return int64(v[i]) }, nil
	case onnx.Uint16:
		v := as[uint16](o)
		return func(i int) int64 { return int64(v[i]) }, nil
	case onnx.Int16:
		v := as[int16](o)
		return func(i int) int64 { return int64(v[i]) }, nil
	}
	return indexAt(o)
}

// quantizers makes the writer of each quantized type: it rounds to even and
// saturates.
func quantizer(o *operand) (func(i int, v float64), error) {
	clamp := func(v, lo, hi float64) float64 { return min(max(math.RoundToEven(v), lo), hi) }
	switch o.typ {
	case onnx.Uint8:
		d := as[uint8](o)
		return func(i int, v float64) { d[i] = uint8(clamp(v, 0, 255)) }, nil
	case onnx.Int8:
		d := as[int8](o)
		return func(i int, v float64) { d[i] = int8(clamp(v, -128, 127)) }, nil
	case onnx.Uint16:
		d := as[uint16](o)
		return func(i int, v float64) { d[i] = uint16(clamp(v, 0, 65535)) }, nil
	case onnx.Int16:
		d := as[int16](o)
		return func(i int, v float64) { d[i] = int16(clamp(v, -32768, 32767)) }, nil
	}
	return nil, fmt.Errorf("element type %v is not supported", o.typ)
}

func buildQuantize(st *step) (func(), error) {
	if st.in[0].typ != onnx.Float32 {
		return nil, fmt.Errorf("element type %v is not supported", st.in[0].typ)
	}
	q, err := scalesOf(st, 1, 2, st.in[0].dims)
	if err != nil {
		return nil, err
	}
	put, err := quantizer(st.out[0])
	if err != nil {
		return nil, err
	}
	x := st.in[0].f32()
	switch st.out[0].typ {
	case onnx.Uint8:
		return quantizeRuns(as[uint8](st.out[0]), x, q, i8.Unsigned), nil
	case onnx.Int8:
		return quantizeRuns(as[uint8](st.out[0]), x, q, i8.Signed), nil
	}
	return func() {
		for i, v := range x {
			k := q.index(i)
			put(i, math.RoundToEven(float64(v/q.scale[k]))+q.zero(k))
		}
	}, nil
}

// quantizeRuns quantizes the neighbours that share a scale together.
func quantizeRuns(dst []uint8, x []float32, q scales, limits func(zero int32) i8.Range) func() {
	return func() {
		for at := 0; at < len(x); {
			k, n := q.index(at), min(q.run-at%q.run, len(x)-at)
			i8.Quantize(dst[at:at+n], x[at:], q.scale[k], limits(int32(q.zero(k))))
			at += n
		}
	}
}

// dequantizeRuns is the reverse, of bytes that are flipped to unsigned ones.
func dequantizeRuns(dst []float32, x []uint8, q scales, flip uint8) func() {
	return func() {
		for at := 0; at < len(x); {
			k, n := q.index(at), min(q.run-at%q.run, len(x)-at)
			i8.Dequantize(dst[at:at+n], x[at:], q.scale[k], int32(q.zero(k))+int32(flip), flip)
			at += n
		}
	}
}

func buildDequantize(st *step) (func(), error) {
	if st.out[0].typ != onnx.Float32 {
		return nil, fmt.Errorf("element type %v is not supported", st.out[0].typ)
	}
	q, err := scalesOf(st, 1, 2, st.in[0].dims)
	if err != nil {
		return nil, err
	}
	at, err := wholeAt(st.in[0])
	if err != nil {
		return nil, err
	}
	y := st.out[0].f32()
	switch st.in[0].typ {
	case onnx.Uint8:
		return dequantizeRuns(y, as[uint8](st.in[0]), q, 0), nil
	case onnx.Int8:
		return dequantizeRuns(y, as[uint8](st.in[0]), q, i8.Flip), nil
	}
	return func() {
		for i := range y {
			k := q.index(i)
			y[i] = float32(float64(at(i))-q.zero(k)) * q.scale[k]
		}
	}, nil
}

// buildDynamicQuantize finds the scale that covers all elements and 0.
func buildDynamicQuantize(st *step) (func(), error) {
	if st.in[0].typ != onnx.Float32 {
		return nil, fmt.Errorf("element type %v is not supported", st.in[0].typ)
	}
	x, y := st.in[0].f32(), as[uint8](st.out[0])
	scale, zero := make([]float32, 1), make([]uint8, 1)
	if len(st.out) > 1 {
		scale = st.out[1].f32()
	}
	if len(st.out) > 2 {
		zero = as[uint8](st.out[2])
	}
	return func() {
		lo, hi := min(0, f32.Least(x)), max(0, f32.Greatest(x))
		if scale[0] = (hi - lo) / 255; scale[0] == 0 {
			scale[0] = 1
		}
		z := min(max(math.RoundToEven(float64(-lo/scale[0])), 0), 255)
		zero[0] = uint8(z)
		i8.Quantize(y, x, scale[0], i8.Unsigned(int32(z)))
	}, nil
}
