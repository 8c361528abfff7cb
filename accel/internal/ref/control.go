// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// inlines lists the operators that run another graph: their nodes take the place
// of the node, a loop's as often as it turns. What chooses the graph or ends the
// loop is observed, so a Run for which it differs makes another plan.
var inlines map[string]func(p *plan, st *step, sc *scope) error

func init() {
	inlines = map[string]func(*plan, *step, *scope) error{"If": inlineIf, "Loop": inlineLoop, "Scan": inlineScan}
}

// maxTurns bounds the turns of one loop.
const maxTurns = 1 << 16

// inline adds the nodes of a graph within a node, whose inputs are given, and
// returns its outputs.
func (p *plan) inline(st *step, attr string, inputs []*operand, sc *scope) ([]*operand, error) {
	a := st.node.Attr(attr)
	if a == nil || a.Graph == nil {
		return nil, st.invalid("no graph %s", attr)
	}
	g := a.Graph
	if len(g.Inputs) != len(inputs) {
		return nil, st.invalid("%s takes %d inputs, the node gives %d", attr, len(g.Inputs), len(inputs))
	}
	in := &scope{values: map[string]*operand{}, outer: sc}
	for i := range g.Initializers {
		in.values[g.Initializers[i].Name] = p.session.innerConstant(&g.Initializers[i])
	}
	for i, v := range g.Inputs {
		in.values[v.Name] = inputs[i]
	}
	for i := range g.Nodes {
		if err := p.add(node{Node: &g.Nodes[i], outputs: g.Nodes[i].Outputs}, in); err != nil {
			return nil, err
		}
	}
	out := make([]*operand, len(g.Outputs))
	for i, v := range g.Outputs {
		if out[i] = in.find(v.Name); out[i] == nil {
			return nil, st.invalid("output %q of %s is no tensor", v.Name, attr)
		}
	}
	return out, nil
}

// bind gives the outputs of a node their values.
func (st *step) bind(sc *scope, out []*operand) error {
	if len(out) < len(st.node.outputs) {
		return st.invalid("%d outputs, the graph has %d", len(st.node.outputs), len(out))
	}
	for i, name := range st.node.outputs {
		if name != "" {
			sc.values[name] = out[i]
		}
	}
	return nil
}

// truth observes a condition.
func (p *plan) truth(st *step, o *operand) (bool, error) {
	if o == nil || o.typ != onnx.Bool || o.n != 1 {
		return false, st.invalid("the condition must be one bool")
	}
	t, err := p.observe(o)
	if err != nil {
		return false, err
	}
	return t.Raw[0] != 0, nil
}

func inlineIf(p *plan, st *step, sc *scope) error {
	yes, err := p.truth(st, st.in[0])
	if err != nil {
		return err
	}
	branch := "else_branch"
	if yes {
		branch = "then_branch"
	}
	out, err := p.inline(st, branch, nil, sc)
	if err != nil {
		return err
	}
	return st.bind(sc, out)
}

// inlineLoop unrolls a loop: each turn takes its number, the condition and the
// carried values, and gives the next condition, the next carried values and
// elements of the outputs that collect one from each turn.
func inlineLoop(p *plan, st *step, sc *scope) error {
	limit := int64(maxTurns + 1)
	if st.has(0) {
		t, err := p.observe(st.in[0])
		if err != nil {
			return err
		}
		v, err := t.Int64s()
		if err != nil || len(v) != 1 {
			return st.invalid("the number of turns must be one integer")
		}
		limit = v[0]
	}
	carried := slices.Clone(st.in[min(2, len(st.in)):])
	if slices.Contains(carried, nil) {
		return st.lack(fmt.Errorf("carried values must be tensors"))
	}
	var rows [][]*operand // what each turn gives to collect
	cond := p.scalar(onnx.Bool, 1)
	if st.has(1) {
		cond = st.in[1]
	}
	for turn := int64(0); turn < limit; turn++ {
		if on, err := p.truth(st, cond); err != nil || !on {
			if err != nil {
				return err
			}
			break
		}
		if turn >= maxTurns {
			return st.lack(fmt.Errorf("more than %d turns", maxTurns))
		}
		out, err := p.inline(st, "body", append([]*operand{p.scalar(onnx.Int64, uint64(turn)), cond}, carried...), sc)
		if err != nil {
			return err
		}
		if len(out) < 1+len(carried) {
			return st.invalid("the body has %d outputs, want at least %d", len(out), 1+len(carried))
		}
		cond, rows = out[0], append(rows, out[1+len(carried):])
		carried = slices.Clone(out[1 : 1+len(carried)])
	}
	collected, err := p.collect(st, rows, 1+len(carried))
	if err != nil {
		return err
	}
	return st.bind(sc, append(carried, collected...))
}

