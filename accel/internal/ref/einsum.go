// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// factor is an operand of a sum of products: its elements and, for each axis of
// the equation that it has, the step from one element to the next.
type factor struct {
	data []float32
	step map[int]int
}

// buildEinsum contracts the operands one after the other: each pair becomes a
// batched matrix product.
func buildEinsum(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	var dims [][]int
	for _, o := range st.in {
		dims = append(dims, o.dims)
	}
	e, err := onnx.EinsumOf(st.node.Node, dims)
	if err != nil {
		return nil, err
	}
	var runs []func()
	acc := factor{data: []float32{1}, step: map[int]int{}}
	for i, o := range st.in {
		keep := slices.Clone(e.Output)
		for _, later := range e.Inputs[i+1:] {
			keep = append(keep, later...)
		}
		next, run := contract(e, acc, factorOf(e, i, o), keep)
		acc, runs = next, append(runs, run)
	}
	dst := st.out[0].f32()
	src := stridedOf(acc.data, st.out[0].dims, acc.strides(e.Output))
	return func() {
		for _, run := range runs {
			run()
		}
		src.copyTo(dst)
	}, nil
}

// factorOf makes operand i a factor: an axis that it names twice is its diagonal,
// and one of length 1 repeats.
func factorOf(e onnx.Einsum, i int, o *operand) factor {
	f := factor{data: o.f32(), step: map[int]int{}}
	step := 1
	for k := len(o.dims) - 1; k >= 0; k-- {
		a := e.Inputs[i][k]
		if o.dims[k] > 1 || e.Lens[a] == 1 {
			f.step[a] += step
		} else if _, ok := f.step[a]; !ok {
			f.step[a] = 0
		}
		step *= o.dims[k]
	}
	return f
}

// strides returns the steps along the given axes, 0 where the factor lacks one.
func (f factor) strides(axes []int) []int {
	out := make([]int, len(axes))
	for i, a := range axes {
		out[i] = f.step[a]
	}
	return out
}

// contract plans the product of two factors, summed over every axis that is not
// kept: axes of both that are kept are batches, kept ones of a are rows, kept ones
// of b are columns, and the rest is the inner axis.
func contract(e onnx.Einsum, a, b factor, keep []int) (factor, func()) {
	var batch, rows, cols, inner []int
	for axis := range e.Lens {
		_, inA := a.step[axis]
		_, inB := b.step[axis]
		switch kept := slices.Contains(keep, axis); {
		case !inA && !inB:
		case !kept:
			inner = append(inner, axis)
		case inA && inB:
			batch = append(batch, axis)
		case inA:
			rows = append(rows, axis)
		default:
			cols = append(cols, axis)
		}
	}
	lens := func(axes []int) []int {
		out := make([]int, len(axes))
		for i, x := range axes {
			out[i] = e.Lens[x]
		}
		return out
	}
	nb, m, n, k := count(lens(batch)), count(lens(rows)), count(lens(cols)), count(lens(inner))
	left, right := slices.Concat(batch, rows, inner), slices.Concat(batch, inner, cols)
	srcA, srcB := stridedOf(a.data, lens(left), a.strides(left)), stridedOf(b.data, lens(right), b.strides(right))
	x, y := make([]float32, nb*m*k), make([]float32, nb*k*n)
	out := factor{data: make([]float32, nb*m*n), step: map[int]int{}}
	step := 1
	for _, axis := range slices.Backward(slices.Concat(batch, rows, cols)) {
		out.step[axis] = step
		step *= e.Lens[axis]
	}
	if len(x) == 0 || len(y) == 0 {
		return out, func() {} // an empty sum is 0
	}
	panel := newMatrix(k, n)
	return out, func() {
		srcA.copyTo(x)
		srcB.copyTo(y)
		for i := range nb {
			panel.set(y[i*k*n:], n)
			panel.mul(out.data[i*m*n:], n, x[i*m*k:], k, m)
		}
	}
}
