// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"context"
	"fmt"
	"slices"
	"unsafe"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
)

// Bounds on the memory of one plan, so that a hostile model is refused instead of
// exhausting the host: that of all constants that are computed, which is touched
// while planning, and that of all values.
const (
	maxFolded = 1 << 30
	maxTotal  = 4 << 30
)

// Bounds on what a plan may come to when its loops are unrolled: steps that each
// Run makes, and nodes looked at.
const (
	maxSteps = 1 << 18
	maxNodes = 1 << 20
)

// scope holds the values of a graph by name, inside those of the graph around it.
type scope struct {
	values map[string]*operand
	outer  *scope
}

func (s *scope) find(name string) *operand {
	for ; s != nil; s = s.outer {
		if o := s.values[name]; o != nil {
			return o
		}
	}
	return nil
}

// plan is the state of making one binding.
type plan struct {
	session *Session
	ctx     context.Context
	blind   bool                  // whether the inputs hold no data
	scope   *scope                // values of the outermost graph
	root    map[*operand]*operand // operand whose memory an alias shares
	steps   []*step
	guards  []guard
	lent    []*operand // values that were computed while planning
	nodes   int        // nodes added, those of loops each time
	folded  int        // bytes of computed constants
	total   int        // bytes of all values
	fault   *fault
	scratch *scratch
}

func (s *Session) newPlan(ctx context.Context, blind bool) *plan {
	return &plan{session: s, ctx: ctx, blind: blind, scope: &scope{values: s.constants()},
		root: map[*operand]*operand{}, fault: &fault{}, scratch: &scratch{}}
}

// resolve plans the graph for inputs of the given lengths.
func (p *plan) resolve(in []backend.Buffer) error {
	defer p.takeBack()
	for i, v := range p.session.model.Graph.Feeds() {
		p.scope.values[v.Name] = &operand{name: v.Name, typ: in[i].Type, dims: in[i].Dims, n: in[i].Len, mem: in[i].Data}
	}
	for _, n := range p.session.nodes {
		if err := p.add(n, p.scope); err != nil {
			return err
		}
	}
	return nil
}

// finish gives memory to every value and makes the closures.
func (p *plan) finish(out []backend.Buffer) ([]func(), error) {
	for i, v := range p.session.model.Graph.Outputs {
		p.output(p.scope.find(v.Name), out[i])
	}
	if err := p.layout(); err != nil {
		return nil, err
	}
	return p.build()
}

// add resolves a node: it infers the outputs and appends a step, unless the
// outputs are constant, share the memory of the input, or come from a graph that
// takes the place of the node.
func (p *plan) add(n node, sc *scope) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if p.nodes++; p.nodes > maxNodes {
		return &onnx.NodeError{Node: n.Label(), OpType: n.OpType, Reason: "loops come to too many nodes"}
	}
	st := p.step(n)
	for _, name := range n.Inputs {
		st.in = append(st.in, sc.find(name))
	}
	if p.known(st, sc) {
		return nil
	}
	for _, i := range onnx.Shaping(n.Node) {
		if st.has(i) && st.in[i].tens == nil {
			if _, err := p.observe(st.in[i]); err != nil {
				return err
			}
		}
	}
	if inline := inlines[n.OpType]; inline != nil {
		return inline(p, st, sc)
	}
	if err := p.infer(st); err != nil {
		return err
	}
	if err := p.align(st); err != nil {
		return err
	}
	return p.place(st, sc)
}

// align gives the second operand of an elementwise node of an old operator set,
// which may begin at any axis of the first, the lengths with which it broadcasts.
func (p *plan) align(st *step) error {
	if st.opset >= 7 || len(st.in) != 2 || !onnx.Broadcasts(st.node.OpType) {
		return nil
	}
	dims, err := onnx.Aligned(st.node.Node, st.opset, st.in[0].dims, st.in[1].dims)
	if err != nil {
		return st.invalid("%v", err)
	}
	st.in[1] = p.view(st.in[1], dims)
	return nil
}

// view returns the elements of a value under other lengths.
func (p *plan) view(o *operand, dims []int) *operand {
	v := *o
	v.dims = dims
	if o.tens == nil {
		p.root[&v] = p.rootOf(o)
		return &v
	}
	t := *o.tens
	t.Dims, v.tens = dims, &t
	return &v
}

// known reports whether all outputs of a node are constants of the session
// already, folded for an earlier plan.
func (p *plan) known(st *step, sc *scope) bool {
	return sc == p.scope && !slices.ContainsFunc(st.node.outputs, func(name string) bool {
		return name != "" && (sc.values[name] == nil || !sc.values[name].shared)
	})
}

