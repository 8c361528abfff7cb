// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// tap is one input element that an output element is made of.
type tap struct {
	at     int
	weight float64
}

// resampling is how the elements along one axis are made: from no taps at all
// where the place lies outside and gets the extrapolation value.
type resampling struct {
	axis int
	taps [][]tap
}

// weighting is a resampling for the kernels: taps of all places in a row, in
// float32, with their offsets along the axis.
type weighting struct {
	ends    []int // end of the taps of each place
	offsets []int
	weights []float32
	two     bool // whether each place has two taps
}

func (p resampling) weighting(stride int) weighting {
	w := weighting{two: true}
	for _, taps := range p.taps {
		w.two = w.two && len(taps) == 2
		for _, t := range taps {
			w.offsets, w.weights = append(w.offsets, t.at*stride), append(w.weights, float32(t.weight))
		}
		w.ends = append(w.ends, len(w.offsets))
	}
	return w
}

// line makes the elements along an axis whose neighbours lie side by side.
func (w *weighting) line(dst, src []float32, outside float32) {
	if w.two {
		offsets, weights := w.offsets[:2*len(dst)], w.weights[:2*len(dst)]
		for k := range dst {
			dst[k] = weights[2*k]*src[offsets[2*k]] + weights[2*k+1]*src[offsets[2*k+1]]
		}
		return
	}
	first := 0
	for k, end := range w.ends {
		offsets, weights := w.offsets[first:end], w.weights[first:end]
		first = end
		if len(offsets) == 0 {
			dst[k] = outside
			continue
		}
		sum := float32(0)
		for i, off := range offsets {
			sum += weights[i] * src[off]
		}
		dst[k] = sum
	}
}

// rows makes whole rows of n elements, which lie along the axes behind.
func (w *weighting) rows(dst, src []float32, n int, outside float32) {
	first := 0
	for k, end := range w.ends {
		row, taps := dst[k*n:(k+1)*n], w.offsets[first:end]
		if len(taps) == 0 {
			fill(row, outside)
		} else {
			f32.Taps(row, src, taps, w.weights[first:end], 0, f32.NoFloor)
		}
		first = end
	}
}

// buildResize makes Resize and Upsample: axis by axis, since every mode is a
// product of weights along the axes.
func buildResize(st *step) (func(), error) {
	r, err := onnx.ResizingOf(st.node.Node, st.opset, st.values())
	if err != nil {
		return nil, err
	}
	mode := st.node.Str("mode", "nearest")
	if mode == "nearest" {
		return resizeNearest(st, r)
	}
	if err := (&step{in: st.in[:1], out: st.out}).floats(); err != nil {
		return nil, err
	}
	var passes []resampling // from the last axis on: that one is the slowest, and has the fewest elements then
	for i, d := range slices.Backward(st.in[0].dims) {
		if r.Scale[i] == 1 && r.Out[i] == d && r.ROI[i] == 0 && r.ROI[len(r.Out)+i] == 1 {
			continue
		}
		p, err := resample(st, r, i)
		if err != nil {
			return nil, err
		}
		passes = append(passes, p)
	}
	return resizePasses(st, passes), nil
}

// resizePasses runs the passes through buffers of their own.
func resizePasses(st *step, passes []resampling) func() {
	outside := st.node.Float("extrapolation_value", 0)
	src, dims := st.in[0].f32(), slices.Clone(st.in[0].dims)
	var runs []func()
	for i, p := range passes {
		from, l := src, linesOf(dims, p.axis)
		dims[p.axis] = len(p.taps)
		dst := st.out[0].f32()
		if i < len(passes)-1 {
			dst = make([]float32, count(dims))
		}
		w := p.weighting(l.stride)
		in, out := l.n*l.stride, len(p.taps)*l.stride
		runs = append(runs, func() {
			for r := range l.count / l.stride {
				if to, line := dst[r*out:(r+1)*out], from[r*in:(r+1)*in]; l.stride == 1 {
					w.line(to, line, outside)
				} else {
					w.rows(to, line, l.stride, outside)
				}
			}
		})
		src = dst
	}
	if len(runs) == 0 {
		dst := st.out[0].f32()
		return func() { copy(dst, src) }
	}
	return func() {
		for _, run := range runs {
			run()
		}
	}
}

// resizeNearest reads one element for each, whatever the type.
func resizeNearest(st *step, r onnx.Resizing) (func(), error) {
	at := make([][]int, len(r.Out))
	for i := range r.Out {
		p, err := resample(st, r, i)
		if err != nil {
			return nil, err
		}
		for _, taps := range p.taps {
			k := -1
			if len(taps) > 0 {
				k = taps[0].at
			}
			at[i] = append(at[i], k)
		}
	}
	switch st.in[0].typ.Size() {
	case 1:
		return picked(st, at, make([]uint8, 1)), nil
	case 2:
		return picked(st, at, make([]uint16, 1)), nil
	case 8:
		return picked(st, at, make([]uint64, 1)), nil
	}
	return picked(st, at, []uint32{math.Float32bits(st.node.Float("extrapolation_value", 0))}), nil
}

// resample makes the taps along one axis.
func resample(st *step, r onnx.Resizing, axis int) (resampling, error) {
	n, out, scale := st.in[0].dims[axis], r.Out[axis], r.Scale[axis]
	place, err := resizePlace(st, n, out, scale, r.ROI[axis], r.ROI[len(r.Out)+axis])
	if err != nil {
		return resampling{}, err
	}
	crop := st.node.Str("coordinate_transformation_mode", "") == "tf_crop_and_resize"
	p := resampling{axis: axis, taps: make([][]tap, out)}
	for k := range p.taps {
		x := float64(place(float32(k)))
		if crop && (x < 0 || x > float64(n-1)) {
			continue
		}
		if p.taps[k], err = tapsAt(st, x, n, scale); err != nil {
			return p, err
		}
	}
	return p, nil
}

