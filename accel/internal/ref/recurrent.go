// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"math"
	"slices"
	"strings"

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
	f, g, h                  func(float32) float32
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
	var fs [3]func(float32) float32
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

// gateFunction returns an activation of a gate by name, in any case of letters,
// or nil.
func gateFunction(name string, alpha float32, hasA bool, beta float32, hasB bool) func(float32) float32 {
	or := func(v float32, has bool, def float32) float32 {
		if has {
			return v
		}
		return def
	}
	node := &onnx.Node{}
	with := func(op string, a, b float32) func(float32) float32 {
		node.Attrs = []onnx.Attribute{onnx.Float("alpha", a), onnx.Float("beta", b)}
		if f := unaries[op]; f != nil {
			return f(node)
		}
		return activations[op](node)
	}
	switch strings.ToLower(name) {
	case "sigmoid":
		return sigmoid
	case "tanh":
		return from64(math.Tanh)
	case "relu":
		return func(x float32) float32 { return max(x, 0) }
	case "softsign":
		return with("Softsign", 0, 0)
	case "softplus":
		return with("Softplus", 0, 0)
	case "hardsigmoid":
		return with("HardSigmoid", or(alpha, hasA, 0.2), or(beta, hasB, 0.5))
	case "leakyrelu":
		return with("LeakyRelu", or(alpha, hasA, 0.01), 0)
	case "thresholdedrelu":
		return with("ThresholdedRelu", or(alpha, hasA, 1), 0)
	case "elu":
		return with("Elu", or(alpha, hasA, 1), 0)
	case "affine":
		a, b := or(alpha, hasA, 1), or(beta, hasB, 0)
		return func(x float32) float32 { return a*x + b }
	case "scaledtanh":
		a, b := or(alpha, hasA, 1), or(beta, hasB, 1)
		return func(x float32) float32 { return a * float32(math.Tanh(float64(b*x))) }
	}
	return nil
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// weights packs the weights of direction d: once when they are constant, else
// before each run.
func (c *recurrence) weights(st *step, d int) {
	rows := c.gates * c.hid
	w, r := st.in[1].f32()[d*rows*c.in:], st.in[2].f32()[d*rows*c.hid:]
	c.w, c.r = newMatrix(c.in, rows), newMatrix(c.hid, rows)
	gru := c.kind == "GRU" && !c.reset
	if gru {
		c.rh = newMatrix(c.hid, c.hid)
		c.r = newMatrix(c.hid, 2*c.hid)
	}
	c.bias, c.stateBias = make([]float32, rows), make([]float32, rows)
	pack := func() {
		c.w.setTransposed(w)
		c.r.setTransposed(r)
		if gru {
			c.rh.setTransposed(r[2*c.hid*c.hid:])
		}
		if st.has(3) {
			b := st.in[3].f32()[2*d*rows:]
			copy(c.bias, b[:rows])
			copy(c.stateBias, b[rows:2*rows])
		}
	}
	constant := st.in[1].tens != nil && st.in[2].tens != nil && (!st.has(3) || st.in[3].tens != nil)
	if constant {
		pack()
	} else if load := c.load; true {
		c.load = func() {
			if load != nil {
				load()
			}
			pack()
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
		if c.last != nil {
			copy(c.last(b), c.state[b*c.hid:(b+1)*c.hid])
		}
		if c.lastCell != nil {
			copy(c.lastCell(b), c.cell[b*c.hid:(b+1)*c.hid])
		}
	}
}

// step makes step i of every sequence that is long enough; what lies behind the
// end of a sequence is 0. Backwards a sequence begins at its own end.
func (c *recurrence) step(i int) {
	c.r.mulAdd(c.post, c.gates*c.hid, c.state, c.hid, c.stateBias, 0, c.batch)
	rows := c.gates * c.hid
	if c.rh != nil { // the hidden gate sees the state after the reset
		for b := range c.batch {
			pre := c.pre[(c.at(i, b)*c.batch+b)*rows:][:rows]
			post, state := c.post[b*rows:][:rows], c.state[b*c.hid:]
			for k := range c.hid {
				c.gated[b*c.hid+k] = state[k] * c.f(c.clipped(pre[c.hid+k]+post[c.hid+k]))
			}
		}
		c.rh.mulAdd(c.post[2*c.hid:], rows, c.gated, c.hid, c.stateBias[2*c.hid:], 0, c.batch)
	}
	for b := range c.batch {
		t := c.at(i, b)
		if c.lens != nil && i >= int(c.lens[b]) {
			if c.y != nil {
				clear(c.y(i, b))
			}
			continue
		}
		pre, post := c.pre[(t*c.batch+b)*rows:][:rows], c.post[b*rows:][:rows]
		state := c.state[b*c.hid:][:c.hid]
		switch c.kind {
		case "RNN":
			c.rnn(state, pre, post)
		case "GRU":
			c.gru(state, pre, post)
		default:
			c.lstm(state, c.cell[b*c.hid:][:c.hid], pre, post)
		}
		if c.y != nil {
			copy(c.y(t, b), state)
		}
	}
}

// at returns which element of sequence b step i reads.
func (c *recurrence) at(i, b int) int {
	n := c.steps
	if c.lens != nil {
		n = min(max(int(c.lens[b]), 0), c.steps)
	}
	if c.backward && i < n {
		return n - 1 - i
	}
	return i
}

func (c *recurrence) clipped(x float32) float32 {
	if c.clip > 0 {
		return max(-c.clip, min(c.clip, x))
	}
	return x
}

func (c *recurrence) rnn(state, pre, post []float32) {
	for k := range state {
		state[k] = c.f(c.clipped(pre[k] + post[k]))
	}
}

// gru computes h = (1 − z)·g(…) + z·h with the update gate z.
func (c *recurrence) gru(state, pre, post []float32) {
	n := c.hid
	for k := range state {
		z := c.f(c.clipped(pre[k] + post[k]))
		hidden := post[2*n+k]
		if c.rh == nil {
			hidden *= c.f(c.clipped(pre[n+k] + post[n+k]))
		}
		state[k] = (1-z)*c.g(c.clipped(pre[2*n+k]+hidden)) + z*state[k]
	}
}

// lstm computes c = f·c + i·g(…) and h = o·h(c), with peepholes from the cell.
func (c *recurrence) lstm(state, cell, pre, post []float32) {
	n := c.hid
	peep := func(i, k int, v float32) float32 {
		if c.peep == nil {
			return 0
		}
		return c.peep[i*n+k] * v
	}
	for k := range state {
		old := cell[k]
		in := c.f(c.clipped(pre[k] + post[k] + peep(0, k, old)))
		forget := c.f(c.clipped(pre[2*n+k] + post[2*n+k] + peep(2, k, old)))
		if c.coupled {
			forget = 1 - in
		}
		cell[k] = forget*old + in*c.g(c.clipped(pre[3*n+k]+post[3*n+k]))
		out := c.f(c.clipped(pre[n+k] + post[n+k] + peep(1, k, cell[k])))
		state[k] = out * c.h(cell[k])
	}
}