// infer adds the outputs of a step, without memory.
func (p *plan) infer(st *step) error {
	inferred, err := onnx.Infer(st.node.Node, st.opset, st.values())
	if err != nil {
		return err
	}
	if measure := measures[st.node.OpType]; measure != nil {
		if err := measure(st, inferred); err != nil {
			return st.lack(err)
		}
	}
	for i, name := range st.node.outputs {
		v := inferred[i]
		if v.Unranked || slices.Contains(v.Dims, -1) {
			return st.invalid("lengths of output %d are not known", i)
		}
		if !storable(v.Type) {
			return st.lack(fmt.Errorf("output of element type %v", v.Type))
		}
		if !fits(v.Type, v.Dims) {
			return st.invalid("output of %v %v is too large", v.Type, v.Dims)
		}
		st.out = append(st.out, &operand{name: name, typ: v.Type, dims: v.Dims, n: count(v.Dims), tens: v.Const, by: st})
	}
	return nil
}

// place files the outputs of a step and decides what becomes of it.
func (p *plan) place(st *step, sc *scope) error {
	folds, shared := true, true
	for _, o := range st.in {
		folds = folds && (o == nil || o.tens != nil)
		shared = shared && (o == nil || o.shared)
	}
	for _, o := range st.out {
		if o.tens != nil {
			if err := p.fold(o, shared); err != nil {
				return err
			}
			copy(o.bytes(), o.tens.Raw)
		}
		if o.name != "" {
			sc.values[o.name] = o
		}
	}
	computed := slices.DeleteFunc(slices.Clone(st.out), func(o *operand) bool { return o.tens != nil || o.n == 0 })
	switch {
	case len(computed) == 0:
		p.settle(st, sc)
		return nil
	case st.starved():
		return st.invalid("empty operand")
	case folds:
		return p.compute(st, shared, sc)
	case aliases[st.node.OpType]:
		p.root[st.out[0]] = p.rootOf(st.in[0])
		return nil
	}
	return p.push(st)
}

// settle files outputs that need no step: constants, and what has no elements.
func (p *plan) settle(st *step, sc *scope) {
	for _, o := range st.out {
		if o.mem == nil {
			o.mem, o.tens = allocate(0), &onnx.Tensor{Name: o.name, Type: o.typ, Dims: o.dims, Raw: []byte{}}
		}
		if o.shared && sc == p.scope {
			p.session.keep(o)
		}
	}
}

// push appends a step that is run each time.
func (p *plan) push(st *step) error {
	if len(p.steps) >= maxSteps {
		return st.invalid("more than %d steps", maxSteps)
	}
	p.steps = append(p.steps, st)
	return nil
}

// compute runs a step whose inputs are constant now. What depends on initializers
// alone is kept for the bindings to come.
func (p *plan) compute(st *step, shared bool, sc *scope) error {
	for _, o := range st.out {
		if o.mem == nil {
			if err := p.fold(o, shared); err != nil {
				return err
			}
		}
	}
	if err := st.run(); err != nil {
		return err
	}
	for _, o := range st.out {
		o.tens = &onnx.Tensor{Name: o.name, Type: o.typ, Dims: o.dims, Raw: o.bytes()}
		if o.shared && sc == p.scope {
			p.session.keep(o)
		}
	}
	return nil
}

// fold gives memory to a constant.
func (p *plan) fold(o *operand, shared bool) error {
	size := o.n * o.typ.Size()
	if p.folded += size; p.folded > maxFolded {
		return o.by.invalid("constants are computed that take more than %d bytes", maxFolded)
	}
	o.shared = shared
	return p.give(o)
}

// give gives memory of its own to a value.
func (p *plan) give(o *operand) error {
	size := o.n * o.typ.Size()
	if p.total += size; p.total > maxTotal {
		return o.by.invalid("values take more than %d bytes", maxTotal)
	}
	o.mem = allocate(size)
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
func (p *plan) layout() error {
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
	size := place(list)
	if size > maxTotal {
		return fmt.Errorf("accel: ref: bind: values take %d bytes, at most %d", size, maxTotal)
	}
	arena := allocate(size)
	for _, b := range list {
		b.op.mem = unsafe.Add(arena, b.off)
	}
	for o, r := range p.root {
		o.mem = r.mem
	}
	return nil
}

// build makes the closures, each followed by the guards of what it computes.
func (p *plan) build() ([]func(), error) {
	after := map[*step][]func(){}
	for _, g := range p.guards {
		by := p.rootOf(g.value).by
		after[by] = append(after[by], g.closure(p.fault))
	}
	runs := after[nil] // of inputs
	for _, st := range p.steps {
		run, err := st.kernel()
		if err != nil {
			return nil, err
		}
		runs = append(append(runs, run), after[st]...)
	}
	return runs, nil
}
