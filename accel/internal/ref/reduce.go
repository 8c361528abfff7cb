// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// reduction folds elements into one number.
type reduction struct {
	start float64
	step  func(acc, x float64) float64
	end   func(acc float64, n int) float64
}

func total(acc float64, _ int) float64 { return acc }

var reductions = map[string]reduction{
	"ReduceSum":  {0, func(a, x float64) float64 { return a + x }, total},
	"ReduceMean": {0, func(a, x float64) float64 { return a + x }, func(a float64, n int) float64 { return a / float64(n) }},
	"ReduceMax":  {math.Inf(-1), func(a, x float64) float64 { return max(a, x) }, total},
	"ReduceMin":  {math.Inf(1), func(a, x float64) float64 { return min(a, x) }, total},
	"ReduceProd": {1, func(a, x float64) float64 { return a * x }, total},
	"ReduceL2": {0, func(a, x float64) float64 { return a + x*x },
		func(a float64, _ int) float64 { return math.Sqrt(a) }},
	"ReduceSumSquare": {0, func(a, x float64) float64 { return a + x*x }, total},
}

// buildReduce brings the reduced axes to the end, so that each output is the
// fold of one run of elements.
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
		if (!ok || len(axes) == 0) && st.node.Int("noop_with_empty_axes", 0) != 0 {
			dst, src := y.f32(), x.f32() // each element is folded alone
			return func() {
				for i, v := range src {
					dst[i] = float32(op.end(op.step(op.start, float64(v)), 1))
				}
			}, nil
		}
		drop, err := onnx.Axes(axes, len(x.dims))
		if err != nil {
			return nil, err
		}
		perm := make([]int, 0, len(x.dims))
		for pass := range 2 {
			for i := range x.dims {
				if gone := len(drop) == 0 || slices.Contains(drop, i); gone == (pass == 1) {
					perm = append(perm, i)
				}
			}
		}
		src, _ := transposed(x.f32(), x.dims, perm)
		tmp, dst, n := make([]float32, x.n), y.f32(), x.n/y.n
		return func() {
			src.copyTo(tmp)
			for i := range dst {
				acc := op.start
				for _, v := range tmp[i*n : (i+1)*n] {
					acc = op.step(acc, float64(v))
				}
				dst[i] = float32(op.end(acc, n))
			}
		}, nil
	}
}
