// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"slices"
)

// Check proves what an executor relies on: every value is defined once and
// before it is used, every output exists, inputs and outputs are typed, and no
// attribute lacks its type. It does not judge the operators: see [Infer].
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
	defined := map[string]bool{}
	fail := func(field, name, why string) error {
		return &FormatError{Message: "GraphProto", Field: field, Err: fmt.Errorf("value %q %s", name, why)}
	}
	for i := range g.Initializers {
		t := &g.Initializers[i]
		if t.Name == "" || defined[t.Name] {
			return fail("initializer", t.Name, "is unnamed or defined twice")
		}
		defined[t.Name] = true
	}
	for _, v := range g.Feeds() {
		if v.Name == "" || defined[v.Name] {
			return fail("input", v.Name, "is unnamed or defined twice")
		}
		if v.Type == Undefined || !v.Ranked {
			return fail("input", v.Name, "has no tensor type and shape")
		}
		defined[v.Name] = true
	}
	for i := range g.Nodes {
		if err := checkNode(&g.Nodes[i], defined); err != nil {
			return err
		}
	}
	if len(g.Outputs) == 0 {
		return &FormatError{Message: "GraphProto", Field: "output", Err: errNone}
	}
	for _, v := range g.Outputs {
		if !defined[v.Name] {
			return fail("output", v.Name, "is not defined")
		}
	}
	return nil
}

func checkNode(n *Node, defined map[string]bool) error {
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
		if in != "" && !defined[in] {
			return fail("input %q is not defined before it", in)
		}
	}
	for i := range n.Attrs {
		if n.Attrs[i].Type == AttrUndefined {
			return fail("attribute %q has no type", n.Attrs[i].Name)
		}
	}
	for _, out := range n.Outputs {
		if out == "" {
			continue
		}
		if defined[out] {
			return fail("output %q is defined twice", out)
		}
		defined[out] = true
	}
	return nil
}

// InferAll returns what is known of every value of the graph, given what is
// known of its inputs; inputs that are not named keep their declared types.
//
// It returns the errors of [Check] and [Infer], and a [*FormatError] when an
// output has another type or shape than declared.
func InferAll(m *Model, inputs map[string]Value) (map[string]Value, error) {
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
		values[v.Name] = Value{Type: v.Type, Dims: v.Dims}
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
			return nil, err
		}
		for k, name := range n.Outputs {
			if name != "" {
				values[name] = out[k]
			}
		}
	}
	for _, v := range g.Outputs {
		if got := values[v.Name]; !agrees(v, got) {
			return nil, &FormatError{Message: "GraphProto", Field: "output",
				Err: fmt.Errorf("value %q is %v %v, declared %v %v", v.Name, got.Type, got.Dims, v.Type, v.Dims)}
		}
	}
	return values, nil
}

// agrees reports whether a value can be what is declared.
func agrees(v ValueInfo, got Value) bool {
	if v.Type != Undefined && v.Type != got.Type {
		return false
	}
	if !v.Ranked {
		return true
	}
	if len(v.Dims) != len(got.Dims) {
		return false
	}
	for i, d := range v.Dims {
		if !same(d, got.Dims[i]) {
			return false
		}
	}
	return true
}
