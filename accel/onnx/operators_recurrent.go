// SPDX-License-Identifier: Apache-2.0

package onnx

// Gates returns how many rows of weights a recurrent operator has for each hidden
// unit.
func Gates(opType string) int { return map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[opType] }

// inferRecurrent checks RNN, GRU and LSTM and adds their outputs: all states
// [step, direction, batch, hidden], the last state [direction, batch, hidden],
// and for LSTM the last cell. With layout 1 the batch comes first.
func inferRecurrent(c *inference) error {
	x, w, r := c.in[0].Dims, c.in[1].Dims, c.in[2].Dims
	if len(x) != 3 || len(w) != 3 || len(r) != 3 {
		return c.failf("ranks %d, %d, %d, want 3", len(x), len(w), len(r))
	}
	dirs, gates := 1, Gates(c.node.OpType)
	if c.node.Str("direction", "forward") == "bidirectional" {
		dirs = 2
	}
	hidden := r[2]
	if h := c.node.Int("hidden_size", int64(hidden)); h < 1 || h > maxElems || !same(hidden, int(h)) {
		return c.failf("hidden_size %d, weights say %d", h, hidden)
	} else if hidden < 0 {
		hidden = int(h)
	}
	if !same(w[0], dirs) || !same(r[0], dirs) || !same(w[1], gates*hidden) || !same(r[1], gates*hidden) || !same(w[2], x[2]) {
		return c.failf("input %v, weights %v and %v, hidden size %d, %d directions", x, w, r, hidden, dirs)
	}
	steps, batch := x[0], x[1]
	if c.node.Int("layout", 0) != 0 {
		steps, batch = batch, steps
	}
	state := []int{dirs, batch, hidden}
	all := []int{steps, dirs, batch, hidden}
	if c.node.Int("layout", 0) != 0 {
		state, all = []int{batch, dirs, hidden}, []int{batch, steps, dirs, hidden}
	}
	if err := c.recurrentInputs(dirs, gates, batch, hidden, state); err != nil {
		return err
	}
	c.out = []Value{{Type: c.in[0].Type, Dims: all}, {Type: c.in[0].Type, Dims: state}}
	if c.node.OpType == "LSTM" {
		c.out = append(c.out, Value{Type: c.in[0].Type, Dims: state})
	}
	return nil
}

// recurrentInputs checks the optional inputs: bias, lengths of the sequences,
// first state, and for LSTM first cell and peepholes.
func (c *inference) recurrentInputs(dirs, gates, batch, hidden int, state []int) error {
	want := [][]int{3: {dirs, 2 * gates * hidden}, 4: {batch}, 5: state, 6: state, 7: {dirs, 3 * hidden}}
	for i := 3; i < len(c.in); i++ {
		typ := c.in[0].Type
		if i == 4 {
			typ = Int32
		}
		if !c.has(i) {
			continue
		}
		if c.in[i].Type != typ || len(c.in[i].Dims) != len(want[i]) {
			return c.failf("input %d is %v %v, want %v %v", i, c.in[i].Type, c.in[i].Dims, typ, want[i])
		}
		for k, d := range c.in[i].Dims {
			if !same(d, want[i][k]) {
				return c.failf("input %d is %v, want %v", i, c.in[i].Dims, want[i])
			}
		}
	}
	return nil
}
