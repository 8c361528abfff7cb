// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// move calls f with elements of the operand's size: kernels that only move
// elements need to know no more about the type.
func move(o *operand, f8 func() (func(), error), f16 func() (func(), error), f32 func() (func(), error), f64 func() (func(), error)) (func(), error) {
	switch o.typ.Size() {
	case 1:
		return f8()
	case 2:
		return f16()
	case 4:
		return f32()
	case 8:
		return f64()
	}
	return nil, fmt.Errorf("element type %v is not supported", o.typ)
}

// transposed plans reading src with its axes permuted, and returns the lengths
// that it then has.
func transposed[E any](src []E, dims, perm []int) (spread[E], []int) {
	strides := make([]int, len(dims))
	step := 1
	for i, d := range slices.Backward(dims) {
		strides[i] = step
		step *= d
	}
	to, st := make([]int, len(dims)), make([]int, len(dims))
	for i, p := range perm {
		to[i], st[i] = dims[p], strides[p]
	}
	return stridedOf(src, to, st), to
}

func buildCopy(st *step) (func(), error) {
	dst, src := st.out[0].bytes(), st.in[0].bytes()
	return func() { copy(dst, src) }, nil
}

// buildConstant serves nodes whose outputs inference has folded.
func buildConstant(*step) (func(), error) {
	return nil, fmt.Errorf("the value is not constant")
}

func buildTranspose(st *step) (func(), error) {
	return move(st.in[0], transpose[uint8](st), transpose[uint16](st), transpose[uint32](st), transpose[uint64](st))
}

func transpose[E any](st *step) func() (func(), error) {
	return func() (func(), error) {
		rank := len(st.in[0].dims)
		perm := make([]int64, rank)
		for i := range perm {
			perm[i] = int64(rank - 1 - i)
		}
		if p := st.node.Ints("perm"); p != nil {
			perm = p
		}
		axes, err := onnx.Axes(perm, rank)
		if err != nil {
			return nil, err
		}
		src, _ := transposed(as[E](st.in[0]), st.in[0].dims, axes)
		dst := as[E](st.out[0])
		return func() { src.copyTo(dst) }, nil
	}
}

func buildExpand(st *step) (func(), error) {
	return move(st.in[0], expand[uint8](st), expand[uint16](st), expand[uint32](st), expand[uint64](st))
}

func expand[E any](st *step) func() (func(), error) {
	return func() (func(), error) {
		src := spreadOf(as[E](st.in[0]), st.in[0].dims, st.out[0].dims)
		dst := as[E](st.out[0])
		return func() { src.copyTo(dst) }, nil
	}
}

func buildSlice(st *step) (func(), error) {
	return move(st.in[0], slice[uint8](st), slice[uint16](st), slice[uint32](st), slice[uint64](st))
}

func slice[E any](st *step) func() (func(), error) {
	return func() (func(), error) {
		x := st.in[0]
		spans, err := onnx.Spans(st.node.Node, st.values())
		if err != nil {
			return nil, err
		}
		strides, off, step := make([]int, len(spans)), 0, 1
		for i, span := range slices.Backward(spans) {
			off += span.Start * step
			strides[i] = span.Step * step
			step *= x.dims[i]
		}
		src := stridedOf(as[E](x), st.out[0].dims, strides)
		dst := as[E](st.out[0])
		return func() { src.copyFrom(dst, off) }, nil
	}
}

func buildConcat(st *step) (func(), error) {
	axes, err := onnx.Axes([]int64{st.node.Int("axis", 0)}, len(st.out[0].dims))
	if err != nil {
		return nil, err
	}
	dst := st.out[0].bytes()
	outer := count(st.out[0].dims[:axes[0]])
	row := len(dst) / outer
	srcs, sizes := [][]byte{}, []int{}
	for _, o := range st.in {
		srcs = append(srcs, o.bytes())
		sizes = append(sizes, len(o.bytes())/outer)
	}
	return func() {
		off := 0
		for s, src := range srcs {
			for i := range outer {
				copy(dst[i*row+off:], src[i*sizes[s]:(i+1)*sizes[s]])
			}
			off += sizes[s]
		}
	}, nil
}

func buildSplit(st *step) (func(), error) {
	axes, err := onnx.Axes([]int64{st.node.Int("axis", 0)}, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	src := st.in[0].bytes()
	outer := count(st.in[0].dims[:axes[0]])
	row := len(src) / outer
	var dsts [][]byte
	for _, o := range st.out {
		dsts = append(dsts, o.bytes())
	}
	return func() {
		off := 0
		for _, dst := range dsts {
			size := len(dst) / outer
			for i := range outer {
				copy(dst[i*size:(i+1)*size], src[i*row+off:])
			}
			off += size
		}
	}, nil
}

// buildGather copies the blocks that the indices name. An index out of range is
// a fault.
func buildGather(st *step) (func(), error) {
	x, idx := st.in[0], st.in[1]
	axis, at, err := st.indexed()
	if err != nil {
		return nil, err
	}
	n, outer := x.dims[axis], count(x.dims[:axis])
	dst, src := st.out[0].bytes(), x.bytes()
	size := count(x.dims[axis+1:]) * x.typ.Size()
	return func() {
		for o := range outer {
			for i := range idx.n {
				k, ok := st.wrapped(at(i), n)
				if !ok {
					return
				}
				copy(dst[(o*idx.n+i)*size:][:size], src[(o*n+k)*size:])
			}
		}
	}, nil
}

func buildPad(st *step) (func(), error) {
	return move(st.in[0], pad[uint8](st), pad[uint16](st), pad[uint32](st), pad[uint64](st))
}

func pad[E any](st *step) func() (func(), error) {
	return func() (func(), error) {
		x, y := st.in[0], st.out[0]
		pads, _, err := onnx.Args(st.node.Node, st.values(), "pads", 1)
		if err != nil {
			return nil, err
		}
		v := &operand{mem: allocate(8), n: 1}
		if x.typ == onnx.Float32 {
			v.f32()[0] = st.node.Float("value", 0)
		}
		if st.has(2) {
			if v = st.in[2]; v.n != 1 || v.typ != x.typ {
				return nil, fmt.Errorf("fill is %v %v, want one %v", v.typ, v.dims, x.typ)
			}
		}
		value := as[E](v)
		off, step := 0, 1
		strides := make([]int, len(x.dims))
		for i, d := range slices.Backward(y.dims) {
			strides[i] = step
			off += int(pads[i]) * step
			step *= d
		}
		dst := as[E](y)
		to := stridedOf(dst, x.dims, strides)
		src := as[E](x)
		return func() {
			fill(dst, value[0]) // a computed value is known only now
			to.scatter(src, off)
		}, nil
	}
}
