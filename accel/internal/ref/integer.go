// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/i8"
)

// quantity is an operand of 8-bit integers with its zero points.
//
// A product takes unsigned numbers on the left and signed ones on the right, so
// that operands of the other kind are flipped, which moves number and zero point
// alike by 128. For a row a with zero point p and a column b with zero point q, of
// k elements each,
//
//	Σ(a−p)(b−q) = Σab − p·Σb − q·Σa + k·p·q
//
// where a row of ones in the left matrix gives Σb of all columns.
type quantity struct {
	data   []uint8
	signed bool
	zero   func(i int) int64
	zeros  int // how many there are
}

// quantityOf resolves input i with its zero points, if any, at input z.
func quantityOf(st *step, i, z int) (quantity, error) {
	o := st.in[i]
	if o.typ != onnx.Int8 && o.typ != onnx.Uint8 {
		return quantity{}, fmt.Errorf("element type %v is not supported", o.typ)
	}
	q := quantity{data: as[uint8](o), signed: o.typ == onnx.Int8, zero: func(int) int64 { return 0 }, zeros: 1}
	if !st.has(z) {
		return q, nil
	}
	var err error
	q.zeros = st.in[z].n
	q.zero, err = wholeAt(st.in[z])
	return q, err
}

// left and right return what the bytes are flipped with on that side of a product.
func (q quantity) left() uint8  { return map[bool]uint8{true: i8.Flip, false: 0}[q.signed] }
func (q quantity) right() uint8 { return i8.Flip - q.left() }

// leftZero and rightZero return zero point i as it is after that.
func (q quantity) leftZero(i int) int32  { return int32(q.zero(i%q.zeros)) + int32(q.left()) }
func (q quantity) rightZero(i int) int32 { return int32(q.zero(i%q.zeros)) - int32(q.right()) }

// leftRows is the left side of products: rows of unsigned bytes, each as long as whole
// groups of terms, then one of ones.
type leftRows struct {
	bytes []uint8
	sums  []int32 // of each row
	terms int
}

func newLeftRows(m, k int) *leftRows {
	r := &leftRows{make([]uint8, (m+1)*i8.Terms(k)), make([]int32, m), i8.Terms(k)}
	fill(r.bytes[m*r.terms:], 1)
	return r
}

// set copies a matrix of rows of k bytes.
func (r *leftRows) set(src []uint8, k int, flip uint8) {
	for i := range r.sums {
		row := r.bytes[i*r.terms:][:k]
		i8.CopyFlipped(row, src[i*k:], flip)
		r.sums[i] = int32(i8.Sum(row))
	}
}

// integerSink takes the rows of a product to the output: as they are, or scaled to
// a quantized type.
type integerSink struct {
	ints   []int32
	bytes  []uint8
	signed bool
	zero   func(i int) int64

	a, b, y []float32 // scales of the left and right side and of the output
}

// sinkOf resolves the output; linear says that the node is QLinear….
func sinkOf(st *step, linear bool) (*integerSink, error) {
	o := st.out[0]
	if !linear {
		return &integerSink{ints: as[int32](o)}, nil
	}
	if o.typ != onnx.Int8 && o.typ != onnx.Uint8 {
		return nil, fmt.Errorf("element type %v is not supported", o.typ)
	}
	for _, i := range []int{1, 4, 6} {
		if st.in[i].typ != onnx.Float32 || i != 4 && st.in[i].n != 1 {
			return nil, fmt.Errorf("scale %v %v", st.in[i].typ, st.in[i].dims)
		}
	}
	zero, err := wholeAt(st.in[7])
	return &integerSink{bytes: as[uint8](o), signed: o.typ == onnx.Int8, zero: zero,
		a: st.in[1].f32(), b: st.in[4].f32(), y: st.in[6].f32()}, err
}

