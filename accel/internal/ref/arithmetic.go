// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
)

// arithmetic makes the operators on two integers, or on two float64.
var arithmetic = integers(arith[int8], arith[int16], arith[int32], arith[int64], arith[uint8], arith[uint16], arith[uint32], arith[uint64]).
	with(onnx.Float64, arithFloat[float64])

func arith[E integer](st *step) (func(), error) {
	op, err := integerOp[E](st)
	if err != nil {
		return nil, err
	}
	return fold(st, as[E](st.out[0]), op)
}

// integerOp returns the operation of a node; a result that does not fit wraps
// around, and division by 0 gives 0.
func integerOp[E integer](st *step) (func(x, y E) E, error) {
	switch st.node.OpType {
	case "Add", "Sum":
		return func(x, y E) E { return x + y }, nil
	case "Sub":
		return func(x, y E) E { return x - y }, nil
	case "Mul":
		return func(x, y E) E { return x * y }, nil
	case "Div":
		return quotient[E], nil
	case "Max":
		return func(x, y E) E { return max(x, y) }, nil
	case "Min":
		return func(x, y E) E { return min(x, y) }, nil
	case "Mod":
		if st.node.Int("fmod", 0) != 0 {
			return func(x, y E) E { return x - quotient(x, y)*y }, nil
		}
		return modulo[E], nil
	case "BitwiseAnd":
		return func(x, y E) E { return x & y }, nil
	case "BitwiseOr":
		return func(x, y E) E { return x | y }, nil
	case "BitwiseXor":
		return func(x, y E) E { return x ^ y }, nil
	case "BitShift":
		return shift[E](st.node.Str("direction", ""))
	case "PRelu":
		return func(x, slope E) E {
			if x < 0 {
				return slope * x
			}
			return x
		}, nil
	}
	return nil, fmt.Errorf("integers are not supported")
}

func quotient[E integer](x, y E) E {
	if y == 0 {
		return 0
	}
	return x / y
}

// modulo is the remainder with the sign of the divisor.
func modulo[E integer](x, y E) E {
	if y == 0 {
		return 0
	}
	r := x % y
	if r != 0 && (r < 0) != (y < 0) {
		r += y
	}
	return r
}

func shift[E integer](direction string) (func(x, y E) E, error) {
	switch direction {
	case "LEFT":
		return func(x, y E) E { return x << uint64(y) }, nil
	case "RIGHT":
		return func(x, y E) E { return x >> uint64(y) }, nil
	}
	return nil, fmt.Errorf("direction %q", direction)
}

// arithFloat makes the operators that the float32 kernels lack, and all of them
// for float64.
func arithFloat[E float32 | float64](st *step) (func(), error) {
	var op func(x, y E) E
	switch st.node.OpType {
	case "Add", "Sum":
		op = func(x, y E) E { return x + y }
	case "Sub":
		op = func(x, y E) E { return x - y }
	case "Mul":
		op = func(x, y E) E { return x * y }
	case "Div":
		op = func(x, y E) E { return x / y }
	case "Max":
		op = func(x, y E) E { return max(x, y) }
	case "Min":
		op = func(x, y E) E { return min(x, y) }
	case "Mod":
		op = func(x, y E) E { return E(math.Mod(float64(x), float64(y))) }
		if st.node.Int("fmod", 0) == 0 { // with the sign of the divisor
			op = func(x, y E) E {
				r := math.Mod(float64(x), float64(y))
				if r != 0 && (r < 0) != (y < 0) {
					r += float64(y)
				}
				return E(r)
			}
		}
	default:
		return nil, fmt.Errorf("element type %v is not supported", st.in[0].typ)
	}
	return fold(st, as[E](st.out[0]), op)
}

// power makes Pow for every type of base; the exponent has a type of its own.
var power = integers(pow[int8], pow[int16], pow[int32], pow[int64], pow[uint8], pow[uint16], pow[uint32], pow[uint64]).
	with(onnx.Float32, powFloat32).with(onnx.Float64, pow[float64])

func powFloat32(st *step) (func(), error) {
	if st.in[1].typ == onnx.Float32 {
		return buildPow(st)
	}
	return pow[float32](st)
}

func pow[E number](st *step) (func(), error) {
	exponent := &operand{typ: onnx.Float64, dims: st.in[1].dims, n: st.in[1].n}
	exponent.mem = allocate(8 * exponent.n)
	convert, err := buildCast(&step{node: st.node, in: st.in[1:2], out: []*operand{exponent}})
	if err != nil {
		return nil, err
	}
	x := spreadOf(as[E](st.in[0]), st.in[0].dims, st.out[0].dims)
	y := spreadOf(as[float64](exponent), exponent.dims, st.out[0].dims)
	dst, tmp := as[E](st.out[0]), make([]float64, st.out[0].n)
	return func() {
		convert()
		x.copyTo(dst)
		y.copyTo(tmp)
		for i, e := range tmp {
			dst[i] = raise(dst[i], e)
		}
	}, nil
}

// raise computes xᵉ, exactly where both are whole.
func raise[E number](x E, e float64) E {
	if E(1)/2 != 0 || e != math.Trunc(e) || e < 0 || e > 64 { // a real base
		return convertTo[E](math.Pow(float64(x), e))
	}
	y := E(1)
	for range int(e) {
		y *= x
	}
	return y
}

// convertTo converts a real number; what does not fit saturates or wraps as the
// processor does.
func convertTo[E number](v float64) E { return E(v) }

