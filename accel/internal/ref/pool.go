// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/accel/onnx"
)

func buildGlobalPool(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, y := st.in[0].f32(), st.out[0].f32()
	n := len(x) / len(y)
	return func() {
		for i := range y {
			var sum float64
			for _, v := range x[i*n : (i+1)*n] {
				sum += float64(v)
			}
			y[i] = float32(sum / float64(n))
		}
	}, nil
}

// pool is a pooling over one or two spatial axes.
type pool struct {
	x, y          []float32
	h, w, oh, ow  int
	kh, kw        int
	sh, sw        int
	dh, dw        int
	top, left     int
	bottom, right int
	max, padded   bool // padded: whether an average counts the padding
}

func buildPool(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	in := st.in[0].dims[2:]
	if len(in) > 2 {
		return nil, fmt.Errorf("%d spatial axes, the kernel takes 1 or 2", len(in))
	}
	kernel := make([]int, len(in))
	for i, k := range st.node.Ints("kernel_shape") {
		if i < len(kernel) {
			kernel[i] = int(k)
		}
	}
	win, err := onnx.WindowOf(st.node.Node, in, kernel)
	if err != nil {
		return nil, err
	}
	pair := func(v []int, one int) (int, int) {
		if len(v) == 1 {
			return one, v[0]
		}
		return v[0], v[1]
	}
	p := &pool{x: st.in[0].f32(), y: st.out[0].f32(), max: st.node.OpType == "MaxPool", padded: st.node.Int("count_include_pad", 0) != 0}
	p.h, p.w = pair(win.In, 1)
	p.oh, p.ow = pair(win.Out, 1)
	p.kh, p.kw = pair(win.Kernel, 1)
	p.sh, p.sw = pair(win.Stride, 1)
	p.dh, p.dw = pair(win.Dilation, 1)
	p.top, p.left = pair(win.Begin, 0)
	p.bottom, p.right = pair(win.End, 0)
	return p.run, nil
}

func (p *pool) run() {
	for i := range p.y {
		c, pos := i/(p.oh*p.ow), i%(p.oh*p.ow)
		p.y[i] = p.at(p.x[c*p.h*p.w:], pos/p.ow*p.sh-p.top, pos%p.ow*p.sw-p.left)
	}
}

// at pools the window whose corner is row r and column s.
func (p *pool) at(x []float32, r, s int) float32 {
	peak, sum, n := math.Inf(-1), 0.0, 0
	for i := range p.kh {
		row := r + i*p.dh
		for j := range p.kw {
			col := s + j*p.dw
			if uint(row) < uint(p.h) && uint(col) < uint(p.w) {
				v := float64(x[row*p.w+col])
				peak, sum = max(peak, v), sum+v
				n++
			} else if p.padded && row < p.h+p.bottom && col < p.w+p.right {
				n++
			}
		}
	}
	if p.max {
		return float32(peak)
	}
	return float32(sum / float64(n))
}
