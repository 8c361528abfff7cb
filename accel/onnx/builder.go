// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"slices"
	"strconv"
)

// Versions that [Builder] writes.
const (
	builderIR    = 8
	builderOpset = 17
)

// Ref is a value of a graph under construction.
type Ref struct {
	name string
}

// Name returns the name of the value in the graph.
func (r Ref) Name() string { return r.name }

// Builder writes a graph node by node and infers every type and shape on the
// way. The first error sticks and is returned by [Builder.Model]; calls after
// it do nothing. A Builder is for one goroutine.
type Builder struct {
	model  *Model
	values map[string]Value
	err    error
}

// NewBuilder starts an empty graph of the given name, in operator set 17.
func NewBuilder(name string) *Builder {
	return &Builder{
		model: &Model{
			IRVersion: builderIR, Producer: "neuroran", Opsets: []Opset{{Version: builderOpset}},
			Graph: &Graph{Name: name},
		},
		values: map[string]Value{},
	}
}

// Input declares an input of the graph; a length of -1 is open, and those on
// axis 0 are named "batch".
func (b *Builder) Input(name string, typ DataType, dims ...int) Ref {
	v := ValueInfo{Name: name, Type: typ, Dims: dims, Ranked: true, Params: make([]string, len(dims))}
	for i, d := range dims {
		if d < 0 {
			v.Params[i] = paramName(name, i)
		}
	}
	b.define(name, Value{Type: typ, Dims: dims})
	b.model.Graph.Inputs = append(b.model.Graph.Inputs, v)
	return Ref{name}
}

func paramName(value string, axis int) string {
	if axis == 0 {
		return "batch"
	}
	return value + "_" + strconv.Itoa(axis)
}

// Output declares value v as an output of the graph under the given name.
func (b *Builder) Output(name string, v Ref) {
	val, ok := b.values[v.name]
	if !ok || b.err != nil {
		b.fail(fmt.Errorf("onnx: output %q: no value %q", name, v.name))
		return
	}
	if !b.rename(v.name, name) {
		b.node(Node{OpType: "Identity", Inputs: []string{v.name}, Outputs: []string{name}})
	}
	out := ValueInfo{Name: name, Type: val.Type, Dims: val.Dims, Ranked: true, Params: make([]string, len(val.Dims))}
	for i, d := range val.Dims {
		if d < 0 {
			out.Params[i] = paramName(name, i)
		}
	}
	b.model.Graph.Outputs = append(b.model.Graph.Outputs, out)
}

// rename gives the output of the last node another name, so that no copy is
// needed. It reports false when the value is not the last node's.
func (b *Builder) rename(old, name string) bool {
	nodes := b.model.Graph.Nodes
	if len(nodes) == 0 || nodes[len(nodes)-1].Outputs[0] != old {
		return false
	}
	nodes[len(nodes)-1].Outputs[0] = name
	b.define(name, b.values[old])
	return true
}

// Const adds a constant.
func (b *Builder) Const(t Tensor) Ref {
	b.model.Graph.Initializers = append(b.model.Graph.Initializers, t)
	b.define(t.Name, Value{Type: t.Type, Dims: t.Dims, Const: &t})
	return Ref{t.Name}
}

// Float32s adds a float32 constant; it copies v.
func (b *Builder) Float32s(name string, v []float32, dims ...int) Ref {
	if n, ok := product(dims); !ok || n != len(v) {
		b.fail(fmt.Errorf("onnx: constant %q: %d elements for shape %v", name, len(v), dims))
	}
	return b.Const(NewFloat32(name, v, dims...))
}

// Int64s adds a vector of int64; it copies v.
func (b *Builder) Int64s(name string, v ...int64) Ref {
	return b.Const(NewInt64(name, v, len(v)))
}

// Metadata sets a free key-value pair of the model.
func (b *Builder) Metadata(key, value string) {
	if b.model.Metadata == nil {
		b.model.Metadata = map[string]string{}
	}
	b.model.Metadata[key] = value
}

// Doc sets the description of the model.
func (b *Builder) Doc(doc string) { b.model.Doc = doc }

// Apply adds a node with one output. A zero [Ref] leaves an optional input out.
func (b *Builder) Apply(opType string, inputs []Ref, attrs ...Attribute) Ref {
	names := make([]string, len(inputs))
	for i, r := range inputs {
		names[i] = r.name
	}
	out := opType + "_" + strconv.Itoa(len(b.model.Graph.Nodes))
	b.node(Node{OpType: opType, Inputs: names, Outputs: []string{out}, Attrs: attrs})
	return Ref{out}
}

// Gemm adds x·w + bias on matrices.
func (b *Builder) Gemm(x, w, bias Ref) Ref { return b.Apply("Gemm", []Ref{x, w, bias}) }

// MatMul adds the matrix product of x and y, batched over leading axes.
func (b *Builder) MatMul(x, y Ref) Ref { return b.Apply("MatMul", []Ref{x, y}) }

// Relu adds max(x, 0).
func (b *Builder) Relu(x Ref) Ref { return b.Apply("Relu", []Ref{x}) }

// Add adds x + y, broadcast.
func (b *Builder) Add(x, y Ref) Ref { return b.Apply("Add", []Ref{x, y}) }

// Mul adds x · y elementwise, broadcast.
func (b *Builder) Mul(x, y Ref) Ref { return b.Apply("Mul", []Ref{x, y}) }

// Reshape adds x with other lengths: 0 keeps one, -1 takes the rest.
func (b *Builder) Reshape(x Ref, shape ...int64) Ref {
	return b.Apply("Reshape", []Ref{x, b.Int64s("shape_"+strconv.Itoa(len(b.model.Graph.Nodes)), shape...)})
}

// Model checks the graph and returns it, or the first error.
func (b *Builder) Model() (*Model, error) {
	if b.err != nil {
		return nil, b.err
	}
	if _, err := InferAll(b.model, nil); err != nil {
		return nil, err
	}
	return b.model, nil
}

func (b *Builder) node(n Node) {
	if b.err != nil {
		return
	}
	in := make([]Value, len(n.Inputs))
	for i, name := range n.Inputs {
		v, ok := b.values[name]
		if !ok && name != "" {
			b.fail(&NodeError{Node: n.Label(), OpType: n.OpType, Reason: fmt.Sprintf("input %q is not defined", name)})
			return
		}
		in[i] = v
	}
	out, err := Infer(&n, builderOpset, in)
	if err != nil {
		b.fail(err)
		return
	}
	for i, name := range n.Outputs {
		b.define(name, out[i])
	}
	b.model.Graph.Nodes = append(b.model.Graph.Nodes, n)
}

func (b *Builder) define(name string, v Value) {
	if _, ok := b.values[name]; ok || name == "" {
		b.fail(fmt.Errorf("onnx: value %q is unnamed or defined twice", name))
		return
	}
	v.Dims = slices.Clone(v.Dims)
	b.values[name] = v
}

func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}
