// SPDX-License-Identifier: Apache-2.0

package ref

import "github.com/neuroran/neuroran/accel/onnx"

// spatial steps through the places of a window over any number of axes.
type spatial struct {
	in, kernel, out          []int
	stride, dilation, before []int
	pos                      []int // place of the window
	tap                      []int // tap within the window
	first, last              []int // taps within the input
}

func spatialOf(w onnx.Window) *spatial {
	return &spatial{in: w.In, kernel: w.Kernel, out: w.Out, stride: w.Stride, dilation: w.Dilation, before: w.Begin,
		pos: make([]int, len(w.In)), tap: make([]int, len(w.In)), first: make([]int, len(w.In)), last: make([]int, len(w.In))}
}

// eachTap calls f for every tap of the window at the current place, with the
// offset of the input element, or -1 where it lies in the padding.
func (s *spatial) eachTap(f func(tap, off int)) {
	clear(s.tap)
	for t := range count(s.kernel) {
		off := 0
		for i, p := range s.pos {
			at := p*s.stride[i] + s.tap[i]*s.dilation[i] - s.before[i]
			if at < 0 || at >= s.in[i] {
				off = -1
				break
			}
			off = off*s.in[i] + at
		}
		f(t, off)
		advance(s.tap, s.kernel)
	}
}

// eachInside is eachTap for the taps that lie in the input only, however large the
// window is.
func (s *spatial) eachInside(f func(tap, off int)) {
	for i, p := range s.pos {
		at := p*s.stride[i] - s.before[i]
		s.first[i] = max(0, (-at+s.dilation[i]-1)/s.dilation[i])
		s.last[i] = min(s.kernel[i], floorDiv(s.in[i]-1-at, s.dilation[i])+1)
		if s.first[i] >= s.last[i] {
			return
		}
		s.tap[i] = s.first[i]
	}
	for {
		tap, off := 0, 0
		for i, p := range s.pos {
			tap = tap*s.kernel[i] + s.tap[i]
			off = off*s.in[i] + p*s.stride[i] + s.tap[i]*s.dilation[i] - s.before[i]
		}
		f(tap, off)
		i := len(s.tap) - 1
		for ; i >= 0; i-- {
			if s.tap[i]++; s.tap[i] < s.last[i] {
				break
			}
			s.tap[i] = s.first[i]
		}
		if i < 0 {
			return
		}
	}
}

// floorDiv is a/b rounded down, for b above 0.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// advance moves an odometer on by one.
func advance(pos, dims []int) {
	for i := len(pos) - 1; i >= 0; i-- {
		if pos[i]++; pos[i] < dims[i] {
			return
		}
		pos[i] = 0
	}
}

// buildConvTranspose spreads each input element over the window that it would
// have been computed from: a product for the taps, and a sum of those that meet.
func buildConvTranspose(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, w := st.in[0], st.in[1]
	win, err := onnx.TransposedWindowOf(st.node.Node, x.dims[2:], w.dims[2:])
	if err != nil {
		return nil, err
	}
	win.In, win.Out = win.Out, win.In // the window steps over the output
	s, group := spatialOf(win), int(st.node.Int("group", 1))
	cin, cout, taps := w.dims[0]/group, w.dims[1], count(win.Kernel)
	size, places := count(win.In), count(win.Out)
	bias := make([]float32, cout*group)
	if st.has(2) {
		bias = st.in[2].f32()
	}
	rows := cout * taps
	turned, cols, panel := make([]float32, rows*cin), make([]float32, rows*places), newMatrix(cin, places)
	src, weights, dst := x.f32(), w.f32(), st.out[0].f32()
	return func() {
		for bg := range x.dims[0] * group {
			g := bg % group
			turn(turned, weights[g*cin*rows:], cin, rows)
			panel.set(src[bg*cin*places:], places)
			panel.mul(cols, places, turned, cin, rows)
			out := dst[bg*cout*size:][:cout*size]
			for o := range cout {
				fill(out[o*size:(o+1)*size], bias[g*cout+o])
			}
			clear(s.pos)
			for p := range places {
				s.eachTap(func(t, off int) {
					for o := 0; off >= 0 && o < cout; o++ {
						out[o*size+off] += cols[(o*taps+t)*places+p]
					}
				})
				advance(s.pos, s.out)
			}
		}
	}, nil
}

// turn writes the transpose of the rows×cols matrix src.
func turn(dst, src []float32, rows, cols int) {
	for i := range rows {
		for j := range cols {
			dst[j*rows+i] = src[i*cols+j]
		}
	}
}

// buildCol2Im adds up the blocks that columns [batch, channel·block, place] hold.
func buildCol2Im(st *step) (func(), error) {
	if err := (&step{in: st.in[:1], out: st.out}).floats(); err != nil {
		return nil, err
	}
	v := st.values()
	image, err1 := v[1].Const.Int64s()
	block, err2 := v[2].Const.Int64s()
	if err1 != nil || err2 != nil {
		return nil, st.invalid("lengths must be integers")
	}
	in, kernel := make([]int, len(image)), make([]int, len(block))
	for i := range in {
		in[i], kernel[i] = int(image[i]), int(block[i])
	}
	win, err := onnx.WindowOf(st.node.Node, in, kernel)
	if err != nil {
		return nil, err
	}
	s, taps, size, places := spatialOf(win), count(kernel), count(in), count(win.Out)
	src, dst := st.in[0].f32(), st.out[0].f32()
	return func() {
		clear(dst)
		for bc := range len(dst) / max(size, 1) {
			cols, out := src[bc*taps*places:], dst[bc*size:]
			clear(s.pos)
			for p := range places {
				s.eachTap(func(t, off int) {
					if off >= 0 {
						out[off] += cols[t*places+p]
					}
				})
				advance(s.pos, s.out)
			}
		}
	}, nil
}
