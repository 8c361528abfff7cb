// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
)

// wrapped resolves a negative index and checks the range; a kernel that gets
// false must stop.
func (st *step) wrapped(k int64, n int) (int, bool) {
	i := k
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n) {
		st.failf("index %d out of range for length %d", k, n)
		return 0, false
	}
	return int(i), true
}

// checkedNow makes a kernel whose indices are constant refuse those out of range
// when it is built: at returns them.
func checkedNow(idx *operand, n int, at func(int) int64) error {
	if idx.tens == nil {
		return nil
	}
	for i := range idx.n {
		if k := at(i); k < int64(-n) || k >= int64(n) {
			return fmt.Errorf("index %d out of range for length %d", k, n)
		}
	}
	return nil
}

// indexed returns the axis along which input 1 names elements of input 0, and a
// function that reads those indices; constant ones are in range.
func (st *step) indexed() (axis int, at func(i int) int64, err error) {
	if axis, err = st.axisOf(0, len(st.in[0].dims)); err != nil {
		return 0, nil, err
	}
	if at, err = indexAt(st.in[1]); err != nil {
		return 0, nil, err
	}
	if err := checkedNow(st.in[1], st.in[0].dims[axis], at); err != nil {
		return 0, nil, st.invalid("%v", err)
	}
	return axis, at, nil
}

// gatherElements reads, at each place, the element whose index along the axis is
// given there.
func gatherElements[E any](st *step) (func(), error) {
	x, idx := st.in[0], st.in[1]
	axis, _, err := st.indexed()
	if err != nil {
		return nil, err
	}
	dst, src := as[E](st.out[0]), as[E](x)
	if idx.typ == onnx.Int32 {
		return gatherElementsBy(st, dst, src, as[int32](idx), axis), nil
	}
	return gatherElementsBy(st, dst, src, as[int64](idx), axis), nil
}

// gatherElementsBy works row by row along the last axis.
func gatherElementsBy[E any, I int32 | int64](st *step, dst, src []E, idx []I, axis int) func() {
	places, dims := st.in[1].dims, st.in[0].dims
	last := len(places) - 1
	w := walkOf(places[:last], dims, axis)
	row, n, step, along := places[last], dims[axis], w.stride, 1
	if axis == last {
		along = 0
	}
	return func() {
		w.reset()
		for i := 0; i < len(dst); i += row {
			base, out := w.base, dst[i:i+row]
			for j, k := range idx[i : i+row] {
				if k < 0 {
					k += I(n)
				}
				if k < 0 || int(k) >= n {
					st.failf("index %d out of range for length %d", idx[i+j], n)
					return
				}
				out[j] = src[base+j*along+int(k)*step]
			}
			w.next()
		}
	}
}

// walk steps through the places of one shape, of some leading axes or all, and
// keeps the offset in another of the same rank, not counting one axis.
type walk struct {
	dims, steps, pos []int
	base, stride     int
}

func walkOf(places, dims []int, axis int) *walk {
	w := &walk{dims: places, steps: make([]int, len(dims)), pos: make([]int, len(dims))}
	step := 1
	for i := len(dims) - 1; i >= 0; i-- {
		w.steps[i] = step
		step *= dims[i]
	}
	if axis >= 0 {
		w.stride, w.steps[axis] = w.steps[axis], 0
	}
	return w
}

func (w *walk) reset() {
	clear(w.pos)
	w.base = 0
}

func (w *walk) next() {
	for i := len(w.dims) - 1; i >= 0; i-- {
		w.pos[i]++
		w.base += w.steps[i]
		if w.pos[i] < w.dims[i] {
			return
		}
		w.base -= w.pos[i] * w.steps[i]
		w.pos[i] = 0
	}
}

// scatters makes ScatterElements and Scatter, scattersND makes ScatterND.
var (
	scatters = integers(scatterElements[int8], scatterElements[int16], scatterElements[int32], scatterElements[int64],
		scatterElements[uint8], scatterElements[uint16], scatterElements[uint32], scatterElements[uint64]).
		with(onnx.Float32, scatterElements[float32]).with(onnx.Float64, scatterElements[float64]).with(onnx.Bool, scatterElements[uint8])
	scattersND = integers(scatterND[int8], scatterND[int16], scatterND[int32], scatterND[int64],
		scatterND[uint8], scatterND[uint16], scatterND[uint32], scatterND[uint64]).
		with(onnx.Float32, scatterND[float32]).with(onnx.Float64, scatterND[float64]).with(onnx.Bool, scatterND[uint8])
)

// combination returns how an update meets what is there.
func combination[E number](st *step) (func(old, v E) E, error) {
	switch mode := st.node.Str("reduction", "none"); mode {
	case "none":
		return func(_, v E) E { return v }, nil
	case "add":
		return func(old, v E) E { return old + v }, nil
	case "mul":
		return func(old, v E) E { return old * v }, nil
	case "max":
		return func(old, v E) E { return max(old, v) }, nil
	case "min":
		return func(old, v E) E { return min(old, v) }, nil
	default:
		return nil, fmt.Errorf("reduction %q", mode)
	}
}

