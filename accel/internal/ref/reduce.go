// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// reduction folds elements into one number: those side by side with fold, whole
// rows of elements that belong to as many results with join, from start on. end
// turns what was folded from n elements into the result, nil where it is that.
type reduction struct {
	square bool // whether join takes the squares of elements
	fold   func(x []float32) float64
	start  float32
	join   func(acc, x, y []float32)
	end    func(v float64, n int) float64
}

var reductions = map[string]reduction{
	"ReduceSum":       {fold: f32.Sum, join: f32.Add},
	"ReduceMean":      {fold: f32.Sum, join: f32.Add, end: func(v float64, n int) float64 { return v / float64(n) }},
	"ReduceSumSquare": {square: true, fold: sumSquares, join: f32.Add},
	"ReduceL2":        {square: true, fold: sumSquares, join: f32.Add, end: func(v float64, _ int) float64 { return math.Sqrt(v) }},
	"ReduceProd":      {fold: multiplied, start: 1, join: f32.Mul},
	"ReduceMax":       {fold: func(x []float32) float64 { return float64(f32.Greatest(x)) }, start: float32(math.Inf(-1)), join: f32.Max},
	"ReduceMin":       {fold: func(x []float32) float64 { return float64(f32.Least(x)) }, start: float32(math.Inf(1)), join: f32.Min},
}

func sumSquares(x []float32) float64 { return f32.SumSquares(x, 0) }

func multiplied(x []float32) float64 {
	p := 1.0
	for _, v := range x {
		p *= float64(v)
	}
	return p
}

// buildReduce folds in place where the reduced axes lie side by side and either
// end the shape or leave rows behind them; else it brings them to the end first.
func buildReduce(op reduction) builder {
	return func(st *step) (func(), error) {
		x, y := st.in[0], st.out[0]
		axes, ok, err := onnx.Args(st.node.Node, st.values(), "axes", 1)
		if err != nil {
			return nil, err
		}
		if x.typ != onnx.Float32 {
			return nil, (&step{in: st.in[:1], out: st.out}).floats()
		}
		dst, src := y.f32(), x.f32()
		if (!ok || len(axes) == 0) && st.node.Int("noop_with_empty_axes", 0) != 0 {
			return func() { op.rows(dst, src, 1) }, nil // each element is folded alone
		}
		drop, err := onnx.Axes(axes, len(x.dims))
		if err != nil {
			return nil, err
		}
		n := x.n / y.n
		const wide = 8 // rows that are shorter are not worth a kernel each
		inner, neat := reducedRun(x.dims, drop)
		switch {
		case neat && inner == 1:
			return func() { op.rows(dst, src, n) }, nil
		case neat && inner >= wide:
			c := columns{op: op, n: n, inner: inner, part: make([]float32, min(inner, columnBlock)), t: make([]float32, min(inner, columnBlock))}
			return func() { c.run(dst, src) }, nil
		}
		perm := make([]int, 0, len(x.dims))
		for pass := range 2 {
			for i := range x.dims {
				if gone := reduces(drop, i); gone == (pass == 1) {
					perm = append(perm, i)
				}
			}
		}
		last, _ := transposed(src, x.dims, perm)
		tmp := make([]float32, x.n)
		return func() {
			last.copyTo(tmp)
			op.rows(dst, tmp, n)
		}, nil
	}
}

// reduces reports whether an axis is folded; without a list all are.
func reduces(drop []int, axis int) bool { return len(drop) == 0 || slices.Contains(drop, axis) }

// reducedRun returns how many elements lie behind each step of the reduced axes,
// and whether these lie side by side.
func reducedRun(dims, drop []int) (inner int, neat bool) {
	inner = 1
	i := len(dims) - 1
	for ; i >= 0 && (dims[i] == 1 || !reduces(drop, i)); i-- {
		inner *= dims[i]
	}
	for ; i >= 0 && (dims[i] == 1 || reduces(drop, i)); i-- {
	}
	for ; i >= 0; i-- {
		if dims[i] > 1 && reduces(drop, i) {
			return inner, false
		}
	}
	return inner, true
}

// rows folds each run of n elements of x into one of dst.
func (op reduction) rows(dst, x []float32, n int) {
	for i := range dst {
		dst[i] = op.finish(op.fold(x[i*n:(i+1)*n]), n)
	}
}

func (op reduction) finish(v float64, n int) float32 {
	if op.end != nil {
		v = op.end(v, n)
	}
	return float32(v)
}

const (
	columnBlock = 1024 // columns folded side by side, which stay in the first-level cache
	rowGroup    = 64   // rows added in float32 before their sum is added to the whole
)

// columns folds n rows of inner elements, element by element.
type columns struct {
	op       reduction
	n, inner int
	part, t  []float32
}

func (c *columns) run(dst, x []float32) {
	for o := 0; o < len(dst); o += c.inner {
		rows := x[o*c.n:][:c.n*c.inner]
		for i := 0; i < c.inner; i += columnBlock {
			w := min(columnBlock, c.inner-i)
			c.block(dst[o+i:o+i+w], rows[i:])
		}
	}
}

// block folds the first columns of all rows. Sums are made in groups, so that
// their rounding errors do not grow with the number of rows.
func (c *columns) block(dst, rows []float32) {
	w := len(dst)
	part, t := c.part[:w], c.t[:w]
	fill(dst, c.op.start)
	for first := 0; first < c.n; first += rowGroup {
		fill(part, c.op.start)
		for r := first; r < min(first+rowGroup, c.n); r++ {
			row := rows[r*c.inner:][:w]
			if c.op.square {
				f32.Mul(t, row, row)
				row = t
			}
			c.op.join(part, part, row)
		}
		c.op.join(dst, dst, part)
	}
	if c.op.end != nil {
		for i, v := range dst {
			dst[i] = c.op.finish(float64(v), c.n)
		}
	}
}
