// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// permuted makes a kernel that reads the input as having other lengths, permutes
// those axes, and writes what comes out.
func permuted[E any](st *step, dims, perm []int) func() {
	src, _ := transposed(as[E](st.in[0]), dims, perm)
	dst := as[E](st.out[0])
	return func() { src.copyTo(dst) }
}

// depthToSpace moves blocks of channels to places.
func depthToSpace[E any](st *step) (func(), error) {
	x, b := st.in[0].dims, int(st.node.Int("blocksize", 1))
	if st.node.Str("mode", "DCR") == "CRD" {
		return permuted[E](st, []int{x[0], x[1] / (b * b), b, b, x[2], x[3]}, []int{0, 1, 4, 2, 5, 3}), nil
	}
	return permuted[E](st, []int{x[0], b, b, x[1] / (b * b), x[2], x[3]}, []int{0, 3, 4, 1, 5, 2}), nil
}

// spaceToDepth moves blocks of places to channels.
func spaceToDepth[E any](st *step) (func(), error) {
	x, b := st.in[0].dims, int(st.node.Int("blocksize", 1))
	perm := []int{0, 3, 5, 1, 2, 4}
	if st.node.Str("mode", "DCR") == "CRD" {
		perm = []int{0, 1, 3, 5, 2, 4}
	}
	return permuted[E](st, []int{x[0], x[1], x[2] / b, b, x[3] / b, b}, perm), nil
}

func tileOf[E any](st *step) (func(), error) {
	at := make([][]int, len(st.out[0].dims))
	for i, n := range st.out[0].dims {
		at[i] = make([]int, n)
		for k := range at[i] {
			at[i][k] = k % st.in[0].dims[i]
		}
	}
	return picked[E](st, at, nil), nil
}

func centerCropPad[E any](st *step) (func(), error) {
	at := make([][]int, len(st.out[0].dims))
	for i, n := range st.out[0].dims {
		d := st.in[0].dims[i]
		shift := (d - n) / 2 // crop
		if n > d {
			shift = -((n - d) / 2) // pad
		}
		for k := range n {
			from := k + shift
			if from < 0 || from >= d {
				from = -1
			}
			at[i] = append(at[i], from)
		}
	}
	return picked(st, at, make([]E, 1)), nil
}

// padded makes Pad in every mode, also with negative pads.
func padded[E any](st *step) (func(), error) {
	x, y := st.in[0], st.out[0]
	pads, err := onnx.Pads(st.node.Node, st.values())
	if err != nil {
		return nil, err
	}
	v := &operand{mem: allocate(8), n: 1, typ: x.typ}
	if x.typ == onnx.Float32 {
		v.f32()[0] = st.node.Float("value", 0)
	}
	if st.has(2) && st.in[2].n > 0 {
		if v = st.in[2]; v.n != 1 || v.typ != x.typ {
			return nil, st.invalid("fill is %v %v, want one %v", v.typ, v.dims, x.typ)
		}
	}
	at, mode := make([][]int, len(y.dims)), st.node.Str("mode", "constant")
	for i, n := range y.dims {
		for k := range n {
			at[i] = append(at[i], padIndex(k-pads[i][0], x.dims[i], mode))
		}
	}
	return picked(st, at, as[E](v)), nil
}

// padIndex returns which element of a length d is read at place k, which may lie
// outside, or -1 for the fill.
func padIndex(k, d int, mode string) int {
	if k >= 0 && k < d {
		return k
	}
	switch mode {
	case "edge":
		return min(max(k, 0), d-1)
	case "wrap":
		return ((k % d) + d) % d
	case "reflect":
		if d == 1 {
			return 0
		}
		k = ((k % (2*d - 2)) + 2*d - 2) % (2*d - 2)
		return min(k, 2*d-2-k)
	}
	return -1
}

// trilu keeps one triangle of the matrices of the last two axes.
func trilu[E any](st *step) (func(), error) {
	k := int64(0)
	if st.has(1) {
		v, err := st.values()[1].Const.Int64s()
		if err != nil || len(v) != 1 {
			return nil, st.invalid("k must be one integer")
		}
		k = v[0]
	}
	dims, upper := st.in[0].dims, st.node.Int("upper", 1) != 0
	rows, cols := dims[len(dims)-2], dims[len(dims)-1]
	dst, src := as[E](st.out[0]), as[E](st.in[0])
	return func() {
		copy(dst, src)
		for m := 0; m < len(dst); m += rows * cols {
			for i := range rows {
				row := dst[m+i*cols:][:cols]
				edge := int(min(max(int64(i)+k, -1), int64(cols))) // the diagonal
				if upper {
					clear(row[:min(max(edge, 0), cols)])
				} else {
					clear(row[min(edge+1, cols):])
				}
			}
		}
	}, nil
}

// reverseSequence turns the first elements of each sequence round, as many as its
// length says.
func reverseSequence[E any](st *step) (func(), error) {
	x := st.in[0].dims
	timeFirst := st.node.Int("time_axis", 0) == 0
	steps, batch, inner := x[0], x[1], count(x[2:])
	if !timeFirst {
		steps, batch = batch, steps
	}
	dst, src, lens := as[E](st.out[0]), as[E](st.in[0]), as[int64](st.in[1])
	at := func(t, b int) int {
		if timeFirst {
			return (t*batch + b) * inner
		}
		return (b*steps + t) * inner
	}
	return func() {
		for b := range batch {
			n := int(lens[b])
			if n < 0 || n > steps {
				st.failf("length %d of sequence %d, at most %d", n, b, steps)
				return
			}
			for t := range steps {
				from := t
				if t < n {
					from = n - 1 - t
				}
				copy(dst[at(t, b):][:inner], src[at(from, b):])
			}
		}
	}, nil
}

// axesExcept lists the axes that are not in drop.
func axesExcept(rank int, drop []int) []int {
	var keep []int
	for i := range rank {
		if !slices.Contains(drop, i) {
			keep = append(keep, i)
		}
	}
	return keep
}