// collect stacks what the turns gave, one output for each collected value; skip
// is how many outputs of the body come before.
func (p *plan) collect(st *step, rows [][]*operand, skip int) ([]*operand, error) {
	var out []*operand
	if len(rows) == 0 {
		body := st.node.Attr("body")
		if body == nil || body.Graph == nil || len(body.Graph.Outputs) < skip {
			return nil, st.invalid("the body has too few outputs")
		}
		for _, v := range body.Graph.Outputs[skip:] {
			dims := []int{0}
			for _, d := range v.Dims {
				dims = append(dims, max(d, 0))
			}
			if !storable(v.Type) {
				return nil, st.lack(fmt.Errorf("collected value %q is %v", v.Name, v.Type))
			}
			o := &operand{name: v.Name, typ: v.Type, dims: dims, mem: allocate(0)}
			o.tens = &onnx.Tensor{Name: v.Name, Type: v.Type, Dims: dims, Raw: []byte{}}
			out = append(out, o)
		}
		return out, nil
	}
	for k := range rows[0] {
		parts := make([]*operand, len(rows))
		for i := range rows {
			parts[i] = rows[i][k]
		}
		o, err := p.stack(st, parts)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// stack puts values of equal lengths one after the other along a new first axis.
func (p *plan) stack(st *step, parts []*operand) (*operand, error) {
	in := make([]*operand, len(parts))
	for i, o := range parts {
		if o.typ != parts[0].typ || !slices.Equal(o.dims, parts[0].dims) {
			return nil, st.invalid("collected values %v %v and %v %v differ", parts[0].typ, parts[0].dims, o.typ, o.dims)
		}
		in[i] = p.view(o, slices.Insert(slices.Clone(o.dims), 0, 1))
	}
	return p.apply(st, "Concat", in, onnx.Int("axis", 0))
}

// apply adds a node that the graph does not have, and returns its output.
func (p *plan) apply(st *step, opType string, in []*operand, attrs ...onnx.Attribute) (*operand, error) {
	n := &onnx.Node{Name: st.node.Label(), OpType: opType, Inputs: make([]string, len(in)), Outputs: []string{""}, Attrs: attrs}
	s := p.step(node{Node: n, outputs: n.Outputs})
	s.opset, s.in = onnx.MaxOpset, in
	if err := p.infer(s); err != nil {
		return nil, err
	}
	if err := p.place(s, &scope{values: map[string]*operand{}}); err != nil {
		return nil, err
	}
	return s.out[0], nil
}

// scalar makes a constant of one element from its bits.
func (p *plan) scalar(typ onnx.DataType, bits uint64) *operand {
	raw := make([]byte, typ.Size())
	for i := range raw {
		raw[i] = byte(bits >> (8 * i))
	}
	return constant(&onnx.Tensor{Type: typ, Dims: []int{}, Raw: raw})
}

// inlineScan unrolls a scan: each turn takes the states and one slice of each
// scanned input, and gives the next states and slices of the outputs.
func inlineScan(p *plan, st *step, sc *scope) error {
	if st.opset < 9 {
		return st.lack(fmt.Errorf("the batched form of operator set 8"))
	}
	scans := int(st.node.Int("num_scan_inputs", 0))
	if scans < 1 || scans > len(st.in) || slices.Contains(st.in, nil) {
		return st.invalid("%d scan inputs of %d inputs", scans, len(st.in))
	}
	states, scanned := slices.Clone(st.in[:len(st.in)-scans]), st.in[len(st.in)-scans:]
	axes, err := scanAxes(st, scanned)
	if err != nil {
		return err
	}
	turns := scanned[0].dims[axes[0]]
	if turns > maxTurns {
		return st.lack(fmt.Errorf("more than %d turns", maxTurns))
	}
	var rows [][]*operand
	for turn := range turns {
		in := slices.Clone(states)
		for i, o := range scanned {
			at := turn
			if reversed(st.node.Ints("scan_input_directions"), i) {
				at = turns - 1 - turn
			}
			part, err := p.apply(st, "Gather", []*operand{o, p.scalar(onnx.Int64, uint64(at))}, onnx.Int("axis", int64(axes[i])))
			if err != nil {
				return err
			}
			in = append(in, part)
		}
		out, err := p.inline(st, "body", in, sc)
		if err != nil {
			return err
		}
		if len(out) < len(states) {
			return st.invalid("the body has %d outputs, want at least %d", len(out), len(states))
		}
		states, rows = slices.Clone(out[:len(states)]), append(rows, out[len(states):])
	}
	collected, err := p.scanOutputs(st, rows, len(states))
	if err != nil {
		return err
	}
	return st.bind(sc, append(states, collected...))
}

// scanAxes returns the axis along which each input is scanned; all have the same
// length there.
func scanAxes(st *step, scanned []*operand) ([]int, error) {
	given := st.node.Ints("scan_input_axes")
	out := make([]int, len(scanned))
	for i, o := range scanned {
		a := int64(0)
		if i < len(given) {
			a = given[i]
		}
		at, err := onnx.Axes([]int64{a}, len(o.dims))
		if err != nil {
			return nil, st.invalid("%v", err)
		}
		if out[i] = at[0]; o.dims[out[i]] != scanned[0].dims[out[0]] {
			return nil, st.invalid("scanned lengths %d and %d differ", scanned[0].dims[out[0]], o.dims[out[i]])
		}
	}
	return out, nil
}

func reversed(directions []int64, i int) bool { return i < len(directions) && directions[i] != 0 }

// scanOutputs stacks the collected slices in the order and along the axis that
// the node asks for.
func (p *plan) scanOutputs(st *step, rows [][]*operand, skip int) ([]*operand, error) {
	dirs, axes := st.node.Ints("scan_output_directions"), st.node.Ints("scan_output_axes")
	flipped := make([][]*operand, len(rows))
	for i, row := range rows {
		flipped[i] = slices.Clone(row)
		for k := range row {
			if reversed(dirs, k) {
				flipped[i][k] = rows[len(rows)-1-i][k]
			}
		}
	}
	out, err := p.collect(st, flipped, skip)
	if err != nil {
		return nil, err
	}
	for k, o := range out {
		if k >= len(axes) || axes[k] == 0 {
			continue
		}
		at, err := onnx.Axes([]int64{axes[k]}, len(o.dims))
		if err != nil {
			return nil, st.invalid("%v", err)
		}
		perm := make([]int64, 0, len(o.dims))
		for i := 1; i < len(o.dims); i++ {
			perm = append(perm, int64(i))
		}
		perm = slices.Insert(perm, at[0], 0)
		if out[k], err = p.apply(st, "Transpose", []*operand{o}, onnx.Ints("perm", perm...)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
