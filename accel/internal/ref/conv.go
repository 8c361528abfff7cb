// SPDX-License-Identifier: Apache-2.0

package ref

import "github.com/neuroran/neuroran/internal/simd/f32"

// patchBytes is about how much memory the patches of a convolution take at a
// time: a part of the second-level cache.
const patchBytes = 512 << 10

// tiling is how a convolution becomes products: which taps an output position
// sees, and how many positions are computed at a time.
type tiling struct {
	*window
	batch, group int
	cin, cout    int   // channels of one group
	offsets      []int // of every tap of every channel, in the planes
	tile         int   // positions at a time
}

// conv is a convolution: a matrix product of the weights and the patches, which
// are the inputs under every tap (rows) at every output position (columns).
type conv struct {
	*tiling
	x, w, y []float32
	init    []float32 // bias of every output channel
	floor   float32
	scratch *scratch
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
	c := &conv{tiling: newTiling(st, win, w.dims), x: x.f32(), w: w.f32(), y: st.out[0].f32(), floor: st.floor(), scratch: st.scratch}
	if st.has(2) {
		c.init = st.in[2].f32()
	} else {
		c.init = make([]float32, w.dims[0])
	}
	if c.cin == 1 {
		return c.depthwise, st.scratch.need(c.size)
	}
	c.setTile(patchBytes / 4 / len(c.offsets))
	return c.run, st.scratch.need(c.cin*c.size, f32.PackedLen(len(c.offsets), c.tile), c.tile)
}

// newTiling resolves the channels and taps of a convolution with weights of
// lengths dims.
func newTiling(st *step, win *window, dims []int) *tiling {
	c := &tiling{window: win, batch: st.in[0].dims[0], group: int(st.node.Int("group", 1))}
	c.cin, c.cout = dims[1], dims[0]/c.group
	taps := win.offsets()
	for ch := range c.cin {
		for _, off := range taps {
			c.offsets = append(c.offsets, ch*c.size+off)
		}
	}
	return c
}

// setTile chooses how many positions run at a time, of which there is room for
// most: a whole number of rows where they are short, else the same part of each
// row.
func (c *tiling) setTile(most int) {
	const pair = 2 * f32.Lanes
	room := max(1, most/pair) * pair
	row := c.out[2]
	if row <= room {
		c.tile = min(room/row, c.rows()) * row
		return
	}
	parts := (row + room - 1) / room
	c.tile = ((row+parts-1)/parts + pair - 1) / pair * pair
}

// tile is some positions of one group of one batch: a part of one row, or whole
// rows.
type convTile struct {
	group    int // of the batch
	batch    int // group and batch: which planes
	at, n    int // positions in a plane of outputs
	row, col int // of the first
	rows     int
}

// run computes tile by tile.
func (c *conv) run() {
	k := len(c.offsets)
	buf := c.scratch.take(c.cin*c.size, f32.PackedLen(k, c.tile), c.tile)
	size := c.rows() * c.out[2]
	var planes []float32
	c.each(func(bg int) { planes = c.planes(buf[0], bg) }, func(t convTile) {
		c.unfold(buf[1], buf[2], planes, t)
		w, init := c.w[t.group*c.cout*k:], c.init[t.group*c.cout:]
		f32.GemmColumn(c.y[t.batch*c.cout*size+t.at:], size, w, k, buf[1], init, c.cout, t.n, k, c.floor)
	})
}

// each calls begin for every group of every batch, and do for every tile of it.
func (c *tiling) each(begin func(bg int), do func(t convTile)) {
	cols := c.out[2]
	for bg := range c.batch * c.group {
		begin(bg)
		t := convTile{group: bg % c.group, batch: bg}
		if cols > c.tile {
			for i := range c.rows() * ((cols + c.tile - 1) / c.tile) {
				parts := (cols + c.tile - 1) / c.tile
				t.row, t.col, t.rows = i/parts, i%parts*c.tile, 1
				t.at, t.n = t.row*cols+t.col, min(c.tile, cols-t.col)
				do(t)
			}
			continue
		}
		step := c.tile / cols
		for t.row = 0; t.row < c.rows(); t.row += step {
			t.rows = min(step, c.rows()-t.row)
			t.at, t.n = t.row*cols, t.rows*cols
			do(t)
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

// unfold writes the patches of a tile; line is room for one of their rows.
func (c *conv) unfold(patches, line, planes []float32, t convTile) {
	if t.rows == 1 {
		f32.PackRows(patches, planes[c.base(t.row)+t.col:], c.offsets, len(c.offsets), t.n)
		return
	}
	line = line[:t.n]
	for i, off := range c.offsets {
		gather(line, planes[off:], c.window, t)
		f32.PackRows(patches[i*f32.Lanes:], line, lineStart, len(c.offsets), t.n)
	}
}

// gather copies what one tap sees in the rows of a tile.
func gather[E any](line, plane []E, w *window, t convTile) {
	cols := w.out[2]
	for j := range t.rows {
		copy(line[j*cols:(j+1)*cols], plane[w.base(t.row+j):])
	}
}

// lineStart is the only row of a matrix that is one line.
var lineStart = []int{0}

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