// resizePlace returns the function from places in the output to places in the
// input. It computes in float32, as ONNX Runtime does: where a place lies between
// two elements, or on one, is a matter of rounding.
func resizePlace(st *step, n, out int, scale64, start, end float64) (func(x float32) float32, error) {
	def := "half_pixel"
	if st.opset < 11 || st.node.OpType == "Upsample" {
		def = "asymmetric"
	}
	size, scale, last := lengthOf(scale64*float64(n)), float32(scale64), float32(n-1)
	mode := st.node.Str("coordinate_transformation_mode", def)
	if st.opset < 11 {
		mode = def // there was no such attribute
	}
	switch mode {
	case "half_pixel":
		return func(x float32) float32 { return (x+0.5)/scale - 0.5 }, nil
	case "half_pixel_symmetric":
		adjust := float32(out) / size
		offset := float32(n) / 2 * (1 - adjust)
		return func(x float32) float32 { return offset + (x+0.5)/scale - 0.5 }, nil
	case "pytorch_half_pixel":
		if out == 1 {
			return func(float32) float32 { return 0 }, nil
		}
		return func(x float32) float32 { return (x+0.5)/scale - 0.5 }, nil
	case "align_corners":
		if size == 1 {
			return func(float32) float32 { return 0 }, nil
		}
		return func(x float32) float32 { return x * last / (size - 1) }, nil
	case "tf_half_pixel_for_nn":
		return func(x float32) float32 { return (x + 0.5) / scale }, nil
	case "asymmetric":
		return func(x float32) float32 { return x / scale }, nil
	case "tf_crop_and_resize":
		first, span := float32(start)*last, float32(end-start)*last
		if size == 1 || out == 1 {
			return func(float32) float32 { return 0.5 * float32(start+end) * last }, nil
		}
		width := float32(out - 1)
		return func(x float32) float32 { return first + x*span/width }, nil
	default:
		return nil, fmt.Errorf("coordinate_transformation_mode %q", mode)
	}
}

// lengthOf returns an output length before it was rounded down; what the rounding
// of a scale takes from an integer does not count.
func lengthOf(size float64) float32 {
	if whole := math.Round(size); math.Abs(size-whole) < 1e-5*max(1, whole) {
		return float32(whole)
	}
	return float32(size)
}

// tapsAt returns the elements of a line of length n that make the element at x.
func tapsAt(st *step, x float64, n int, scale float64) ([]tap, error) {
	base := math.Floor(x)
	r := x - base
	shrink := 1.0
	if st.node.Int("antialias", 0) != 0 {
		shrink = min(scale, 1)
	}
	var first int
	var weights []float64
	switch mode := st.node.Str("mode", "nearest"); mode {
	case "nearest":
		return []tap{{min(max(int(base)+nearestOf(st, r, scale), 0), n-1), 1}}, nil
	case "linear", "bilinear":
		first, weights = kernelWeights(r, 1, shrink, func(d float64) float64 { return max(0, 1-math.Abs(d)) })
	case "cubic":
		a := float64(st.node.Float("cubic_coeff_a", -0.75))
		first, weights = kernelWeights(r, 2, shrink, func(d float64) float64 { return cubic(d, a) })
	default:
		return nil, fmt.Errorf("mode %q", mode)
	}
	exclude, sum := st.node.Int("exclude_outside", 0) != 0, 0.0
	var taps []tap
	for i, w := range weights {
		at := int(base) + first + i
		if exclude && (at < 0 || at >= n) {
			continue
		}
		taps, sum = append(taps, tap{min(max(at, 0), n-1), w}), sum+w
	}
	if exclude && sum != 0 {
		for i := range taps {
			taps[i].weight /= sum
		}
	}
	return taps, nil
}

// nearestOf returns 0 or 1: which neighbour of a place r behind the first is
// nearest.
func nearestOf(st *step, r, scale float64) int {
	if r == 0 {
		return 0
	}
	if st.opset < 11 || st.node.OpType == "Upsample" { // the rule of ONNX Runtime, which the first version leaves open
		if scale < 1 {
			return 1
		}
		return 0
	}
	up := false
	switch st.node.Str("nearest_mode", "round_prefer_floor") {
	case "round_prefer_floor":
		up = r > 0.5
	case "round_prefer_ceil":
		up = r >= 0.5
	case "ceil":
		up = true
	}
	if up {
		return 1
	}
	return 0
}

// kernelWeights samples a kernel of the given reach around a place r behind the
// first neighbour, stretched by 1/shrink, with weights that sum to 1.
func kernelWeights(r, reach, shrink float64, f func(float64) float64) (first int, w []float64) {
	first = int(math.Floor(-reach/shrink)) + 1
	last := int(reach) - first
	if reach == 1 {
		last = 1 - first
	}
	sum := 0.0
	for i := first; i <= last; i++ {
		w = append(w, f((float64(i)-r)*shrink))
		sum += w[len(w)-1]
	}
	if sum != 0 {
		for i := range w {
			w[i] /= sum
		}
	}
	return first, w
}

// cubic is the kernel of cubic convolution with parameter a (Keys, 1981).
func cubic(d, a float64) float64 {
	d = math.Abs(d)
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}
