// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// Binding is a plan over fixed memory. It implements [backend.Binding].
type Binding struct {
	runs  []func()
	fault *fault
}

// Run implements [backend.Binding]. It returns an [*onnx.NodeError] when a node
// meets data that its operator forbids, such as an index out of range.
func (b *Binding) Run() error {
	for _, run := range b.runs {
		run()
		if err := b.fault.err; err != nil {
			b.fault.err = nil
			return err
		}
	}
	return nil
}

// Close implements [backend.Binding].
func (b *Binding) Close() error {
	b.runs = nil
	return nil
}

// step is one node of a plan with its operands; a missing input is nil.
type step struct {
	session *Session
	opset   int64 // version of the standard operator set that the node is written in
	node    node
	in, out []*operand
	fault   *fault
	scratch *scratch
}

// fault is what a kernel reports when it meets data that the operator forbids.
// It belongs to a binding.
type fault struct {
	err error
}

// failf makes the current Run return an error that names the node. The kernel
// must still write its output.
func (st *step) failf(format string, args ...any) {
	st.fault.err = &onnx.NodeError{Node: st.node.Label(), OpType: st.node.OpType, Reason: fmt.Sprintf(format, args...)}
}

// plan is the state of one Bind.
type plan struct {
	session *Session
	values  map[string]*operand
	root    map[*operand]*operand // operand whose memory an alias shares
	steps   []*step
	fault   *fault
	scratch *scratch
}

func (p *plan) step(n node) *step {
	return &step{session: p.session, opset: p.session.opset, node: n, fault: p.fault, scratch: p.scratch}
}

// Bind implements [backend.Session].
func (s *Session) Bind(in, out []backend.Buffer) (backend.Binding, error) {
	p, err := s.plan(in)
	if err != nil {
		return nil, err
	}
	for i, v := range s.model.Graph.Outputs {
		o := p.values[v.Name]
		if !slices.Equal(o.dims, out[i].Dims) || o.typ != out[i].Type {
			return nil, &tensor.ShapeError{Op: fmt.Sprintf("accel: ref: bind: port %q", v.Name), Want: o.dims, Got: out[i].Dims}
		}
	}
	return p.finish(out)
}

