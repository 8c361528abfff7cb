// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"slices"
	"strconv"
)

// Bindable returns a model that computes the same and that a runtime can bind to
// memory port by port, with the names of its ports in the order of those of m. It
// is for runtimes that cannot bind a scalar, that leave an output unwritten which
// is an input, a constant or another output, or that stumble over what is left
// out. Where nothing stands in the way it returns m itself.
//
//   - a scalar port becomes one of shape [1];
//   - an output that no node computes, or that is listed twice, gets a node;
//   - lengths that are declared for an output go, unless they are inferred as well;
//   - nodes whose lengths ONNX Runtime infers in another way than it computes them
//     are written so that it cannot: see agree.go;
//   - what is left out is written as runtimes survive it: see tidy.go.
//
// The ports that change get other names, so that names in the graph stay.
func Bindable(m *Model, values map[string]Value) (bound *Model, inputs, outputs []string) {
	b := &binder{graph: *m.Graph, taken: map[string]bool{}}
	b.collect(m.Graph)
	for _, v := range m.Graph.Feeds() {
		inputs = append(inputs, b.input(v))
	}
	computed := map[string]bool{}
	for i := range m.Graph.Nodes {
		for _, name := range m.Graph.Nodes[i].Outputs {
			computed[name] = true
		}
	}
	b.nodes = append(b.nodes, b.tidy(b.agreed(m.Graph.Nodes, values, m.Opset()))...)
	for _, v := range m.Graph.Outputs {
		outputs = append(outputs, b.output(v, values[v.Name], computed[v.Name]))
		computed[v.Name] = false // a second time it is a copy
	}
	if !b.changed {
		return m, inputs, outputs
	}
	out := *m
	b.graph.Nodes, b.graph.Inputs, b.graph.Outputs = b.nodes, b.inputs, b.outputs
	out.Graph = &b.graph
	if out.Opset() == 0 {
		out.Opsets = append(slices.Clone(out.Opsets), Opset{Version: builderOpset})
	}
	return &out, inputs, outputs
}

// binder is the state of [Bindable].
type binder struct {
	graph           Graph
	nodes           []Node
	inputs, outputs []ValueInfo
	taken           map[string]bool // names in use
	changed         bool
}

// collect notes every name in use, also in graphs within nodes.
func (b *binder) collect(g *Graph) {
	for _, v := range slices.Concat(g.Inputs, g.Outputs, g.Values) {
		b.taken[v.Name] = true
	}
	for i := range g.Initializers {
		b.taken[g.Initializers[i].Name] = true
	}
	for i := range g.Nodes {
		for _, name := range g.Nodes[i].Outputs {
			b.taken[name] = true
		}
		for k := range g.Nodes[i].Attrs {
			if sub := g.Nodes[i].Attrs[k].Graph; sub != nil {
				b.collect(sub)
			}
		}
	}
}

// fresh returns a name that nobody uses.
func (b *binder) fresh(name string) string {
	b.changed = true
	for i := 1; ; i++ {
		if try := name + "_" + strconv.Itoa(i); !b.taken[try] {
			b.taken[try] = true
			return try
		}
	}
}

// reshape adds a node that gives a value other lengths.
func (b *binder) reshape(from, to string, dims ...int64) {
	shape := NewInt64(b.fresh(to+"_shape"), dims, len(dims))
	b.graph.Initializers = append(slices.Clip(b.graph.Initializers), shape)
	b.nodes = append(b.nodes, Node{OpType: "Reshape", Inputs: []string{from, shape.Name}, Outputs: []string{to}})
}

func (b *binder) input(v ValueInfo) string {
	if !v.IsTensor() || !v.Ranked || len(v.Dims) > 0 {
		b.inputs = append(b.inputs, v)
		return v.Name
	}
	port := b.fresh(v.Name)
	b.inputs = append(b.inputs, ValueInfo{Name: port, Type: v.Type, Dims: []int{1}, Ranked: true})
	b.reshape(port, v.Name)
	return port
}

func (b *binder) output(v ValueInfo, known Value, computed bool) string {
	scalar := v.Ranked && len(v.Dims) == 0
	if known.Type != Undefined && !known.Unranked {
		scalar = len(known.Dims) == 0
	}
	if !v.IsTensor() || computed && !scalar {
		if v.Ranked && v.IsTensor() && !confirmed(v, known) {
			b.changed = true
			v.Ranked, v.Dims, v.Params = false, nil, nil
		}
		b.outputs = append(b.outputs, v)
		return v.Name
	}
	port, typ := b.fresh(v.Name), v.Type
	if known.Type != Undefined {
		typ = known.Type
	}
	if scalar {
		b.reshape(v.Name, port, 1)
	} else {
		b.nodes = append(b.nodes, Node{OpType: "Identity", Inputs: []string{v.Name}, Outputs: []string{port}})
	}
	b.outputs = append(b.outputs, ValueInfo{Name: port, Type: typ})
	return port
}

// confirmed reports whether what a file declares about the lengths of an output is
// what is inferred: a runtime may hold bound memory to a wrong declaration.
func confirmed(v ValueInfo, known Value) bool {
	if known.Type == Undefined || known.Unranked || len(known.Dims) != len(v.Dims) {
		return false
	}
	for i, d := range v.Dims {
		if d >= 0 && d != known.Dims[i] {
			return false
		}
	}
	return true
}
