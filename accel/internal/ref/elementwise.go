// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

func pure(f func(float32) float32) func(*onnx.Node) func(float32) float32 {
	return func(*onnx.Node) func(float32) float32 { return f }
}

func buildUnary(make func(*onnx.Node) func(float32) float32) builder {
	return func(st *step) (func(), error) {
		if err := st.floats(); err != nil {
			return nil, err
		}
		dst, x, f := st.out[0].f32(), st.in[0].f32(), make(st.node.Node)
		return func() {
			for i, v := range x {
				dst[i] = f(v)
			}
		}, nil
	}
}

// buildVectorized makes an operator that has a vector kernel.
func buildVectorized(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dst, x, run := st.out[0].f32(), st.in[0].f32(), vectorized[st.node.OpType](st.node.Node)
	return func() { run(dst, x) }, nil
}

// buildClip limits values to the operands, which were attributes before
// operator set 11.
func buildClip(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	lo, hi := []float32{st.node.Float("min", -math.MaxFloat32)}, []float32{st.node.Float("max", math.MaxFloat32)}
	for i, bound := range []*[]float32{&lo, &hi} {
		if !st.has(1 + i) {
			continue
		}
		if *bound = st.in[1+i].f32(); len(*bound) != 1 {
			return nil, fmt.Errorf("bound has %d elements, want 1", len(*bound))
		}
	}
	dst, x := st.out[0].f32(), st.in[0].f32()
	return func() { f32.Clamp(dst, x, lo[0], hi[0]) }, nil
}

// buildBinary makes the operators of [vectorOps], folded over their inputs.
func buildBinary(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dst := st.out[0].f32()
	run := foldVectors(st, dst, vectorOps[st.node.OpType])
	if st.node.OpType != "Mean" {
		return run, nil
	}
	count := float32(len(st.in))
	return func() {
		run()
		f32.DivNumber(dst, dst, count)
	}, nil
}

// fold computes dst = op(op(in0, in1), in2)… with every input broadcast to the
// shape of the output.
func fold[E any](st *step, dst []E, op func(x, y E) E) (func(), error) {
	dims := st.out[0].dims
	var srcs []spread[E]
	for _, o := range st.in {
		srcs = append(srcs, spreadOf(as[E](o), o.dims, dims))
	}
	return func() {
		srcs[0].copyTo(dst)
		for _, s := range srcs[1:] {
			s.combine(dst, op)
		}
	}, nil
}

func buildPow(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dst, x, y := st.out[0].f32(), st.in[0].f32(), st.in[1].f32()
	general, err := fold(st, dst, func(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) })
	if len(y) != 1 || len(x) != len(dst) || err != nil {
		return general, err
	}
	cube := blocked(func(dst, x, t []float32) {
		f32.Mul(t, x, x)
		f32.Mul(dst, t, x)
	})
	return func() {
		switch y[0] {
		case 1:
			copy(dst, x)
		case 2:
			f32.Mul(dst, x, x)
		case 3:
			cube(dst, x)
		default:
			general()
		}
	}, nil
}
