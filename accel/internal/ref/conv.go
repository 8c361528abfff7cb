// SPDX-License-Identifier: Apache-2.0

package ref

import "github.com/neuroran/neuroran/internal/simd/f32"

// patchBytes is about how much memory the patches of a convolution take at a
// time: a part of the second-level cache.
const patchBytes = 512 << 10

// conv is a convolution: a matrix product of the weights and the patches, which
// are the inputs under every tap (rows) at every output position (columns).
type conv struct {
	*window
	x, w, y      []float32
	init         []float32 // bias of every output channel
	batch, group int
	cin, cout    int // channels of one group
	floor        float32
	offsets      []int // of every tap of every channel, in the planes
	tile         int   // positions at a time
	scratch      *scratch
}

func buildConv(st *step) (func(), error) {
	if err := st.floats(); err != nil {
		return nil, err
	}
	x, w := st.in[0], st.in[1]
	win, err := windowOf(st.node.Node, x.dims[2:], w.dims[2:])
	if err != nil {
		return nil, err
	}
	c := &conv{window: win, x: x.f32(), w: w.f32(), y: st.out[0].f32(), batch: x.dims[0], group: int(st.node.Int("group", 1)),
		floor: st.floor(), scratch: st.scratch}
	c.cin, c.cout = w.dims[1], w.dims[0]/c.group
	if st.has(2) {
		c.init = st.in[2].f32()
	} else {
		c.init = make([]float32, w.dims[0])
	}
	taps := win.offsets()
	for ch := range c.cin {
		for _, off := range taps {
			c.offsets = append(c.offsets, ch*c.size+off)
		}
	}
	if c.cin == 1 {
		return c.depthwise, st.scratch.need(c.size)
	}
	c.setTile()
	return c.run, st.scratch.need(c.cin*c.size, f32.PackedLen(len(c.offsets), c.tile), c.tile)
}

// setTile chooses how many positions run at a time: a whole number of rows
// where they are short, else the same part of each row.
func (c *conv) setTile() {
	const pair = 2 * f32.Lanes
	room := max(1, patchBytes/4/len(c.offsets)/pair) * pair
	row := c.out[2]
	if row <= room {
		c.tile = min(room/row, c.rows()) * row
		return
	}
	parts := (row + room - 1) / room
	c.tile = ((row+parts-1)/parts + pair - 1) / pair * pair
}

// run computes tile by tile.
func (c *conv) run() {
	spatial := c.rows() * c.out[2]
	buf := c.scratch.take(c.cin*c.size, f32.PackedLen(len(c.offsets), c.tile), c.tile)
	for bg := range c.batch * c.group {
		planes := c.planes(buf[0], bg)
		y := c.y[bg*c.cout*spatial:][:c.cout*spatial]
		if c.out[2] > c.tile {
			for r := range c.rows() {
				for col := 0; col < c.out[2]; col += c.tile {
					n := min(c.tile, c.out[2]-col)
					f32.PackRows(buf[1], planes[c.base(r)+col:], c.offsets, len(c.offsets), n)
					c.multiply(y[r*c.out[2]+col:], buf[1], bg%c.group, n)
				}
			}
			continue
		}
		step := c.tile / c.out[2]
		for r := 0; r < c.rows(); r += step {
			n := min(step, c.rows()-r)
			c.unfoldRows(buf[1], planes, buf[2], r, n)
			c.multiply(y[r*c.out[2]:], buf[1], bg%c.group, n*c.out[2])
		}
	}
}

// planes returns the planes of one group of one batch.
func (c *conv) planes(buf []float32, bg int) []float32 {
	in := count(c.in[:])
	x := c.x[bg*c.cin*in:][:c.cin*in]
	if c.direct {
		return x
	}
	for ch := range c.cin {
		c.fill(buf[ch*c.size:], x[ch*in:], 0)
	}
	return buf
}

// unfoldRows writes the patches of n whole rows, from row r on.
func (c *conv) unfoldRows(patches, planes, line []float32, r, n int) {
	cols, k := c.out[2], len(c.offsets)
	if n == 1 {
		f32.PackRows(patches, planes[c.base(r):], c.offsets, k, cols)
		return
	}
	line = line[:n*cols]
	for i, off := range c.offsets {
		for j := range n {
			copy(line[j*cols:(j+1)*cols], planes[off+c.base(r+j):])
		}
		f32.PackRows(patches[i*f32.Lanes:], line, lineStart, k, len(line))
	}
}

// lineStart is the only row of a matrix that is one line.
var lineStart = []int{0}

// multiply computes n positions of all channels of a group.
func (c *conv) multiply(y, patches []float32, group, n int) {
	k := len(c.offsets)
	w, init := c.w[group*c.cout*k:], c.init[group*c.cout:]
	f32.GemmColumn(y, c.rows()*c.out[2], w, k, patches, init, c.cout, n, k, c.floor)
}

// depthwise computes groups of one input channel: each row of outputs is a
// weighted sum of rows of the plane, without patches.
func (c *conv) depthwise() {
	cols, k := c.out[2], len(c.offsets)
	buf := c.scratch.take(c.size)
	for bg := range c.batch * c.group {
		plane := c.planes(buf[0], bg)
		for o := range c.cout {
			ch := bg%c.group*c.cout + o
			y := c.y[(bg*c.cout+o)*c.rows()*cols:]
			for r := range c.rows() {
				f32.Taps(y[r*cols:(r+1)*cols], plane[c.base(r):], c.offsets, c.w[ch*k:(ch+1)*k], c.init[ch], c.floor)
			}
		}
	}
}
