// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// recurrence is one direction of an RNN, GRU or LSTM.
//
// The products with the input do not depend on the state, so they are one product
// for all steps; only those with the state are made step by step. Rows of gates
// are in the order of the operator: GRU update, reset, hidden; LSTM input, output,
// forget, cell.
type recurrence struct {
	kind                     string
	steps, batch, in, hid    int
	gates                    int
	backward, reset, coupled bool // reset: linear_before_reset; coupled: input_forget
	clip                     float32
	f, g, h                  gate
	x                        []float32 // [step, batch, in]
	w, r                     *matrix   // input and state weights, transposed
	rh                       *matrix   // GRU: state weights of the hidden gate
	bias, stateBias          []float32 // [gate·hidden]
	peep                     []float32 // LSTM: [3·hidden] or nil
	lens                     []int32   // length of each sequence or nil
	pre, post                []float32 // [step·batch, gate·hidden] and [batch, gate·hidden]
	state, cell, gated       []float32 // [batch, hidden]
	first, firstCell         []float32
	load                     func()
	y                        func(t, b int) []float32 // where a state is written, nil when not asked for
	last, lastCell           func(b int) []float32
}

// buildRecurrent makes RNN, GRU and LSTM.
func buildRecurrent(st *step) (func(), error) {
	for i, o := range st.in {
		if o != nil && i != 4 && o.typ != onnx.Float32 {
			return nil, fmt.Errorf("value %q is %v, the kernel takes float32", o.name, o.typ)
		}
	}
	dirs, dir := 1, st.node.Str("direction", "forward")
	if dir == "bidirectional" {
		dirs = 2
	}
	if !slices.Contains([]string{"forward", "reverse", "bidirectional"}, dir) {
		return nil, fmt.Errorf("direction %q", dir)
	}
	runs := make([]func(), dirs)
	for d := range dirs {
		c, err := newRecurrence(st, d, dirs)
		if err != nil {
			return nil, err
		}
		c.backward = dir == "reverse" || d == 1
		runs[d] = c.run
	}
	return func() {
		for _, run := range runs {
			run()
		}
	}, nil
}

func newRecurrence(st *step, d, dirs int) (*recurrence, error) {
	x, layout := st.in[0], st.node.Int("layout", 0) != 0
	c := &recurrence{kind: st.node.OpType, steps: x.dims[0], batch: x.dims[1], in: x.dims[2], hid: st.in[2].dims[2], gates: onnx.Gates(st.node.OpType),
		reset: st.node.Int("linear_before_reset", 0) != 0, coupled: st.node.Int("input_forget", 0) != 0, clip: st.node.Float("clip", 0), x: x.f32()}
	if layout {
		c.steps, c.batch = c.batch, c.steps
		src, _ := transposed(x.f32(), x.dims, []int{1, 0, 2})
		c.x = make([]float32, x.n)
		c.load = func() { src.copyTo(c.x) }
	}
	if err := c.functions(st, d); err != nil {
		return nil, err
	}
	c.weights(st, d)
	c.places(st, d, dirs, layout)
	return c, nil
}

// functions resolves the activations of direction d.
func (c *recurrence) functions(st *step, d int) error {
	names := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[c.kind]
	n := len(names)
	alpha, beta := st.node.Floats("activation_alpha"), st.node.Floats("activation_beta")
	if a := st.node.Attr("activations"); a != nil && len(a.Strs) > 0 {
		if len(a.Strs) < (d+1)*n {
			return fmt.Errorf("%d activations, want %d", len(a.Strs), (d+1)*n)
		}
		names = nil
		for _, s := range a.Strs[d*n : (d+1)*n] {
			names = append(names, string(s))
		}
	}
	at := func(v []float32, i int) (float32, bool) {
		if i = d*n + i; i < len(v) {
			return v[i], true
		}
		return 0, false
	}
	var fs [3]gate
	for i, name := range names {
		a, hasA := at(alpha, i)
		b, hasB := at(beta, i)
		if fs[i] = gateFunction(name, a, hasA, b, hasB); fs[i] == nil {
			return fmt.Errorf("activation %q", name)
		}
	}
	c.f, c.g, c.h = fs[0], fs[1], fs[2]
	return nil
}

