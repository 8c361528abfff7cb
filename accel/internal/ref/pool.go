// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/f32"
)

func buildGlobalPool(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, y := st.in[0].f32(), st.out[0].f32()
	n := len(x) / len(y)
	return func() { reductions["ReduceMean"].rows(y, x, n) }, nil
}

// pool is a pooling: the greatest of the elements under each tap, or their mean.
type pool struct {
	*window
	x, y    []float32
	max     bool
	taps    []int
	weights []float32    // of a sum: ones
	parts   [3][]float32 // by axis and output, one over the elements that count
	scratch *scratch
}

func buildPool(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	in := st.in[0].dims[2:]
	kernel := make([]int, len(in))
	for i, k := range st.node.Ints("kernel_shape") {
		if i < len(kernel) {
			kernel[i] = int(k)
		}
	}
	win, err := windowOf(st.node.Node, in, kernel)
	if err != nil {
		return nil, err
	}
	p := &pool{window: win, x: st.in[0].f32(), y: st.out[0].f32(), max: st.node.OpType == "MaxPool", taps: win.offsets(), scratch: st.scratch}
	p.weights = make([]float32, len(p.taps))
	fill(p.weights, 1)
	padded := st.node.Int("count_include_pad", 0) != 0
	for i := range p.parts {
		p.parts[i] = win.shares(i, padded)
	}
	return p.run, st.scratch.need(win.size)
}

// shares returns, for every output along an axis, one over the taps that count
// in its mean: those on the input or, with padding, on either.
func (w *window) shares(axis int, padding bool) []float32 {
	out := make([]float32, w.out[axis])
	lo, hi := 0, w.in[axis]
	if padding {
		lo, hi = -w.begin[axis], hi+w.end[axis]
	}
	for o := range out {
		n := 0
		for k := range w.kernel[axis] {
			if at := o*w.stride[axis] - w.begin[axis] + k*w.dilation[axis]; lo <= at && at < hi {
				n++
			}
		}
		out[o] = 1 / float32(n)
	}
	return out
}

func (p *pool) run() {
	pad := float32(0)
	if p.max {
		pad = float32(math.Inf(-1))
	}
	in, cols := count(p.in[:]), p.out[2]
	size := p.rows() * cols
	buf := p.scratch.take(p.size)[0]
	for c := range len(p.y) / size {
		plane, y := p.x[c*in:(c+1)*in], p.y[c*size:(c+1)*size]
		if !p.direct {
			p.fill(buf, plane, pad)
			plane = buf
		}
		for r := range p.rows() {
			row, from := y[r*cols:(r+1)*cols], plane[p.base(r):]
			if p.max {
				p.greatest(row, from)
			} else {
				p.mean(row, from, r)
			}
		}
	}
}

func (p *pool) greatest(row, plane []float32) {
	copy(row, plane[p.taps[0]:])
	for _, off := range p.taps[1:] {
		f32.Max(row, row, plane[off:])
	}
}

func (p *pool) mean(row, plane []float32, r int) {
	f32.Taps(row, plane, p.taps, p.weights, 0, f32.NoFloor)
	f32.Mul(row, row, p.parts[2])
	f32.MulNumber(row, row, p.parts[0][r/p.out[1]]*p.parts[1][r%p.out[1]])
}
