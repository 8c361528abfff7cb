// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// window is the geometry of a convolution or pooling over up to three spatial
// axes: depth, rows, columns. Axes that the node lacks come first, with length
// 1.
//
// A kernel never meets a border. It reads from planes: copies of the input's
// planes that hold the padding too, and whose rows are split by the column
// stride, so that what one tap reads for a whole row of outputs is one run of
// elements. With stride 2 a row of eight columns and its padding p lies as
//
//	p 1 3 5 7 | 0 2 4 6 p
//
// Where there is no padding and the column stride is 1, the input is its own
// plane.
type window struct {
	in, out, kernel, stride, dilation, begin, end [3]int

	direct bool   // whether the planes are the input
	padded [3]int // lengths of a plane; the last counts one phase of a row
	row    int    // elements of a row of a plane, all phases
	size   int    // elements of a plane
}

// windowOf resolves the window of a node for input and kernel lengths.
func windowOf(n *onnx.Node, in, kernel []int) (*window, error) {
	win, err := onnx.WindowOf(n, in, kernel)
	if err != nil {
		return nil, err
	}
	if len(in) > 3 {
		return nil, fmt.Errorf("%d spatial axes, the kernel takes 1 to 3", len(in))
	}
	w := &window{}
	w.in, w.out, w.kernel = triple(win.In, 1), triple(win.Out, 1), triple(win.Kernel, 1)
	w.stride, w.dilation, w.begin = triple(win.Stride, 1), triple(win.Dilation, 1), triple(win.Begin, 0)
	w.end = triple(win.End, 0)
	w.joinRows(win)
	return w, w.layPlanes(win)
}

// triple returns the lengths of three axes.
func triple(v []int, missing int) [3]int {
	t := [3]int{missing, missing, missing}
	copy(t[3-len(v):], v)
	return t
}

// joinRows makes a plane one row where each output sees its own input only.
func (w *window) joinRows(win onnx.Window) {
	one := [3]int{1, 1, 1}
	if w.kernel == one && w.stride == one && w.in == w.out {
		w.in = [3]int{1, 1, count(win.In)}
		w.out = w.in
	}
}

// layPlanes fixes how the planes lie.
func (w *window) layPlanes(win onnx.Window) error {
	w.direct = w.begin == [3]int{} && w.stride[2] == 1
	for i := range w.padded {
		w.padded[i] = (w.out[i]-1)*w.stride[i] + (w.kernel[i]-1)*w.dilation[i] + 1
		w.direct = w.direct && w.padded[i] <= w.in[i]
	}
	if w.direct {
		w.padded = w.in
	}
	if !fits(onnx.Float32, w.padded[:]) {
		return fmt.Errorf("padding %v and %v makes planes of %v", win.Begin, win.End, w.padded)
	}
	w.padded[2] = (w.padded[2] + w.stride[2] - 1) / w.stride[2]
	if w.direct {
		w.padded[2] = w.in[2]
	}
	w.row = w.padded[2] * w.stride[2]
	w.size = w.padded[0] * w.padded[1] * w.row
	return nil
}

// taps returns how many inputs an output sees in one plane.
func (w *window) taps() int { return w.kernel[0] * w.kernel[1] * w.kernel[2] }

// offsets returns, for every tap in the order of the weights, the distance of
// its run from the base of an output row.
func (w *window) offsets() []int {
	out := make([]int, 0, w.taps())
	for d := range w.kernel[0] {
		for r := range w.kernel[1] {
			for c := range w.kernel[2] {
				row := d*w.dilation[0]*w.padded[1] + r*w.dilation[1]
				col := c * w.dilation[2]
				out = append(out, row*w.row+col%w.stride[2]*w.padded[2]+col/w.stride[2])
			}
		}
	}
	return out
}

// rows returns the rows of a plane of outputs.
func (w *window) rows() int { return w.out[0] * w.out[1] }

// base returns where in a plane the first tap of an output row reads.
func (w *window) base(row int) int {
	d, r := row/w.out[1], row%w.out[1]
	return (d*w.stride[0]*w.padded[1] + r*w.stride[1]) * w.row
}

// fill writes one plane of the input to dst, with pad around it.
func (w *window) fill(dst, src []float32, pad float32) { fillPlane(w, dst, src, pad, f32.Strided) }

// fillPlane is [window.fill] for elements of any type; strided copies elements that
// are step apart.
func fillPlane[E any](w *window, dst, src []E, pad E, strided func(dst, src []E, step int)) {
	for d := range w.padded[0] {
		for r := range w.padded[1] {
			row := dst[(d*w.padded[1]+r)*w.row:][:w.row]
			at, line := d-w.begin[0], r-w.begin[1]
			if uint(at) >= uint(w.in[0]) || uint(line) >= uint(w.in[1]) {
				fill(row, pad)
				continue
			}
			fillRow(w, row, src[(at*w.in[1]+line)*w.in[2]:][:w.in[2]], pad, strided)
		}
	}
}

// fillRow writes one row, phase by phase.
func fillRow[E any](w *window, dst, src []E, pad E, strided func(dst, src []E, step int)) {
	step, lead := w.stride[2], w.begin[2]
	for phase := range step {
		run := dst[phase*w.padded[2]:][:w.padded[2]]
		// Element i of the run is column i·step + phase − lead of the input.
		first := min(len(run), max(0, lead-phase+step-1)/step)
		last := max(first, min(len(run), (len(src)+lead-phase+step-1)/step))
		fill(run[:first], pad)
		fill(run[last:], pad)
		switch {
		case first == last:
		case step == 1:
			copy(run[first:last], src[first-lead:])
		default:
			strided(run[first:last], src[first*step+phase-lead:], step)
		}
	}
}
