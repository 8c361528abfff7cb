// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/i8"
)

// integerConv is a convolution of 8-bit integers, see [conv]: the weights of a
// group are the left side of its products, the patches the right one.
type integerConv struct {
	*tiling
	x, w  quantity
	left  []*leftRows // of each group
	bias  []int32     // of every output channel, or nil
	sink  *integerSink
	load  func() // weights that are no constants
	plane []uint8
	line  []uint8
	patch []int8
	sums  []int32
}

// buildIntegerConv makes ConvInteger and QLinearConv.
func buildIntegerConv(st *step) (func(), error) {
	iw, zx, zw := 1, 2, 3
	linear := st.node.OpType == "QLinearConv"
	if linear {
		iw, zw = 3, 5
	}
	w := st.in[iw]
	win, err := windowOf(st.node.Node, st.in[0].dims[2:], w.dims[2:])
	if err != nil {
		return nil, err
	}
	c := &integerConv{tiling: newTiling(st, win, w.dims)}
	if c.x, err = quantityOf(st, 0, zx); err != nil {
		return nil, err
	}
	if c.w, err = quantityOf(st, iw, zw); err != nil {
		return nil, err
	}
	if c.x.zeros != 1 {
		return nil, fmt.Errorf("zero point %v of the input", st.in[zx].dims)
	}
	if c.sink, err = sinkOf(st, linear); err != nil {
		return nil, err
	}
	if linear && st.has(8) {
		c.bias = as[int32](st.in[8])
	}
	k := len(c.offsets)
	c.setTile(patchBytes / i8.Terms(k))
	c.plane, c.line = make([]uint8, c.cin*c.size), make([]uint8, i8.Group*c.tile)
	c.patch, c.sums = make([]int8, i8.PackedLen(k, c.tile)), make([]int32, (c.cout+1)*i8.Columns(c.tile))
	c.weights(st, w)
	return c.run, nil
}

// weights makes the left sides, once for all bindings where they are constant.
func (c *integerConv) weights(st *step, w *operand) {
	k := len(c.offsets)
	load := func() {
		for g, r := range c.left {
			r.set(c.w.data[g*c.cout*k:], k, c.w.left())
		}
	}
	make := func() []*leftRows {
		for range c.group {
			c.left = append(c.left, newLeftRows(c.cout, k))
		}
		load()
		return c.left
	}
	if w.tens != nil && w.shared {
		c.left = cached(st.session, w.name+"/rows", make)
		return
	}
	make()
	if w.tens == nil {
		c.load = load
	}
}

func (c *integerConv) run() {
	if c.load != nil {
		c.load()
	}
	k := len(c.offsets)
	var planes []uint8
	c.each(func(bg int) { planes = c.planes(bg) }, func(t convTile) {
		c.unfold(planes, t)
		left, ldc := c.left[t.group], i8.Columns(t.n)
		i8.Gemm(c.sums, ldc, left.bytes, left.terms, c.patch, c.cout+1, t.n, k)
		for i := range c.cout {
			c.finish(t, i, c.sums[i*ldc:][:t.n], c.sums[c.cout*ldc:][:t.n])
		}
	})
}

// finish writes the positions of a tile for output channel i of its group.
func (c *integerConv) finish(t convTile, i int, sums, ones []int32) {
	channel, places := t.group*c.cout+i, c.rows()*c.out[2]
	zero := c.w.leftZero(channel)
	q := c.x.rightZero(0) * (int32(len(c.offsets))*zero - c.left[t.group].sums[i])
	if c.bias != nil {
		q += c.bias[channel%len(c.bias)]
	}
	c.sink.put((t.batch*c.cout+i)*places+t.at, sums, ones, -zero, q, channel)
}

// planes returns the planes of one group of one batch: padding is the zero point.
func (c *integerConv) planes(bg int) []uint8 {
	in := count(c.in[:])
	x := c.x.data[bg*c.cin*in:][:c.cin*in]
	if c.direct {
		return x
	}
	for ch := range c.cin {
		fillPlane(c.window, c.plane[ch*c.size:], x[ch*in:], uint8(c.x.zero(0)), strided)
	}
	return c.plane
}

func strided(dst, src []uint8, step int) {
	for i := range dst {
		dst[i] = src[i*step]
	}
}

// unfold writes the patches of a tile, four taps at a time where it has more rows
// than one.
func (c *integerConv) unfold(planes []uint8, t convTile) {
	k, flip := len(c.offsets), c.x.right()
	if t.rows == 1 {
		i8.PackRows(c.patch, planes[c.base(t.row)+t.col:], c.offsets, 0, k, t.n, flip)
		return
	}
	for i := 0; i < k; i += i8.Group {
		taps := c.offsets[i:min(i+i8.Group, k)]
		var lines [i8.Group]int
		for j, off := range taps {
			lines[j] = j * t.n
			gather(c.line[lines[j]:], planes[off:], c.window, t)
		}
		i8.PackRows(c.patch, c.line, lines[:len(taps)], i, k, t.n, flip)
	}
}
