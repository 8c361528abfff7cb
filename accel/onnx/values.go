// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// InferAll returns what is known of every value of the graph, given what is
// known of its inputs; inputs that are not named keep their declared types. What
// is inferred goes before what the file declares about outputs.
//
// It returns the errors of [Check] and [Infer], and a [*FormatError] when an
// output has another type than declared.
func InferAll(m *Model, inputs map[string]Value) (map[string]Value, error) {
	if err := checkStructure(m); err != nil {
		return nil, err
	}
	return inferGraph(m, inputs, func(err error) error { return err })
}

// InferKnown is [InferAll] where nothing is known of what comes after a node that
// is not known here, and what is declared about outputs does not count.
//
// It returns the errors of [Check], and a [*NodeError] when a node breaks the rules
// of its operator: not every runtime survives that.
func InferKnown(m *Model, inputs map[string]Value) (map[string]Value, error) {
	if err := checkStructure(m); err != nil {
		return nil, err
	}
	return inferGraph(m, inputs, func(err error) error {
		if errors.As(err, new(*NodeError)) {
			return err
		}
		return nil
	})
}

// inferGraph infers node by node; the function decides whether the error of a
// node ends it.
func inferGraph(m *Model, inputs map[string]Value, judge func(error) error) (map[string]Value, error) {
	g := m.Graph
	values := map[string]Value{}
	for _, v := range g.Feeds() {
		values[v.Name] = Value{Type: v.Type, Dims: v.Dims, Unranked: !v.Ranked}
		if in, ok := inputs[v.Name]; ok {
			values[v.Name] = in
		}
	}
	if err := (inferrer{m.Opset(), judge}).graph(g, &known{own: values}); err != nil {
		return nil, err
	}
	for _, v := range g.Outputs {
		if got := values[v.Name]; v.Type != Undefined && got.Type != Undefined && v.Type != got.Type {
			err := graphError("output", v.Name, fmt.Sprintf("is %v, declared %v", got.Type, v.Type))
			if err := judge(err); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}

// known is what is known of the values of a graph, and of those of the graphs
// around it.
type known struct {
	own   map[string]Value
	outer *known
}

func (k *known) find(name string) Value {
	for ; k != nil; k = k.outer {
		if v, ok := k.own[name]; ok {
			return v
		}
	}
	return Value{}
}

// inferrer infers the graphs of a model.
type inferrer struct {
	opset int64
	judge func(error) error // whether the error of a node ends it
}

// graph infers the values of a graph whose inputs are known.
func (r inferrer) graph(g *Graph, values *known) error {
	for i := range g.Initializers {
		t := &g.Initializers[i]
		values.own[t.Name] = Value{Type: t.Type, Dims: t.Dims, Const: t}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		out, err := r.node(n, values)
		if err != nil {
			return err
		}
		for k, name := range n.Outputs {
			if name != "" {
				values.own[name] = out[k]
			}
		}
	}
	return nil
}

func (r inferrer) node(n *Node, values *known) ([]Value, error) {
	in := make([]Value, len(n.Inputs))
	for k, name := range n.Inputs {
		if name != "" {
			in[k] = values.find(name)
		}
	}
	for i := range n.Attrs {
		if sub := n.Attrs[i].Graph; sub != nil {
			if err := r.within(sub, values); err != nil {
				return nil, err
			}
		}
	}
	out, err := Infer(n, r.opset, in)
	if err != nil {
		if err := r.judge(err); err != nil {
			return nil, err
		}
		out = slices.Repeat([]Value{{Unranked: true}}, len(n.Outputs))
	}
	return out, nil
}

// within looks at a graph within a node. Of its inputs nothing is known, and it may
// never run: only what a runtime does not survive ends it.
func (r inferrer) within(g *Graph, outer *known) error {
	values := &known{own: map[string]Value{}, outer: outer}
	for _, v := range g.Inputs {
		values.own[v.Name] = Value{Unranked: true}
	}
	r.judge = onlyFatal
	return r.graph(g, values)
}