// put writes neighbours at element at of the output: sums + p·ones + q, times the
// scale of channel i.
func (s *integerSink) put(at int, sums, ones []int32, p, q int32, i int) {
	if s.ints != nil {
		i8.AddScaled(s.ints[at:][:len(sums)], sums, ones, p, q)
		return
	}
	limits := i8.Unsigned(int32(s.zero(0)))
	if s.signed {
		limits = i8.Signed(int32(s.zero(0)))
	}
	i8.Requantize(s.bytes[at:][:len(sums)], sums, ones, p, q, s.a[0]*s.b[i%len(s.b)]/s.y[0], limits)
}

// integerMatMul is a product of matrices of 8-bit integers.
type integerMatMul struct {
	m, k, n    int
	x, y       quantity
	left       *leftRows
	right      func(off int) []int8 // panels of the matrix at an offset of y
	sums       []int32
	sink       *integerSink
	offA, offB []int // of each product
}

// buildIntegerMatMul makes MatMulInteger and QLinearMatMul.
func buildIntegerMatMul(st *step) (func(), error) {
	ia, ib, za, zb := 0, 1, 2, 3
	linear := st.node.OpType == "QLinearMatMul"
	if linear {
		ib, zb = 3, 5
	}
	a, b := st.in[ia], st.in[ib]
	p := &integerMatMul{}
	p.m, p.k, p.n = productLengths(a.dims, b.dims)
	var err error
	if p.x, err = quantityOf(st, ia, za); err != nil {
		return nil, err
	}
	if p.y, err = quantityOf(st, ib, zb); err != nil {
		return nil, err
	}
	if p.sink, err = sinkOf(st, linear); err != nil {
		return nil, err
	}
	p.offA, p.offB = batchOffsets(a.dims, b.dims, p.m*p.k, p.k*p.n, st.out[0].n/(p.m*p.n))
	p.left = newLeftRows(p.m, p.k)
	p.sums = make([]int32, (p.m+1)*i8.Columns(p.n))
	p.right = p.panels(st, b)
	return p.run, nil
}

// panels returns what packs the matrix at an offset of the right side: once for a
// constant, before each product for others.
func (p *integerMatMul) panels(st *step, b *operand) func(off int) []int8 {
	offsets := make([]int, p.k)
	for i := range offsets {
		offsets[i] = i * p.n
	}
	pack := func(dst []int8, off int) []int8 {
		i8.PackRows(dst, p.y.data[off:], offsets, 0, p.k, p.n, p.y.right())
		return dst
	}
	size := i8.PackedLen(p.k, p.n)
	if b.tens == nil || !b.shared || b.n != p.k*p.n {
		dst := make([]int8, size)
		return func(off int) []int8 { return pack(dst, off) }
	}
	dst := cached(st.session, b.name+"/bytes", func() []int8 { return pack(make([]int8, size), 0) })
	return func(int) []int8 { return dst }
}

func (p *integerMatMul) run() {
	ldc := i8.Columns(p.n)
	for i, off := range p.offA {
		p.left.set(p.x.data[off:], p.k, p.x.left())
		i8.Gemm(p.sums, ldc, p.left.bytes, p.left.terms, p.right(p.offB[i]), p.m+1, p.n, p.k)
		for r := range p.m {
			p.finish((i*p.m+r)*p.n, r, p.x.leftZero(off/p.k+r), p.offB[i]/p.k)
		}
	}
}

// finish writes row r of a product to element at of the output; zero is its zero
// point, and columns count from first.
func (p *integerMatMul) finish(at, r int, zero int32, first int) {
	ldc := i8.Columns(p.n)
	sums, ones := p.sums[r*ldc:][:p.n], p.sums[p.m*ldc:][:p.n]
	rest := int32(p.k)*zero - p.left.sums[r] // what a zero point on the right is multiplied with
	if p.y.zeros > 1 {
		for j := range sums {
			sums[j] += rest * p.y.rightZero(first+j)
		}
		rest = 0
	}
	q := rest * p.y.rightZero(0)
	if len(p.sink.b) < 2 {
		p.sink.put(at, sums, ones, -zero, q, 0)
		return
	}
	for j := range sums {
		p.sink.put(at+j, sums[j:j+1], ones[j:j+1], -zero, q, j)
	}
}
