// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// Check proves what an executor relies on: every value is defined once and
// before it is used, every output exists, inputs and outputs are typed, every
// node has an output, no attribute lacks its type, and graphs within nodes keep
// the same rules. It does not judge the operators: see [Infer].
//
// It returns a [*NodeError] that names the node, or a [*FormatError] that
// names the field of the graph.
func Check(m *Model) error {
	if m.Graph == nil {
		return &FormatError{Message: "ModelProto", Field: "graph", Err: errNone}
	}
	g := m.Graph
	standard := func(n Node) bool { return n.Domain == "" || n.Domain == "ai.onnx" }
	if m.Opset() == 0 && slices.ContainsFunc(g.Nodes, standard) {
		return &FormatError{Message: "ModelProto", Field: "opset_import", Err: fmt.Errorf("no version of the standard operator set")}
	}
	for _, v := range g.Feeds() {
		if v.Name != "" && !v.other && (v.Type == Undefined || !v.Ranked) {
			return graphError("input", v.Name, "has no tensor type and shape")
		}
	}
	return checkGraph(g, names{})
}

// names is the set of values that are defined in a graph and in those around it.
type names struct {
	own   map[string]bool
	outer *names
}

func (s *names) has(name string) bool { return s != nil && (s.own[name] || s.outer.has(name)) }

func graphError(field, name, why string) error {
	return &FormatError{Message: "GraphProto", Field: field, Err: fmt.Errorf("value %q %s", name, why)}
}

func checkGraph(g *Graph, defined names) error {
	defined.own = map[string]bool{}
	for i := range g.Initializers {
		t := &g.Initializers[i]
		if t.Name == "" || defined.own[t.Name] {
			return graphError("initializer", t.Name, "is unnamed or defined twice")
		}
		defined.own[t.Name] = true
	}
	for _, v := range g.Feeds() {
		if v.Name == "" || defined.own[v.Name] {
			return graphError("input", v.Name, "is unnamed or defined twice")
		}
		defined.own[v.Name] = true
	}
	for i := range g.Nodes {
		if err := checkNode(&g.Nodes[i], &defined); err != nil {
			return err
		}
	}
	if len(g.Outputs) == 0 {
		return &FormatError{Message: "GraphProto", Field: "output", Err: errNone}
	}
	for _, v := range g.Outputs {
		if !defined.has(v.Name) {
			return graphError("output", v.Name, "is not defined")
		}
	}
	return nil
}

func checkNode(n *Node, defined *names) error {
	fail := func(format string, args ...any) error {
		return &NodeError{Node: n.Label(), OpType: n.OpType, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case n.OpType == "":
		return fail("no operator")
	case !slices.ContainsFunc(n.Outputs, func(name string) bool { return name != "" }):
		return fail("no output")
	}
	if parts := n.Attr("num_outputs"); n.OpType == "Split" && parts != nil && parts.Int != int64(len(n.Outputs)) {
		return fail("num_outputs is %d, the node has %d outputs", parts.Int, len(n.Outputs))
	}
	for _, in := range n.Inputs {
		if in != "" && !defined.has(in) {
			return fail("input %q is not defined before it", in)
		}
	}
	for i := range n.Attrs {
		a := &n.Attrs[i]
		if a.Type == AttrUndefined {
			return fail("attribute %q has no type", a.Name)
		}
		if a.Type != AttrGraph {
			continue
		}
		if err := checkGraph(a.Graph, names{outer: defined}); err != nil {
			return fmt.Errorf("onnx: node %q (%s): attribute %q: %w", n.Label(), n.OpType, a.Name, err)
		}
	}
	for _, out := range n.Outputs {
		if out == "" {
			continue
		}
		if defined.own[out] {
			return fail("output %q is defined twice", out)
		}
		defined.own[out] = true
	}
	return nil
}

// InferAll returns what is known of every value of the graph, given what is
// known of its inputs; inputs that are not named keep their declared types. What
// is inferred goes before what the file declares about outputs.
//
// It returns the errors of [Check] and [Infer], and a [*FormatError] when an
// output has another type than declared.
func InferAll(m *Model, inputs map[string]Value) (map[string]Value, error) {
	return inferGraph(m, inputs, func(err error) error { return err })
}

// InferKnown is [InferAll] where nothing is known of what comes after a node that
// is not known here, and what is declared about outputs does not count.
//
// It returns the errors of [Check], and a [*NodeError] when a node breaks the rules
// of its operator: not every runtime survives that.
func InferKnown(m *Model, inputs map[string]Value) (map[string]Value, error) {
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
	if err := Check(m); err != nil {
		return nil, err
	}
	g := m.Graph
	values := map[string]Value{}
	for i := range g.Initializers {
		t := &g.Initializers[i]
		values[t.Name] = Value{Type: t.Type, Dims: t.Dims, Const: t}
	}
	for _, v := range g.Feeds() {
		values[v.Name] = Value{Type: v.Type, Dims: v.Dims, Unranked: !v.Ranked}
		if in, ok := inputs[v.Name]; ok {
			values[v.Name] = in
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		in := make([]Value, len(n.Inputs))
		for k, name := range n.Inputs {
			in[k] = values[name]
		}
		out, err := Infer(n, m.Opset(), in)
		if err != nil {
			if err := judge(err); err != nil {
				return nil, err
			}
			out = slices.Repeat([]Value{{Unranked: true}}, len(n.Outputs))
		}
		for k, name := range n.Outputs {
			if name != "" {
				values[name] = out[k]
			}
		}
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