// unaryIntegers makes the operators on one integer.
var unaryIntegers = integers(unaryInteger[int8], unaryInteger[int16], unaryInteger[int32], unaryInteger[int64],
	unaryInteger[uint8], unaryInteger[uint16], unaryInteger[uint32], unaryInteger[uint64])

func unaryInteger[E integer](st *step) (func(), error) {
	var f func(E) E
	switch st.node.OpType {
	case "Abs":
		f = func(x E) E { return max(x, -x) }
		if ^E(0) > 0 {
			f = func(x E) E { return x }
		}
	case "Neg":
		f = func(x E) E { return -x }
	case "Sign":
		f = func(x E) E {
			switch {
			case x > 0:
				return 1
			case x < 0:
				return ^E(0)
			}
			return 0
		}
	case "Relu":
		f = func(x E) E { return max(x, 0) }
	case "BitwiseNot":
		f = func(x E) E { return ^x }
	default:
		return nil, fmt.Errorf("element type %v is not supported", st.in[0].typ)
	}
	dst, x := as[E](st.out[0]), as[E](st.in[0])
	return func() {
		for i, v := range x {
			dst[i] = f(v)
		}
	}, nil
}

// clips makes Clip for every type but float32.
var clips = integers(clip[int8], clip[int16], clip[int32], clip[int64], clip[uint8], clip[uint16], clip[uint32], clip[uint64]).
	with(onnx.Float32, buildClip).with(onnx.Float64, clip[float64])

func clip[E number](st *step) (func(), error) {
	dst, x := as[E](st.out[0]), as[E](st.in[0])
	var lo, hi []E
	if st.has(1) {
		lo = as[E](st.in[1])
	}
	if st.has(2) {
		hi = as[E](st.in[2])
	}
	return func() {
		for i, v := range x {
			if lo != nil {
				v = max(v, lo[0])
			}
			if hi != nil {
				v = min(v, hi[0])
			}
			dst[i] = v
		}
	}, nil
}

// products makes MatMul and Gemm.
var products = integers(plainProduct[int8], plainProduct[int16], plainProduct[int32], plainProduct[int64],
	plainProduct[uint8], plainProduct[uint16], plainProduct[uint32], plainProduct[uint64]).
	with(onnx.Float64, plainProduct[float64]).with(onnx.Float32, floatProduct)

// floatProduct picks the kernel in panels, which wants elements.
func floatProduct(st *step) (func(), error) {
	switch {
	case st.in[0].n == 0 || st.in[1].n == 0:
		return plainProduct[float32](st)
	case st.node.OpType == "Gemm":
		return buildGemm(st)
	}
	return buildMatMul(st)
}

// plainProduct multiplies matrices element by element: integers in a graph count
// and address, so they are few.
func plainProduct[E number](st *step) (func(), error) {
	if st.node.OpType == "Gemm" {
		return plainGemm[E](st)
	}
	m, k, n := productLengths(st.in[0].dims, st.in[1].dims)
	dst, a, b := as[E](st.out[0]), as[E](st.in[0]), as[E](st.in[1])
	batch := st.out[0].n / (m * n)
	offA, offB := batchOffsets(st.in[0].dims, st.in[1].dims, m*k, k*n, batch)
	return func() {
		for i := range batch {
			multiply(dst[i*m*n:], a[offA[i]:], b[offB[i]:], m, k, n)
		}
	}, nil
}

// productLengths returns the rows, the inner length and the columns of a product.
func productLengths(a, b []int) (m, k, n int) {
	m, k, n = 1, a[len(a)-1], 1
	if len(a) > 1 {
		m = a[len(a)-2]
	}
	if len(b) > 1 {
		n = b[len(b)-1]
	}
	return m, k, n
}

func multiply[E number](dst, a, b []E, m, k, n int) {
	for i := range m {
		row := dst[i*n : (i+1)*n]
		clear(row)
		for l := range k {
			x := a[i*k+l]
			for j := range row {
				row[j] += x * b[l*n+j]
			}
		}
	}
}

func plainGemm[E number](st *step) (func(), error) {
	n := st.node
	rows, cols := st.out[0].dims[0], st.out[0].dims[1]
	ta, tb := n.Int("transA", 0) != 0, n.Int("transB", 0) != 0
	k := st.in[0].dims[1]
	if ta {
		k = st.in[0].dims[0]
	}
	alpha, beta := float64(n.Float("alpha", 1)), float64(n.Float("beta", 1))
	dst, a, b := as[E](st.out[0]), as[E](st.in[0]), as[E](st.in[1])
	bias := make([]E, rows*cols)
	fill := func() {}
	if st.has(2) && beta != 0 {
		src := spreadOf(as[E](st.in[2]), st.in[2].dims, st.out[0].dims)
		fill = func() { src.copyTo(bias) }
	}
	at := func(v []E, i, j, ld int, trans bool) E {
		if trans {
			i, j = j, i
		}
		return v[i*ld+j]
	}
	lda, ldb := st.in[0].dims[1], st.in[1].dims[1]
	return func() {
		fill()
		for i := range rows {
			for j := range cols {
				var sum E
				for l := range k {
					sum += at(a, i, l, lda, ta) * at(b, l, j, ldb, tb)
				}
				dst[i*cols+j] = E(alpha*float64(sum)) + E(beta*float64(bias[i*cols+j]))
			}
		}
	}, nil
}
