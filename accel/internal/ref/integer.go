// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// centred is a quantised operand less its zero point: whole numbers from −255 to
// 255 in float32.
type centred struct {
	values []float32
	load   func()
}

// exactTerms is how many products of centred numbers float32 adds without
// rounding: 255² times as many is less than 2²⁴.
const exactTerms = 256

// centredOf resolves input i with its zero point, if any, at input z; unit says
// which element of the zero point belongs to element k.
func centredOf(st *step, i, z int, unit func(k, n int) int) (centred, error) {
	o := st.in[i]
	at, err := wholeAt(o)
	if err == nil && o.typ.Size() != 1 {
		err = fmt.Errorf("element type %v is not supported", o.typ)
	}
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
	c := centred{values: make([]float32, o.n)}
	c.load = func() {
		switch {
		case n == 1 && o.typ == onnx.Uint8:
			centre(c.values, as[uint8](o), zero(0))
		case n == 1 && o.typ == onnx.Int8:
			centre(c.values, as[int8](o), zero(0))
		default:
			for k := range c.values {
				c.values[k] = float32(at(k) - zero(unit(k, n)))
			}
		}
	}
	return c, nil
}

func centre[E int8 | uint8](dst []float32, x []E, zero int64) {
	for i, v := range x {
		dst[i] = float32(int32(v) - int32(zero))
	}
}

// exactProduct adds products of centred numbers to sums, as many terms at a time
// as float32 adds exactly.
type exactProduct struct {
	panels, part, zero []float32
}

func newExactProduct(rows, cols int) *exactProduct {
	return &exactProduct{make([]float32, f32.PackedLen(exactTerms, cols)), make([]float32, rows*cols), make([]float32, max(rows, cols))}
}

// addTo adds the first rows × cols of part to sums, whose rows are lds apart.
func (e *exactProduct) addTo(sums []float64, lds, rows, cols int) {
	for i := range rows {
		row := sums[i*lds:][:cols]
		for j, v := range e.part[i*cols:][:cols] {
			row[j] += float64(v)
		}
	}
}

// matrix computes sums = a·b for an m×k matrix a and a k×n matrix b.
func (e *exactProduct) matrix(sums []float64, a, b []float32, m, k, n int) {
	clear(sums[:m*n])
	for first := 0; first < k; first += exactTerms {
		terms := min(exactTerms, k-first)
		f32.Pack(e.panels, b[first*n:], n, terms, n)
		f32.Gemm(e.part, n, a[first:], k, e.panels, e.zero, 0, m, n, terms, f32.NoFloor)
		e.addTo(sums, n, m, n)
	}
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
	product := newExactProduct(m, n)
	return func() {
		x.load()
		y.load()
		for i := range batch {
			product.matrix(sums[i*m*n:], x.values[offA[i]:], y.values[offB[i]:], m, k, n)
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
	run := len(sums) // neighbours that share a scale
	if len(sb) > 1 {
		if run = 1; st.node.OpType == "QLinearConv" {
			run = cols
		}
	}
	factor := func(i int) float32 {
		k := 0
		if len(sb) > 1 && run == 1 {
			k = i % cols % len(sb)
		} else if len(sb) > 1 {
			k = i / cols % len(sb)
		}
		return sa[0] * sb[k] / sy[0]
	}
	switch st.out[0].typ {
	case onnx.Uint8:
		return requantize(as[uint8](st.out[0]), sums, run, factor, zero, 0, 255), nil
	case onnx.Int8:
		return requantize(as[int8](st.out[0]), sums, run, factor, zero, -128, 127), nil
	}
	return func() {
		for i, v := range sums {
			put(i, math.RoundToEven(v*float64(factor(i)))+float64(zero(0)))
		}
	}, nil
}

// requantize scales sums to a quantised output, run by run of neighbours that
// share a factor, block by block.
func requantize[E int8 | uint8](dst []E, sums []float64, run int, factor func(i int) float32, zero func(int) int64, lo, hi float32) func() {
	buf := make([]float32, 1024)
	return func() {
		z := float32(zero(0))
		for at := 0; at < len(sums); {
			n := min(len(buf), run-at%run, len(sums)-at)
			t := buf[:n]
			for i, v := range sums[at : at+n] {
				t[i] = float32(v)
			}
			f32.MulNumber(t, t, factor(at))
			f32.Round(t, t)
			f32.AddNumber(t, t, z)
			f32.Clamp(t, t, lo, hi)
			for i, v := range t {
				dst[at+i] = E(int32(v))
			}
			at += n
		}
	}
}

// buildIntegerConv makes ConvInteger and QLinearConv.
func buildIntegerConv(st *step) (func(), error) {
	iw, zx, zw := 1, 2, 3
	linear := st.node.OpType == "QLinearConv"
	if linear {
		iw, zw = 3, 5
	}
	x, w := st.in[0], st.in[iw]
	win, err := windowOf(st.node.Node, x.dims[2:], w.dims[2:])
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
	c := newConv(st, win, w.dims, xs.values, ws.values)
	c.setTile()
	sums, places := make([]float64, st.out[0].n), c.rows()*c.out[2]
	finish, err := finishInteger(st, sums, linear, places)
	if err != nil {
		return nil, err
	}
	bias := make([]int32, w.dims[0])
	if linear && st.has(8) {
		bias = as[int32](st.in[8])
	}
	product := newExactProduct(c.cout, c.tile)
	return func() {
		xs.load()
		ws.load()
		for i := 0; i*places < len(sums); i++ {
			fill(sums[i*places:(i+1)*places], float64(bias[i%len(bias)]))
		}
		product.convolve(sums, c)
		finish()
	}, st.scratch.need(c.cin*c.size, 0, c.tile)
}

// convolve adds the products of a convolution to sums.
func (e *exactProduct) convolve(sums []float64, c *conv) {
	k, places := len(c.offsets), c.rows()*c.out[2]
	buf := c.scratch.take(c.cin*c.size, 0, c.tile)
	c.each(buf[0], func(t convTile) {
		for first := 0; first < k; first += exactTerms {
			taps := c.offsets[first:min(first+exactTerms, k)]
			c.unfold(e.panels, buf[2], t, taps)
			w := c.w[t.group*c.cout*k+first:]
			f32.GemmColumn(e.part, t.n, w, k, e.panels, e.zero, c.cout, t.n, len(taps), f32.NoFloor)
			e.addTo(sums[t.batch*c.cout*places+t.at:], places, c.cout, t.n)
		}
	})
}