func scatterElements[E number](st *step) (func(), error) {
	x, idx := st.in[0], st.in[1]
	axis, at, err := st.indexed()
	if err != nil {
		return nil, err
	}
	combine, err := combination[E](st)
	if err != nil {
		return nil, err
	}
	dst, src, upd, n := as[E](st.out[0]), as[E](x), as[E](st.in[2]), x.dims[axis]
	walk := walkOf(idx.dims, x.dims, axis)
	return func() {
		copy(dst, src)
		walk.reset()
		for i, v := range upd {
			k, ok := st.wrapped(at(i), n)
			if !ok {
				return
			}
			to := walk.base + k*walk.stride
			dst[to] = combine(dst[to], v)
			walk.next()
		}
	}, nil
}

// rows resolves the index vectors of GatherND and ScatterND to offsets of blocks
// of elements.
type rows struct {
	st      *step
	idx     []int64
	dims    []int // lengths that an index vector addresses
	block   int   // elements of one block
	perStep int   // index vectors of one batch
	batch   int   // elements of one batch of the data
}

func rowsOf(st *step, batchDims int) rows {
	x, idx := st.in[0].dims, st.in[1].dims
	depth := idx[len(idx)-1]
	r := rows{st: st, idx: as[int64](st.in[1]), dims: x[batchDims : batchDims+depth], block: count(x[batchDims+depth:])}
	r.perStep, r.batch = count(idx[batchDims:len(idx)-1]), count(x[batchDims:])
	return r
}

// offset returns where block i begins, or false when its index is out of range.
func (r rows) offset(i int) (int, bool) {
	off := 0
	for a, n := range r.dims {
		k, ok := r.st.wrapped(r.idx[i*len(r.dims)+a], n)
		if !ok {
			return 0, false
		}
		off = off*n + k
	}
	return i/max(r.perStep, 1)*r.batch + off*r.block, true
}

func gatherND[E any](st *step) (func(), error) {
	r := rowsOf(st, int(st.node.Int("batch_dims", 0)))
	dst, src := as[E](st.out[0]), as[E](st.in[0])
	return func() {
		for i := 0; i*r.block < len(dst); i++ {
			at, ok := r.offset(i)
			if !ok {
				return
			}
			copy(dst[i*r.block:(i+1)*r.block], src[at:])
		}
	}, nil
}

func scatterND[E number](st *step) (func(), error) {
	r := rowsOf(st, 0)
	r.perStep = st.in[1].n + 1 // one batch
	combine, err := combination[E](st)
	if err != nil {
		return nil, err
	}
	dst, src, upd := as[E](st.out[0]), as[E](st.in[0]), as[E](st.in[2])
	plain := st.node.Str("reduction", "none") == "none"
	return func() {
		copy(dst, src)
		for i := 0; i*r.block < len(upd); i++ {
			at, ok := r.offset(i)
			if !ok {
				return
			}
			block, from := dst[at:at+r.block], upd[i*r.block:]
			if plain {
				copy(block, from)
				continue
			}
			for k, old := range block {
				block[k] = combine(old, from[k])
			}
		}
	}, nil
}

// tensorScatter writes an update into a cache at a position of each batch.
func tensorScatter[E any](st *step) (func(), error) {
	x, upd := st.in[0], st.in[1]
	axis, err := st.axisOf(-2, len(x.dims))
	if err != nil {
		return nil, err
	}
	start := make([]int64, x.dims[0])
	if st.has(2) {
		start = as[int64](st.in[2])
	}
	circular := st.node.Str("mode", "linear") == "circular"
	n, m, inner := x.dims[axis], upd.dims[axis], count(x.dims[axis+1:])
	middle := count(x.dims[1:axis])
	dst, src, u := as[E](st.out[0]), as[E](x), as[E](upd)
	return func() {
		copy(dst, src)
		for b := range x.dims[0] {
			for i := range m {
				k := start[b] + int64(i)
				if circular {
					k %= int64(n)
				}
				to, ok := st.wrapped(k, n)
				if !ok {
					return
				}
				for c := range middle {
					row := b*middle + c
					copy(dst[(row*n+to)*inner:(row*n+to+1)*inner], u[(row*m+i)*inner:])
				}
			}
		}
	}, nil
}

// oneHot writes the second value where the class is, the first elsewhere; a class
// out of range is nowhere.
func oneHot[E any](st *step) (func(), error) {
	idx, y := st.in[0], st.out[0]
	axis, err := st.axisOf(-1, len(y.dims))
	if err != nil {
		return nil, err
	}
	class := &operand{typ: onnx.Float64, n: idx.n, dims: idx.dims}
	class.mem = allocate(8 * class.n)
	convert, err := buildCast(&step{node: st.node, in: st.in[:1], out: []*operand{class}})
	if err != nil {
		return nil, err
	}
	at, dst, values, l := as[float64](class), as[E](y), as[E](st.in[2]), linesOf(y.dims, axis)
	return func() {
		convert()
		for i := range dst {
			dst[i] = values[0]
		}
		for r, v := range at {
			k := int(v)
			if k < 0 {
				k += l.n
			}
			if k >= 0 && k < l.n {
				dst[l.start(r)+k*l.stride] = values[1]
			}
		}
	}, nil
}
