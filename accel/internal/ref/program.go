// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"fmt"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
)

// Session is a checked graph. It implements [backend.Session] and is immutable
// but for its cache of packed weights.
type Session struct {
	model  *onnx.Model
	opset  int64
	nodes  []node
	consts map[string]*operand // initializers in aligned memory, shared by all bindings

	mu     sync.Mutex
	packed map[string][]float32 // packed weights by key
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
// It returns an [*onnx.OpError] that names an operator that is not supported
// and its node, an [*onnx.NodeError], or a type error that names the value.
func Open(m *onnx.Model) (*Session, error) {
	if err := onnx.Check(m); err != nil {
		return nil, err
	}
	if err := onnx.CheckOpset(m.Opset()); err != nil {
		return nil, err
	}
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		if _, ok := builders[n.OpType]; !ok || !onnx.Supported(n.Domain, n.OpType) {
			return nil, &onnx.OpError{Node: n.Label(), OpType: n.OpType, Domain: n.Domain}
		}
	}
	values, err := onnx.InferAll(m, nil)
	if err != nil {
		return nil, err
	}
	for name, v := range values {
		if !storable(v.Type) {
			return nil, fmt.Errorf("ref: value %q: element type %v is not supported", name, v.Type)
		}
	}
	s := &Session{model: m, opset: m.Opset(), nodes: fuse(m.Graph), consts: map[string]*operand{}, packed: map[string][]float32{}}
	for i := range m.Graph.Initializers {
		s.constant(&m.Graph.Initializers[i])
	}
	return s, s.dryRun()
}

// dryRun binds the session to memory of its own, with an open batch tried as 1,
// so that whatever a kernel lacks is an error of Open. Where other lengths are
// open it cannot know them: then Bind finds it.
func (s *Session) dryRun() error {
	var in, out []backend.Buffer
	for _, v := range s.model.Graph.Feeds() {
		dims := slices.Clone(v.Dims)
		for i, d := range dims {
			if i > 0 && d < 0 {
				return nil
			}
			dims[i] = max(d, -d)
		}
		if !fits(v.Type, dims) {
			return fmt.Errorf("ref: input %q of %v %v", v.Name, v.Type, v.Dims)
		}
		in = append(in, newBuffer(v.Type, dims))
	}
	p, err := s.plan(in)
	if err != nil {
		return err
	}
	for _, v := range s.model.Graph.Outputs {
		out = append(out, newBuffer(p.values[v.Name].typ, p.values[v.Name].dims))
	}
	_, err = p.finish(out)
	return err
}

// constant adds an initializer to the constants, in aligned memory.
func (s *Session) constant(t *onnx.Tensor) {
	o := &operand{name: t.Name, typ: t.Type, dims: t.Dims, n: t.Len(), tens: t, shared: true}
	o.mem = allocate(len(t.Raw))
	copy(o.bytes(), t.Raw)
	s.consts[t.Name] = o
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

// fuse merges a Relu into the node before it, where nobody else reads what
// comes between.
func fuse(g *onnx.Graph) []node {
	uses := map[string]int{}
	for i := range g.Nodes {
		for _, in := range g.Nodes[i].Inputs {
			uses[in]++
		}
	}
	for _, out := range g.Outputs {
		uses[out.Name]++
	}
	nodes := make([]node, 0, len(g.Nodes))
	producer := map[string]int{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.OpType == "Relu" && uses[n.Inputs[0]] == 1 {
			if p, ok := producer[n.Inputs[0]]; ok && fusible[nodes[p].OpType] && !nodes[p].relu {
				nodes[p].relu, nodes[p].outputs = true, n.Outputs
				producer[n.Outputs[0]] = p
				continue
			}
		}
		for _, out := range n.Outputs {
			producer[out] = len(nodes)
		}
		nodes = append(nodes, node{Node: n, outputs: n.Outputs})
	}
	return nodes
}

// fusible lists the operators whose kernels end with an optional Relu.
var fusible = map[string]bool{"Gemm": true, "MatMul": true, "Conv": true, "BatchNormalization": true}
