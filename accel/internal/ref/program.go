// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"context"
	"maps"
	"sync"

	"github.com/neuroran/neuroran/accel/onnx"
)

// Session is a checked graph. It implements [backend.Session] and is immutable
// but for its caches of packed and computed constants.
type Session struct {
	model *onnx.Model
	opset int64
	nodes []node

	mu     sync.Mutex
	consts map[string]*operand       // initializers, and what was computed from them alone
	inner  map[*onnx.Tensor]*operand // initializers of graphs within nodes
	packed map[string]any            // packed weights by key, see cached
}

// node is a node of the graph with what was fused into it.
type node struct {
	*onnx.Node
	outputs []string // names of the outputs, after fusion
	relu    bool     // whether max(x, 0) follows
}

// builder makes the closure that runs one node. It returns an error for what
// inference cannot see, such as an element type that the kernel lacks.
type builder func(*step) (func(), error)

// Open checks that every node can run here.
//
// It returns an [*onnx.OpError] that names an operator or a form of it that is
// not supported and its node, an [*onnx.OpsetError], an [*onnx.NodeError], or the
// error of ctx when that ends meanwhile.
func Open(ctx context.Context, m *onnx.Model) (*Session, error) {
	if err := onnx.Check(m); err != nil {
		return nil, err
	}
	if err := supported(m.Graph); err != nil {
		return nil, err
	}
	if err := onnx.CheckOpset(m.Opset()); err != nil {
		return nil, err
	}
	if _, err := onnx.InferAll(m, nil); err != nil {
		return nil, err
	}
	s := &Session{model: m, opset: m.Opset(), nodes: fuse(m.Graph), consts: map[string]*operand{},
		inner: map[*onnx.Tensor]*operand{}, packed: map[string]any{}}
	for i := range m.Graph.Initializers {
		t := &m.Graph.Initializers[i]
		s.consts[t.Name] = constant(t)
	}
	return s, s.rehearse(ctx)
}

// supported checks the operators and the types of constants and inputs, also of
// graphs within nodes.
func supported(g *onnx.Graph) error {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if !onnx.Supported(n.Domain, n.OpType) || builders[n.OpType] == nil && inlines[n.OpType] == nil {
			return &onnx.OpError{Node: n.Label(), OpType: n.OpType, Domain: n.Domain}
		}
		for k := range n.Attrs {
			if sub := n.Attrs[k].Graph; sub != nil {
				if err := supported(sub); err != nil {
					return err
				}
			}
		}
	}
	for i := range g.Initializers {
		if t := &g.Initializers[i]; !storable(t.Type) {
			return unstorable(g, t.Name, t.Type)
		}
	}
	for _, v := range g.Feeds() {
		if v.Type != onnx.Undefined && !storable(v.Type) {
			return unstorable(g, v.Name, v.Type)
		}
	}
	return nil
}

// unstorable names the node that takes a value of a type that is not supported.
func unstorable(g *onnx.Graph, name string, t onnx.DataType) error {
	e := &onnx.OpError{OpType: "Identity", Node: name, Reason: "value " + name + " has element type " + t.String()}
	for i := range g.Nodes {
		for _, in := range g.Nodes[i].Inputs {
			if in == name {
				e.Node, e.OpType = g.Nodes[i].Label(), g.Nodes[i].OpType
				return e
			}
		}
	}
	return e
}

// constant puts a tensor in aligned memory.
func constant(t *onnx.Tensor) *operand {
	o := &operand{name: t.Name, typ: t.Type, dims: t.Dims, n: t.Len(), tens: t, shared: true}
	o.mem = allocate(len(t.Raw))
	copy(o.bytes(), t.Raw)
	return o
}

// constants returns the constants that are known now, in a map of its own.
func (s *Session) constants() map[string]*operand {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.consts)
}

// keep adds a constant for the plans to come.
func (s *Session) keep(o *operand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consts[o.name] == nil {
		s.consts[o.name] = o
	}
}

// innerConstant returns an initializer of a graph within a node.
func (s *Session) innerConstant(t *onnx.Tensor) *operand {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inner[t] == nil {
		s.inner[t] = constant(t)
	}
	return s.inner[t]
}

// Close implements [backend.Session].
func (s *Session) Close() error { return nil }

// storable reports whether values of the type can be kept and moved.
func storable(t onnx.DataType) bool {
	switch t {
	case onnx.Float32, onnx.Float64, onnx.Int8, onnx.Int16, onnx.Int32, onnx.Int64,
		onnx.Uint8, onnx.Uint16, onnx.Uint32, onnx.Uint64, onnx.Bool:
		return true
	}
	return false
}
