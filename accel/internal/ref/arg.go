// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// args makes ArgMax and ArgMin.
var args = integers(arg[int8], arg[int16], arg[int32], arg[int64], arg[uint8], arg[uint16], arg[uint32], arg[uint64]).
	with(onnx.Float32, arg[float32]).with(onnx.Float64, arg[float64])

// lines cuts a value into the runs of elements along one axis: element i of run r
// lies at start(r) + i·stride.
type lines struct {
	n, stride, count int
}

func linesOf(dims []int, axis int) lines {
	stride := count(dims[axis+1:])
	return lines{n: dims[axis], stride: stride, count: count(dims[:axis]) * stride}
}

func (l lines) start(r int) int { return r/l.stride*l.stride*l.n + r%l.stride }

func arg[E number](st *step) (func(), error) {
	axis, err := st.axisOf(0, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	smallest, last := st.node.OpType == "ArgMin", st.node.Int("select_last_index", 0) != 0
	dst, x, l := as[int64](st.out[0]), as[E](st.in[0]), linesOf(st.in[0].dims, axis)
	return func() {
		for r := range l.count {
			at := l.start(r)
			best, value := 0, x[at]
			for i := 1; i < l.n; i++ {
				v := x[at+i*l.stride]
				if smallest && v < value || !smallest && v > value || last && v == value {
					best, value = i, v
				}
			}
			dst[r] = int64(best)
		}
	}, nil
}

// topKs makes TopK.
var topKs = integers(topK[int8], topK[int16], topK[int32], topK[int64], topK[uint8], topK[uint16], topK[uint32], topK[uint64]).
	with(onnx.Float32, topK[float32]).with(onnx.Float64, topK[float64])

// ranking keeps the first k of a run of elements, in order: the greatest, or the
// smallest, and of equal ones those of lower index. What is not a number goes
// last.
type ranking[E number] struct {
	k      int
	least  bool
	index  []int
	values []E
}

// before reports whether a comes before b whatever their indices.
func (r *ranking[E]) before(a, b E) bool {
	if r.least {
		return a < b || b != b && a == a
	}
	return a > b || b != b && a == a
}

// add offers the element of the next index.
func (r *ranking[E]) add(i int, v E) {
	n := len(r.index)
	if n == r.k {
		if n == 0 || !r.before(v, r.values[n-1]) {
			return
		}
		n--
	} else {
		r.index, r.values = r.index[:n+1], r.values[:n+1]
	}
	for ; n > 0 && r.before(v, r.values[n-1]); n-- {
		r.index[n], r.values[n] = r.index[n-1], r.values[n-1]
	}
	r.index[n], r.values[n] = i, v
}

// sort ranks all elements of a run, for a k that is not small against it.
func (r *ranking[E]) sort(x []E, start, stride, n int) {
	for i := range n {
		r.index[i] = i
	}
	slices.SortStableFunc(r.index[:n], func(a, b int) int {
		u, v := x[start+a*stride], x[start+b*stride]
		switch {
		case r.before(u, v):
			return -1
		case r.before(v, u):
			return 1
		}
		return 0
	})
	for i, at := range r.index[:r.k] {
		r.values[i] = x[start+at*stride]
	}
}

func topK[E number](st *step) (func(), error) {
	axis, err := st.axisOf(-1, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	x, l, k := as[E](st.in[0]), linesOf(st.in[0].dims, axis), st.out[0].dims[axis]
	values, at := as[E](st.out[0]), make([]int64, st.out[0].n)
	if len(st.out) > 1 {
		at = as[int64](st.out[1])
	}
	r := &ranking[E]{k: k, least: st.node.Int("largest", 1) == 0, index: make([]int, l.n), values: make([]E, l.n)}
	to := lines{n: k, stride: l.stride, count: l.count}
	const few = 64 // elements among which a new one finds its place at once
	return func() {
		for line := range l.count {
			src, dst := l.start(line), to.start(line)
			if k > few {
				r.sort(x, src, l.stride, l.n)
			} else {
				r.index, r.values = r.index[:0], r.values[:0]
				for i := range l.n {
					r.add(i, x[src+i*l.stride])
				}
			}
			for i := range k {
				values[dst+i*l.stride], at[dst+i*l.stride] = r.values[i], int64(r.index[i])
			}
		}
	}, nil
}

// buildHardmax makes 1 at the first largest element and 0 elsewhere, over the
// axes that Softmax normalizes.
func buildHardmax(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	dims := st.in[0].dims
	axis, err := onnx.SoftmaxAxis(st.node.Node, st.opset, len(dims))
	if err != nil {
		return nil, err
	}
	l := lines{n: count(dims[axis:]), stride: 1, count: count(dims[:axis])}
	if st.opset >= 13 {
		l = linesOf(dims, axis)
	}
	x, y := st.in[0].f32(), st.out[0].f32()
	return func() {
		clear(y)
		for r := range l.count {
			at := l.start(r)
			best := at
			for i := range l.n {
				if j := at + i*l.stride; x[j] > x[best] {
					best = j
				}
			}
			y[best] = 1
		}
	}, nil
}

// cumulatives makes CumSum and CumProd.
var cumulatives = integers(cumulative[int8], cumulative[int16], cumulative[int32], cumulative[int64], cumulative[uint8], cumulative[uint16], cumulative[uint32], cumulative[uint64]).
	with(onnx.Float32, cumulative[float32]).with(onnx.Float64, cumulative[float64])

func cumulative[E number](st *step) (func(), error) {
	axis, err := st.values()[1].Const.Int64s()
	if err != nil {
		return nil, err
	}
	at, err := onnx.Axes(axis, len(st.in[0].dims))
	if err != nil {
		return nil, err
	}
	exclusive, reverse, product := st.node.Int("exclusive", 0) != 0, st.node.Int("reverse", 0) != 0, st.node.OpType == "CumProd"
	dst, x, l := as[E](st.out[0]), as[E](st.in[0]), linesOf(st.in[0].dims, at[0])
	return func() {
		for r := range l.count {
			pos, step := l.start(r), l.stride
			if reverse {
				pos, step = pos+(l.n-1)*l.stride, -l.stride
			}
			var acc E
			if product {
				acc = 1
			}
			for range l.n {
				before := acc
				if product {
					acc *= x[pos]
				} else {
					acc += x[pos]
				}
				dst[pos] = acc
				if exclusive {
					dst[pos] = before
				}
				pos += step
			}
		}
	}, nil
}

// uniques makes Unique, whose lengths depend on the elements.
var uniques = integers(unique[int8], unique[int16], unique[int32], unique[int64], unique[uint8], unique[uint16], unique[uint32], unique[uint64]).
	with(onnx.Float32, unique[float32]).with(onnx.Float64, unique[float64])

// distinct finds the different slices of a value along an axis (of single elements
// without one): for each the index of its first slice, in the wanted order, and
// for each slice the place in that list.
func distinct[E number](x []E, l lines, inner int, sorted bool) (first []int, inverse []int, counts []int) {
	same := func(a, b int) int { return compareSlices(x, l, inner, a, b) }
	order := make([]int, l.n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, same)
	group := make([]int, l.n)
	for i, o := range order {
		if i == 0 || same(order[i-1], o) != 0 {
			first, counts = append(first, o), append(counts, 0)
		}
		group[o] = len(first) - 1
		counts[len(first)-1]++
	}
	if sorted {
		return first, group, counts
	}
	byPlace := make([]int, len(first)) // groups in the order of their first slices
	for i := range byPlace {
		byPlace[i] = i
	}
	slices.SortFunc(byPlace, func(a, b int) int { return first[a] - first[b] })
	rank, f, c := make([]int, len(first)), make([]int, len(first)), make([]int, len(first))
	for i, g := range byPlace {
		rank[g], f[i], c[i] = i, first[g], counts[g]
	}
	for i, g := range group {
		group[i] = rank[g]
	}
	return f, group, c
}

// compareSlices orders slices a and b of a value [outer, n, inner].
func compareSlices[E number](x []E, l lines, inner, a, b int) int {
	for r := 0; r < l.count; r++ {
		at := r/inner*inner*l.n + r%inner
		u, v := x[at+a*inner], x[at+b*inner]
		switch {
		case u < v:
			return -1
		case u > v:
			return 1
		}
	}
	return 0
}

// uniqueAxis returns the runs that Unique compares: along its axis, or single
// elements.
func uniqueAxis(st *step) (lines, error) {
	if st.node.Attr("axis") == nil {
		return lines{n: st.in[0].n, stride: 1, count: 1}, nil
	}
	axis, err := st.axisOf(0, len(st.in[0].dims))
	if err != nil {
		return lines{}, err
	}
	return linesOf(st.in[0].dims, axis), nil
}

func unique[E number](st *step) (func(), error) {
	l, err := uniqueAxis(st)
	if err != nil {
		return nil, err
	}
	x, sorted := as[E](st.in[0]), st.node.Int("sorted", 1) != 0
	dst := as[E](st.out[0])
	fill := func(i int, v []int) {
		if i < len(st.out) && st.out[i].n == len(v) {
			to := as[int64](st.out[i])
			for k, n := range v {
				to[k] = int64(n)
			}
		}
	}
	return func() {
		first, inverse, counts := distinct(x, l, l.stride, sorted)
		to := lines{n: len(first), stride: l.stride, count: l.count}
		if to.n*to.count != len(dst) {
			return // the guard of the elements sees to it
		}
		for r := range l.count {
			for i, f := range first {
				dst[to.start(r)+i*l.stride] = x[l.start(r)+f*l.stride]
			}
		}
		fill(1, first)
		fill(2, inverse)
		fill(3, counts)
	}, nil
}