// weights packs the weights of direction d, before each run where they are not
// constant.
func (c *recurrence) weights(st *step, d int) {
	rows := c.gates * c.hid
	var loads []func()
	packed := func(i, off, k, n int) *matrix {
		panels, load := st.packed(i, off, k, n, true)
		if load != nil {
			loads = append(loads, load)
		}
		return &matrix{k: k, n: n, panels: panels}
	}
	c.w = packed(1, d*rows*c.in, c.in, rows)
	if c.kind == "GRU" && !c.reset {
		c.r = packed(2, d*rows*c.hid, c.hid, 2*c.hid)
		c.rh = packed(2, (d*rows+2*c.hid)*c.hid, c.hid, c.hid)
	} else {
		c.r = packed(2, d*rows*c.hid, c.hid, rows)
	}
	if st.has(3) {
		b := st.in[3].f32()[2*d*rows:]
		c.bias, c.stateBias = b[:rows], b[rows:2*rows]
	} else {
		c.bias = make([]float32, rows)
		c.stateBias = c.bias
	}
	if first := c.load; len(loads) > 0 {
		c.load = func() {
			if first != nil {
				first()
			}
			for _, load := range loads {
				load()
			}
		}
	}
	if st.has(4) {
		c.lens = as[int32](st.in[4])
	}
	if st.has(7) {
		c.peep = st.in[7].f32()[d*3*c.hid:][:3*c.hid]
	}
	c.pre, c.post = make([]float32, c.steps*c.batch*rows), make([]float32, c.batch*rows)
	c.state, c.cell, c.gated = make([]float32, c.batch*c.hid), make([]float32, c.batch*c.hid), make([]float32, c.batch*c.hid)
}

// places resolves where states are read and written in the layout.
func (c *recurrence) places(st *step, d, dirs int, layout bool) {
	row := func(i int, in bool) func(b int) []float32 {
		list := st.out
		if in {
			list = st.in
		}
		if i >= len(list) || list[i] == nil || !in && list[i].name == "" {
			return nil
		}
		v := list[i].f32()
		return func(b int) []float32 {
			at := d*c.batch + b
			if layout {
				at = b*dirs + d
			}
			return v[at*c.hid:][:c.hid]
		}
	}
	c.last, c.lastCell = row(1, false), nil
	if c.kind == "LSTM" {
		c.lastCell = row(2, false)
	}
	start := func(i int) []float32 {
		from := row(i, true)
		if from == nil {
			return nil
		}
		dst, load := make([]float32, c.batch*c.hid), c.load
		c.load = func() {
			if load != nil {
				load()
			}
			for b := range c.batch {
				copy(dst[b*c.hid:], from(b))
			}
		}
		return dst
	}
	c.first = start(5)
	if c.kind == "LSTM" {
		c.firstCell = start(6)
	}
	if st.wants(0) {
		y := st.out[0].f32()
		c.y = func(t, b int) []float32 {
			at := (t*dirs+d)*c.batch + b
			if layout {
				at = (b*c.steps+t)*dirs + d
			}
			return y[at*c.hid:][:c.hid]
		}
	}
}

func (c *recurrence) run() {
	if c.load != nil {
		c.load()
	}
	clear(c.state)
	clear(c.cell)
	copy(c.state, c.first)
	copy(c.cell, c.firstCell)
	rows := c.gates * c.hid
	c.w.mulAdd(c.pre, rows, c.x, c.in, c.bias, 0, c.steps*c.batch)
	for i := range c.steps {
		c.step(i)
	}
	for b := range c.batch {
		if c.lens != nil && c.lens[b] <= 0 { // of no steps nothing is left, as in ONNX Runtime
			clear(c.state[b*c.hid : (b+1)*c.hid])
			clear(c.cell[b*c.hid : (b+1)*c.hid])
		}
		if c.last != nil {
			copy(c.last(b), c.state[b*c.hid:(b+1)*c.hid])
		}
		if c.lastCell != nil {
			copy(c.lastCell(b), c.cell[b*c.hid:(b+1)*c.hid])
		}
	}
}
