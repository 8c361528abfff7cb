// SPDX-License-Identifier: Apache-2.0

package ref

import "github.com/neuroran/neuroran/internal/simd/f32"

// vectorOp is the vector kernels of an operator on two numbers: of two vectors,
// of a vector and a number, and of a number and a vector.
type vectorOp struct {
	vectors func(dst, x, y []float32)
	right   func(dst, x []float32, y float32)
	left    func(dst, y []float32, x float32)
}

var vectorOps = map[string]vectorOp{
	"Add":   {f32.Add, f32.AddNumber, f32.AddNumber},
	"Sum":   {f32.Add, f32.AddNumber, f32.AddNumber},
	"Mean":  {f32.Add, f32.AddNumber, f32.AddNumber},
	"Sub":   {f32.Sub, f32.SubNumber, f32.SubFromNumber},
	"Mul":   {f32.Mul, f32.MulNumber, f32.MulNumber},
	"Div":   {f32.Div, f32.DivNumber, f32.DivOfNumber},
	"Max":   {f32.Max, f32.MaxNumber, f32.MaxNumber},
	"Min":   {f32.Min, f32.MinNumber, f32.MinNumber},
	"PRelu": {prelu, f32.LeakyReLU, preluOfNumber},
}

func prelu(dst, x, slope []float32) {
	for i, v := range x {
		if v < 0 {
			v *= slope[i]
		}
		dst[i] = v
	}
}

func preluOfNumber(dst, slope []float32, x float32) {
	if x < 0 {
		f32.MulNumber(dst, slope, x)
		return
	}
	fill(dst, x)
}

// pairing walks two operands in the shape of their result: by runs along the
// last axes, in which each is one run of elements or one number that repeats.
type pairing struct {
	run    int      // elements of a run
	sx, sy int      // steps of the operands within a run, 0 or 1
	lens   []int    // lengths of the axes before the run
	steps  [][2]int // steps of the operands on each of them
	pos    []int    // odometer
}

// pair plans walking operands of lengths x and y, which broadcast to dims.
func pair(x, y, dims []int) *pairing {
	px, py := stridesIn(x, dims), stridesIn(y, dims)
	p := &pairing{run: 1}
	last := len(dims)
	for last > 0 && (dims[last-1] == 1 || p.run == 1) {
		last--
		if dims[last] > 1 {
			p.run, p.sx, p.sy = dims[last], px[last], py[last]
		}
	}
	for last > 0 && (dims[last-1] == 1 || px[last-1] == p.run*p.sx && py[last-1] == p.run*p.sy) {
		last--
		p.run *= dims[last]
	}
	p.lens, p.pos = dims[:last], make([]int, last)
	for i := range last {
		p.steps = append(p.steps, [2]int{px[i], py[i]})
	}
	return p
}

// stridesIn returns the step of an operand on each axis of the result, 0 where
// it repeats.
func stridesIn(from, to []int) []int {
	strides, step := make([]int, len(to)), 1
	for i := len(from) - 1; i >= 0; i-- {
		if from[i] > 1 {
			strides[len(to)-len(from)+i] = step
		}
		step *= from[i]
	}
	return strides
}

// apply computes dst = op(x, y) run by run. dst may be x if x does not repeat.
func (p *pairing) apply(op vectorOp, dst, x, y []float32) {
	clear(p.pos)
	ox, oy := 0, 0
	for at := 0; at < len(dst); at += p.run {
		run := dst[at : at+p.run]
		switch {
		case p.sx == 0 && p.sy == 0: // both repeat, for the sake of a later operand
			op.right(run[:1], x[ox:ox+1], y[oy])
			fill(run, run[0])
		case p.sx == 0:
			op.left(run, y[oy:oy+p.run], x[ox])
		case p.sy == 0:
			op.right(run, x[ox:ox+p.run], y[oy])
		default:
			op.vectors(run, x[ox:ox+p.run], y[oy:oy+p.run])
		}
		for i := len(p.pos) - 1; i >= 0; i-- {
			p.pos[i]++
			ox, oy = ox+p.steps[i][0], oy+p.steps[i][1]
			if p.pos[i] < p.lens[i] {
				break
			}
			ox, oy = ox-p.pos[i]*p.steps[i][0], oy-p.pos[i]*p.steps[i][1]
			p.pos[i] = 0
		}
	}
}

// foldVectors computes dst = op(op(in0, in1), in2)… with every input broadcast
// to the shape of the output.
func foldVectors(st *step, dst []float32, op vectorOp) func() {
	dims, first := st.out[0].dims, st.in[0].f32()
	if len(st.in) == 1 {
		return func() { copy(dst, first) }
	}
	var pairs []*pairing
	var others [][]float32
	for i, o := range st.in[1:] {
		left := dims
		if i == 0 {
			left = st.in[0].dims
		}
		pairs, others = append(pairs, pair(left, o.dims, dims)), append(others, o.f32())
	}
	return func() {
		x := first
		for i, p := range pairs {
			p.apply(op, dst, x, others[i])
			x = dst
		}
	}
}
