// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// scales is how a quantised value maps to real numbers: one scale and zero point
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

// quantizers makes the writer of each quantised type: it rounds to even and
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
		return quantizeRuns(as[uint8](st.out[0]), x, q, 0, 255), nil
	case onnx.Int8:
		return quantizeRuns(as[int8](st.out[0]), x, q, -128, 127), nil
	}
	return func() {
		for i, v := range x {
			k := q.index(i)
			put(i, math.RoundToEven(float64(v/q.scale[k]))+q.zero(k))
		}
	}, nil
}

// quantizeRuns quantises the neighbours that share a scale together, block by
// block.
func quantizeRuns[E int8 | uint8](dst []E, x []float32, q scales, lo, hi float32) func() {
	buf := make([]float32, 1024)
	return func() {
		for at := 0; at < len(x); {
			k := q.index(at)
			n := min(len(buf), q.run-at%q.run, len(x)-at)
			t := buf[:n]
			f32.DivNumber(t, x[at:], q.scale[k])
			f32.Round(t, t)
			f32.AddNumber(t, t, float32(q.zero(k)))
			f32.Clamp(t, t, lo, hi)
			for i, v := range t {
				dst[at+i] = E(int32(v))
			}
			at += n
		}
	}
}

// dequantizeRuns is the reverse.
func dequantizeRuns[E int8 | uint8](dst []float32, x []E, q scales) func() {
	return func() {
		for at := 0; at < len(x); at += q.run {
			k := q.index(at)
			scale, zero := q.scale[k], int32(q.zero(k))
			for i, v := range x[at:min(at+q.run, len(x))] {
				dst[at+i] = float32(int32(v)-zero) * scale
			}
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
		return dequantizeRuns(y, as[uint8](st.in[0]), q), nil
	case onnx.Int8:
		return dequantizeRuns(y, as[int8](st.in[0]), q), nil
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
		var lo, hi float32
		for _, v := range x {
			lo, hi = min(lo, v), max(hi, v)
		}
		if scale[0] = (hi - lo) / 255; scale[0] == 0 {
			scale[0] = 1
		}
		z := min(max(math.RoundToEven(float64(-lo/scale[0])), 0), 255)
		zero[0] = uint8(z)
		for i, v := range x {
			y[i] = uint8(min(max(math.RoundToEven(float64(v/scale[0]))+z, 0), 255))
		}
	}, nil
}

// centred is a quantised operand less its zero point, as float64 so that sums of
// products are exact.
type centred struct {
	values []float64
	load   func()
}

// centredOf resolves the operand in input i with the zero point in input z, for
// which unit says which element of the zero point belongs to element i.
func centredOf(st *step, i, z int, unit func(k, n int) int) (centred, error) {
	at, err := wholeAt(st.in[i])
	if err != nil {
		return centred{}, err
	}
	zero := func(int) int64 { return 0 }
	n := 1
	if st.has(z) {
		if zero, err = wholeAt(st.in[z]); err != nil {
			return centred{}, err
		}
		n = st.in[z].n
	}
	c := centred{values: make([]float64, st.in[i].n)}
	c.load = func() {
		for k := range c.values {
			z := 0
			if n > 1 {
				z = unit(k, n)
			}
			c.values[k] = float64(at(k) - zero(z))
		}
	}
	return c, nil
}

// buildIntegerMatMul makes MatMulInteger and QLinearMatMul.
func buildIntegerMatMul(st *step) (func(), error) {
	ia, ib, za, zb := 0, 1, 2, 3
	linear := st.node.OpType == "QLinearMatMul"
	if linear {
		ib, zb = 3, 5
	}
	a, b := st.in[ia], st.in[ib]
	m, k, n := productLengths(a.dims, b.dims)
	x, err := centredOf(st, ia, za, func(i, rows int) int { return i / k % rows })
	if err != nil {
		return nil, err
	}
	y, err := centredOf(st, ib, zb, func(i, cols int) int { return i % cols })
	if err != nil {
		return nil, err
	}
	batch := st.out[0].n / (m * n)
	offA, offB := batchOffsets(a.dims, b.dims, m*k, k*n, batch)
	sums := make([]float64, st.out[0].n)
	finish, err := finishInteger(st, sums, linear, n)
	if err != nil {
		return nil, err
	}
	return func() {
		x.load()
		y.load()
		for i := range batch {
			multiply(sums[i*m*n:], x.values[offA[i]:], y.values[offB[i]:], m, k, n)
		}
		finish()
	}, nil
}

// finishInteger writes sums as int32, or scaled to the quantised output; per is
// the distance of elements that share a column.
func finishInteger(st *step, sums []float64, linear bool, cols int) (func(), error) {
	if !linear {
		dst := as[int32](st.out[0])
		return func() {
			for i, v := range sums {
				dst[i] = int32(v)
			}
		}, nil
	}
	put, err := quantizer(st.out[0])
	if err != nil {
		return nil, err
	}
	for _, i := range []int{1, 4, 6} {
		if st.in[i].typ != onnx.Float32 || i != 4 && st.in[i].n != 1 {
			return nil, fmt.Errorf("scale %v %v", st.in[i].typ, st.in[i].dims)
		}
	}
	zero, err := wholeAt(st.in[7])
	if err != nil {
		return nil, err
	}
	sa, sb, sy := st.in[1].f32(), st.in[4].f32(), st.in[6].f32()
	column := func(i int) int { return i % cols }
	if st.node.OpType == "QLinearConv" {
		column = func(i int) int { return i / cols % len(sb) }
	}
	return func() {
		for i, v := range sums {
			k := 0
			if len(sb) > 1 {
				k = column(i) % len(sb)
			}
			put(i, math.RoundToEven(v*float64(sa[0])*float64(sb[k])/float64(sy[0]))+float64(zero(0)))
		}
	}, nil
}

// buildIntegerConv makes ConvInteger and QLinearConv.
func buildIntegerConv(st *step) (func(), error) {
	iw, zx, zw := 1, 2, 3
	linear := st.node.OpType == "QLinearConv"
	if linear {
		iw, zw = 3, 5
	}
	x, w := st.in[0], st.in[iw]
	win, err := onnx.WindowOf(st.node.Node, x.dims[2:], w.dims[2:])
	if err != nil {
		return nil, err
	}
	xs, err := centredOf(st, 0, zx, func(int, int) int { return 0 })
	if err != nil {
		return nil, err
	}
	perOut := w.n / w.dims[0]
	ws, err := centredOf(st, iw, zw, func(i, n int) int { return i / perOut % n })
	if err != nil {
		return nil, err
	}
	s, group := spatialOf(win), int(st.node.Int("group", 1))
	cin, cout, taps := w.dims[1], w.dims[0]/group, count(win.Kernel)
	size, places := count(win.In), count(win.Out)
	sums := make([]float64, st.out[0].n)
	finish, err := finishInteger(st, sums, linear, places)
	if err != nil {
		return nil, err
	}
	bias := make([]int32, w.dims[0])
	if linear && st.has(8) {
		bias = as[int32](st.in[8])
	}
	return func() {
		xs.load()
		ws.load()
		for bg := range x.dims[0] * group {
			in, g := xs.values[bg*cin*size:], bg%group
			clear(s.pos)
			for p := range places {
				for o := range cout {
					weights, sum := ws.values[(g*cout+o)*perOut:], float64(bias[g*cout+o])
					s.eachTap(func(t, off int) {
						for c := 0; off >= 0 && c < cin; c++ {
							sum += in[c*size+off] * weights[c*taps+t]
						}
					})
					sums[(bg*cout+o)*places+p] = sum
				}
				advance(s.pos, s.out)
			}
		}
		finish()
	}, nil
}
