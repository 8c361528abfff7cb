// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"slices"
)

// Check proves what an executor relies on: every value is defined once and
// before it is used, every output exists, inputs are typed, every
// node has an output, no attribute lacks its type, and graphs within nodes keep
// the same rules. Of the operators it refuses those forms that a runtime does not
// survive, as far as the lengths are known: see fatal.go. For the rest see [Infer].
//
// It returns a [*NodeError] that names the node, or a [*FormatError] that
// names the field of the graph.
func Check(m *Model) error {
	if err := checkStructure(m); err != nil {
		return err
	}
	_, err := inferGraph(m, nil, onlyFatal)
	return err
}

// checkStructure is [Check] without a look at the operators.
func checkStructure(m *Model) error {
	if m.Graph == nil {
		return &FormatError{Message: "ModelProto", Field: "graph", Err: errNone}
	}
	g := m.Graph
	standard := func(n Node) bool { return n.Domain == "" || n.Domain == "ai.onnx" }
	if m.Opset() == 0 && slices.ContainsFunc(g.Nodes, standard) {
		return &FormatError{Message: "ModelProto", Field: "opset_import", Err: fmt.Errorf("no version of the standard operator set")}
	}
	for _, v := range g.Feeds() {
		if v.Name != "" && v.IsTensor() && v.Type == Undefined {
			return graphError("input", v.Name, "has no type")
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
