// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// tile is how many output positions a convolution computes at a time: their
// patches stay in the second-level cache.
const tile = 128

// conv is a convolution over one or two spatial axes (a line is a plane of
// height 1), unfolded to matrix products.
type conv struct {
	x, w, y        []float32
	init           []float32 // bias of every output channel
	batch, group   int
	cin, cout      int // channels of one group
	h, wd, oh, ow  int
	kh, kw         int
	sh, sw, dh, dw int
	top, left      int
	floor          float32
	patches        []float32
}

func buildConv(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, w := st.in[0], st.in[1]
	win, err := onnx.WindowOf(st.node.Node, x.dims[2:], w.dims[2:])
	if err != nil {
		return nil, err
	}
	if len(x.dims) > 4 {
		return nil, fmt.Errorf("%d spatial axes, the kernel takes 1 or 2", len(x.dims)-2)
	}
	plane := func(v []int, one int) (int, int) {
		if len(v) == 1 {
			return one, v[0]
		}
		return v[0], v[1]
	}
	c := &conv{x: x.f32(), w: w.f32(), y: st.out[0].f32(), batch: x.dims[0], group: int(st.node.Int("group", 1)), floor: st.floor()}
	c.cin, c.cout = w.dims[1], w.dims[0]/c.group
	c.h, c.wd = plane(win.In, 1)
	c.oh, c.ow = plane(win.Out, 1)
	c.kh, c.kw = plane(win.Kernel, 1)
	c.sh, c.sw = plane(win.Stride, 1)
	c.dh, c.dw = plane(win.Dilation, 1)
	c.top, c.left = plane(win.Begin, 0)
	c.init = make([]float32, w.dims[0])
	if st.has(2) {
		c.init = st.in[2].f32()
	}
	if c.cin == 1 && c.cout == 1 {
		return c.depthwise, nil
	}
	k := c.cin * c.kh * c.kw
	c.patches = make([]float32, f32.PackedLen(k, tile))
	return c.unfolded, nil
}

// unfolded computes each tile of positions as weights × patches.
func (c *conv) unfolded() {
	k, spatial := c.cin*c.kh*c.kw, c.oh*c.ow
	for bg := range c.batch * c.group {
		g := bg % c.group
		x := c.x[bg*c.cin*c.h*c.wd:]
		y := c.y[bg*c.cout*spatial:]
		w := c.w[g*c.cout*k:]
		for p := 0; p < spatial; p += tile {
			n := min(tile, spatial-p)
			c.unfold(x, p, n)
			for o := range c.cout {
				row := y[o*spatial+p:][:n]
				v := c.init[g*c.cout+o]
				for i := range row {
					row[i] = v
				}
			}
			f32.Gemm(y[p:], spatial, w, k, c.patches, y[p:], spatial, c.cout, n, k, c.floor)
		}
	}
}

// unfold writes the patches of positions p to p+n-1 in the panels of
// [f32.Gemm].
func (c *conv) unfold(x []float32, p, n int) {
	k := c.cin * c.kh * c.kw
	if c.pointwise() {
		f32.Pack(c.patches, x[p:], c.h*c.wd, k, n)
		return
	}
	for q := 0; q < n; q += f32.Lanes {
		panel := c.patches[q*k:][: k*f32.Lanes : k*f32.Lanes]
		for lane := range f32.Lanes {
			if q+lane >= n {
				for i := lane; i < len(panel); i += f32.Lanes {
					panel[i] = 0
				}
				continue
			}
			pos := p + q + lane
			c.patch(panel[lane:], x, pos/c.ow*c.sh-c.top, pos%c.ow*c.sw-c.left)
		}
	}
}

// pointwise reports whether each output sees one input position, its own.
func (c *conv) pointwise() bool {
	return c.kh == 1 && c.kw == 1 && c.sh == 1 && c.sw == 1 && c.oh == c.h && c.ow == c.wd && c.top == 0 && c.left == 0
}

// patch writes the inputs under the kernel at row r and column s, one every
// [f32.Lanes] elements.
func (c *conv) patch(dst, x []float32, r, s int) {
	at := 0
	for ch := range c.cin {
		plane := x[ch*c.h*c.wd:][:c.h*c.wd]
		for i := range c.kh {
			row := r + i*c.dh
			for j := range c.kw {
				col := s + j*c.dw
				v := float32(0)
				if uint(row) < uint(c.h) && uint(col) < uint(c.wd) {
					v = plane[row*c.wd+col]
				}
				dst[at] = v
				at += f32.Lanes
			}
		}
	}
}

// depthwise computes one input channel for each output channel, tap by tap.
func (c *conv) depthwise() {
	for bc := range c.batch * c.group {
		ch := bc % c.group
		x, y := c.x[bc*c.h*c.wd:][:c.h*c.wd], c.y[bc*c.oh*c.ow:][:c.oh*c.ow]
		for i := range y {
			y[i] = c.init[ch]
		}
		w := c.w[ch*c.kh*c.kw:]
		for i := range c.kh {
			for j := range c.kw {
				c.tap(y, x, w[i*c.kw+j], i*c.dh-c.top, j*c.dw-c.left)
			}
		}
		if c.floor == 0 {
			f32.ScaleShift(y, y, 1, 0, 0)
		}
	}
}

// tap adds w times the input, shifted by r rows and s columns, to the output.
func (c *conv) tap(y, x []float32, w float32, r, s int) {
	first := max(0, (-s+c.sw-1)/c.sw)
	last := min(c.ow, (c.wd-1-s)/c.sw+1)
	if s > c.wd-1 || first >= last {
		return
	}
	for o := range c.oh {
		row := o*c.sh + r
		if uint(row) >= uint(c.h) {
			continue
		}
		dst, src := y[o*c.ow+first:o*c.ow+last], x[row*c.wd+first*c.sw+s:]
		if c.sw == 1 {
			f32.Axpy(dst, w, src)
			continue
		}
		for i := range dst {
			dst[i] += w * src[i*c.sw]
		}
	}
}