// plan resolves the graph for inputs of the given lengths.
func (s *Session) plan(in []backend.Buffer) (*plan, error) {
	p := &plan{session: s, values: map[string]*operand{}, root: map[*operand]*operand{}, fault: &fault{}, scratch: &scratch{}}
	maps.Copy(p.values, s.consts)
	for i, v := range s.model.Graph.Feeds() {
		p.values[v.Name] = &operand{name: v.Name, typ: in[i].Type, dims: in[i].Dims, n: in[i].Len, mem: in[i].Data}
	}
	for _, n := range s.nodes {
		if err := p.add(n); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// finish gives memory to every value and makes the closures.
func (p *plan) finish(out []backend.Buffer) (*Binding, error) {
	for i, v := range p.session.model.Graph.Outputs {
		p.output(p.values[v.Name], out[i])
	}
	p.layout()
	return p.build()
}

// add infers the outputs of a node and appends its step, unless the outputs are
// constant or share the memory of the input.
func (p *plan) add(n node) error {
	st := p.step(n)
	in := make([]onnx.Value, len(n.Inputs))
	folds := true
	for i, name := range n.Inputs {
		o := p.values[name]
		st.in = append(st.in, o)
		if o != nil {
			in[i] = onnx.Value{Type: o.typ, Dims: o.dims, Const: o.tens}
			folds = folds && o.tens != nil
		}
	}
	inferred, err := onnx.Infer(n.Node, st.opset, in)
	if err != nil {
		return err
	}
	if len(st.in) > 0 && st.in[0] != nil && st.in[0].n == 0 {
		return &onnx.NodeError{Node: n.Label(), OpType: n.OpType, Reason: "empty operand"}
	}
	for i, name := range n.outputs {
		v := inferred[i]
		if !fits(v.Type, v.Dims) {
			return &onnx.NodeError{Node: n.Label(), OpType: n.OpType, Reason: fmt.Sprintf("output of %v %v", v.Type, v.Dims)}
		}
		o := &operand{name: name, typ: v.Type, dims: v.Dims, n: count(v.Dims), tens: v.Const}
		if v.Const != nil {
			o.mem = allocate(len(v.Const.Raw))
			copy(o.bytes(), v.Const.Raw)
		}
		if name != "" {
			p.values[name] = o
		}
		st.out = append(st.out, o)
	}
	switch {
	case len(st.out) > 0 && st.out[0].tens != nil:
		return nil
	case folds:
		return p.fold(st)
	case aliases[n.OpType]:
		p.root[st.out[0]] = p.rootOf(st.in[0])
		return nil
	}
	p.steps = append(p.steps, st)
	return nil
}

// fold runs a step whose inputs are constant now.
func (p *plan) fold(st *step) error {
	for _, o := range st.out {
		o.mem = allocate(o.n * o.typ.Size())
	}
	run, err := st.kernel()
	if err != nil {
		return err
	}
	run()
	if err := st.fault.err; err != nil {
		return err
	}
	for _, o := range st.out {
		o.tens = &onnx.Tensor{Name: o.name, Type: o.typ, Dims: o.dims, Raw: o.bytes()}
	}
	return nil
}

func (p *plan) rootOf(o *operand) *operand {
	if r := p.root[o]; r != nil {
		return r
	}
	return o
}

// output makes a value that is an output of the graph lie in the bound memory:
// directly when a step produces it there, else by a copy at the end.
func (p *plan) output(o *operand, buf backend.Buffer) {
	r := p.rootOf(o)
	if r.mem == nil {
		r.mem = buf.Data
		return
	}
	dst := &operand{name: o.name, typ: o.typ, dims: o.dims, n: o.n, mem: buf.Data}
	st := p.step(node{Node: &onnx.Node{OpType: "Identity", Outputs: []string{o.name}}})
	st.in, st.out = []*operand{o}, []*operand{dst}
	p.steps = append(p.steps, st)
}

// layout gives memory to every value that has none.
func (p *plan) layout() {
	blocks := map[*operand]*block{}
	var list []*block
	for i, st := range p.steps {
		for _, o := range st.out {
			if o.mem == nil {
				size := (o.n*o.typ.Size() + align - 1) &^ (align - 1)
				blocks[o] = &block{op: o, first: i, last: i, size: size}
				list = append(list, blocks[o])
			}
		}
		for _, o := range st.in {
			if o != nil && blocks[p.rootOf(o)] != nil {
				blocks[p.rootOf(o)].last = i
			}
		}
	}
	arena := allocate(place(list))
	for _, b := range list {
		b.op.mem = unsafe.Add(arena, b.off)
	}
	for o, r := range p.root {
		o.mem = r.mem
	}
}

// build makes the closures.
func (p *plan) build() (*Binding, error) {
	b := &Binding{fault: p.fault}
	for _, st := range p.steps {
		run, err := st.kernel()
		if err != nil {
			return nil, err
		}
		b.runs = append(b.runs, run)
	}
	return b, nil
}

func (st *step) kernel() (func(), error) {
	run, err := builders[st.node.OpType](st)
	if err != nil {
		return nil, &onnx.NodeError{Node: st.node.Label(), OpType: st.node.OpType, Reason: err.Error()}
	}
	return run, nil
}

// has reports whether input i is given.
func (st *step) has(i int) bool { return i < len(st.in) && st.in[i] != nil }

// values returns the inputs as inference sees them.
func (st *step) values() []onnx.Value {
	out := make([]onnx.Value, len(st.in))
	for i, o := range st.in {
		if o != nil {
			out[i] = onnx.Value{Type: o.typ, Dims: o.dims, Const: o.tens}
		}
	}
	return out
}

// floats checks that the given inputs and the output are float32.
func (st *step) floats() error {
	for _, o := range append(slices.Clone(st.in), st.out...) {
		if o != nil && o.typ != onnx.Float32 {
			return fmt.Errorf("value %q is %v, the kernel takes float32", o.name, o.typ)
		}
	}
	return nil
}
