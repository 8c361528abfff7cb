// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"strings"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/f32"
)

// gate is the activation of a gate for many units; dst may be x.
type gate func(dst, x []float32)

// gateFunction returns an activation of a gate by name, in any case of letters,
// or nil.
func gateFunction(name string, alpha float32, hasA bool, beta float32, hasB bool) gate {
	or := func(v float32, has bool, def float32) float32 {
		if has {
			return v
		}
		return def
	}
	switch strings.ToLower(name) {
	case "sigmoid":
		return f32.Sigmoid
	case "tanh":
		return f32.Tanh
	case "relu":
		return func(dst, x []float32) { f32.MaxNumber(dst, x, 0) }
	case "softsign":
		return activationOf("Softsign", 0, 0)
	case "softplus":
		return f32.Softplus
	case "hardsigmoid":
		return activationOf("HardSigmoid", or(alpha, hasA, 0.2), or(beta, hasB, 0.5))
	case "leakyrelu":
		return activationOf("LeakyRelu", or(alpha, hasA, 0.01), 0)
	case "thresholdedrelu":
		return activationOf("ThresholdedRelu", or(alpha, hasA, 1), 0)
	case "elu":
		return activationOf("Elu", or(alpha, hasA, 1), 0)
	case "affine":
		a, b := or(alpha, hasA, 1), or(beta, hasB, 0)
		return func(dst, x []float32) { f32.ScaleShift(dst, x, a, b, f32.NoFloor) }
	case "scaledtanh":
		a, b := or(alpha, hasA, 1), or(beta, hasB, 1)
		return func(dst, x []float32) {
			f32.MulNumber(dst, x, b)
			f32.Tanh(dst, dst)
			f32.MulNumber(dst, dst, a)
		}
	}
	return nil
}

// activationOf returns the kernel of an operator with one input.
func activationOf(op string, alpha, beta float32) gate {
	n := &onnx.Node{OpType: op, Attrs: []onnx.Attribute{onnx.Float("alpha", alpha), onnx.Float("beta", beta)}}
	if vector := vectorized[op]; vector != nil {
		return vector(n)
	}
	f := activations[op](n)
	return func(dst, x []float32) {
		for i, v := range x {
			dst[i] = f(v)
		}
	}
}

// step makes step i of every sequence that is long enough; what lies behind the
// end of a sequence is 0. Backwards a sequence begins at its own end.
func (c *recurrence) step(i int) {
	rows := c.gates * c.hid
	c.r.mulAdd(c.post, rows, c.state, c.hid, c.stateBias, 0, c.batch)
	if c.rh != nil { // the hidden gate sees the state after the reset
		for b := range c.batch {
			pre, post := c.row(i, b)
			c.activate(c.f, post[:2*c.hid], pre)
			f32.Mul(c.gated[b*c.hid:(b+1)*c.hid], c.state[b*c.hid:], post[c.hid:])
		}
		c.rh.mulAdd(c.post[2*c.hid:], rows, c.gated, c.hid, c.stateBias[2*c.hid:], 0, c.batch)
	}
	for b := range c.batch {
		if c.lens != nil && i >= int(c.lens[b]) {
			if c.y != nil {
				clear(c.y(i, b))
			}
			continue
		}
		pre, post := c.row(i, b)
		state := c.state[b*c.hid:][:c.hid]
		switch c.kind {
		case "RNN":
			c.activate(c.f, post, pre)
			copy(state, post)
		case "GRU":
			c.gru(state, pre, post)
		default:
			c.lstm(state, c.cell[b*c.hid:][:c.hid], pre, post)
		}
		if c.y != nil {
			copy(c.y(c.at(i, b), b), state)
		}
	}
}

// row returns what the input and the state give to all gates of a sequence.
func (c *recurrence) row(i, b int) (pre, post []float32) {
	rows := c.gates * c.hid
	return c.pre[(c.at(i, b)*c.batch+b)*rows:][:rows], c.post[b*rows:][:rows]
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

// activate computes x = f(x + y) with the sum limited where the operator says so.
func (c *recurrence) activate(f gate, x, y []float32) {
	f32.Add(x, x, y)
	c.limit(x)
	f(x, x)
}

func (c *recurrence) limit(x []float32) {
	if c.clip > 0 {
		f32.Clamp(x, x, -c.clip, c.clip)
	}
}

// gru computes h = (1 − z)·g + z·h = g + z·(h − g) with the update gate z.
func (c *recurrence) gru(state, pre, post []float32) {
	n := c.hid
	update, reset, hidden := post[:n], post[n:2*n], post[2*n:]
	if c.rh == nil {
		c.activate(c.f, post[:2*n], pre)
		f32.Mul(hidden, hidden, reset)
	}
	c.activate(c.g, hidden, pre[2*n:])
	f32.Sub(state, state, hidden)
	f32.Mul(state, state, update)
	f32.Add(state, state, hidden)
}

// lstm computes c = f·c + i·g and h = o·h(c). Peepholes show the cell to the
// gates: the old one to input and forget, the new one to output.
func (c *recurrence) lstm(state, cell, pre, post []float32) {
	n := c.hid
	in, out, forget, fresh := post[:n], post[n:2*n], post[2*n:3*n], post[3*n:]
	f32.Add(post, post, pre)
	c.peek(in, 0, cell, state)
	c.peek(forget, 2, cell, state)
	c.limit(in)
	c.f(in, in)
	c.limit(post[2*n:])
	c.f(forget, forget)
	if c.coupled {
		f32.SubFromNumber(forget, in, 1)
	}
	c.g(fresh, fresh)
	f32.Mul(fresh, fresh, in)
	f32.Mul(cell, cell, forget)
	f32.Add(cell, cell, fresh)
	c.peek(out, 1, cell, state)
	c.limit(out)
	c.f(out, out)
	c.h(state, cell)
	f32.Mul(state, state, out)
}

// peek adds what gate i sees of the cell; t is room for it.
func (c *recurrence) peek(x []float32, i int, cell, t []float32) {
	if c.peep == nil {
		return
	}
	f32.Mul(t, c.peep[i*c.hid:], cell)
	f32.Add(x, x, t)
}
