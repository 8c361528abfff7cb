// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// extremes are the integers that attributes, shapes and constants become.
var extremes = []int64{0, 1, -1, 2, -2, 3, 5, 8, 64, 1 << 20, 1 << 31, -(1 << 31), 1 << 40, math.MaxInt64, math.MinInt64}

// mutator changes models at random.
type mutator struct {
	*rand.Rand
	operators []string // that a node may become
}

func pick[E any](m mutator, list []E) E { return list[m.IntN(len(list))] }

// mutate changes one to three things of a model, and in half of the models takes
// back what is declared about outputs: what is left may be wrong. The model stays
// decodable, but may break every other rule.
func (m mutator) mutate(model *onnx.Model) {
	g := model.Graph
	for range 1 + m.IntN(3) {
		switch m.IntN(8) {
		case 0, 1:
			m.attribute(pick(m, g.Nodes).Attrs)
		case 2:
			m.inputs(&g.Nodes[m.IntN(len(g.Nodes))])
		case 3:
			m.outputs(&g.Nodes[m.IntN(len(g.Nodes))])
		case 4:
			if len(g.Initializers) > 0 {
				m.constant(&g.Initializers[m.IntN(len(g.Initializers))])
			}
		case 5:
			if len(g.Inputs) > 0 {
				m.shape(&g.Inputs[m.IntN(len(g.Inputs))])
			}
		case 6:
			m.node(g)
		case 7:
			model.Opsets = []onnx.Opset{{Version: int64(m.IntN(31))}}
		}
	}
	if m.IntN(2) == 0 {
		return
	}
	for i := range g.Outputs {
		v := &g.Outputs[i]
		v.Type, v.Ranked, v.Dims, v.Params = onnx.Undefined, false, nil, nil
	}
}

// attribute changes one value.
func (m mutator) attribute(attrs []onnx.Attribute) {
	if len(attrs) == 0 {
		return
	}
	switch a := &attrs[m.IntN(len(attrs))]; a.Type {
	case onnx.AttrInt:
		a.Int = pick(m, extremes)
	case onnx.AttrInts:
		a.Ints = m.list(a.Ints)
	case onnx.AttrFloat:
		a.Float = pick(m, []float32{0, -1, 1e30, float32(math.NaN()), float32(math.Inf(1))})
	case onnx.AttrString:
		a.Str = []byte(pick(m, []string{"", "SAME_UPPER", "VALID", "linear", "cubic", "reflect", "bidirectional", "ij,jk->ik", "?"}))
	case onnx.AttrGraph:
		if len(a.Graph.Nodes) > 0 {
			m.attribute(pick(m, a.Graph.Nodes).Attrs)
		}
	}
}

// list changes, adds or drops an element.
func (m mutator) list(v []int64) []int64 {
	v = slices.Clone(v)
	switch {
	case len(v) == 0 || m.IntN(3) == 0:
		return append(v, pick(m, extremes))
	case m.IntN(2) == 0:
		v[m.IntN(len(v))] = pick(m, extremes)
		return v
	}
	return v[:len(v)-1]
}

func (m mutator) inputs(n *onnx.Node) {
	if len(n.Inputs) == 0 {
		return
	}
	n.Inputs = slices.Clone(n.Inputs)
	i := m.IntN(len(n.Inputs))
	switch m.IntN(4) {
	case 0:
		n.Inputs[i] = ""
	case 1:
		n.Inputs = n.Inputs[:i]
	case 2:
		n.Inputs[i] = pick(m, n.Inputs)
	case 3:
		n.Inputs = append(n.Inputs, pick(m, n.Inputs))
	}
}

func (m mutator) outputs(n *onnx.Node) {
	n.Outputs = slices.Clone(n.Outputs)
	switch i := m.IntN(3); {
	case i == 0 || len(n.Outputs) == 0:
		n.Outputs = append(n.Outputs, "extra")
	case i == 1:
		n.Outputs[m.IntN(len(n.Outputs))] = ""
	default:
		n.Outputs = n.Outputs[:len(n.Outputs)-1]
	}
}

// constant changes the shape or one element of a tensor.
func (m mutator) constant(t *onnx.Tensor) {
	size := t.Type.Size()
	switch m.IntN(4) {
	case 0:
		if t.Dims = nil; size > 0 && len(t.Raw) >= size {
			t.Raw = t.Raw[:size]
		}
	case 1:
		t.Dims = append([]int{1}, t.Dims...)
	case 2:
		t.Dims = append(slices.Clone(t.Dims), 1)
	case 3:
		if len(t.Raw) > 0 && size > 0 && size <= 8 {
			t.Raw = slices.Clone(t.Raw)
			at, v := m.IntN(len(t.Raw)/size)*size, uint64(pick(m, extremes))
			for k := range size {
				t.Raw[at+k] = byte(v >> (8 * k))
			}
		}
	}
}

func (m mutator) shape(v *onnx.ValueInfo) {
	v.Dims, v.Params = slices.Clone(v.Dims), nil
	switch i := m.IntN(4); {
	case i == 0 || len(v.Dims) == 0:
		v.Dims = append(v.Dims, 1+m.IntN(3))
	case i == 1:
		v.Dims = v.Dims[:len(v.Dims)-1]
	default:
		v.Dims[m.IntN(len(v.Dims))] = pick(m, []int{-1, 0, 1, 2, 3, 5})
	}
}

// node changes an operator, adds an attribute, or adds a node at the end.
func (m mutator) node(g *onnx.Graph) {
	n := &g.Nodes[m.IntN(len(g.Nodes))]
	switch m.IntN(3) {
	case 0:
		n.OpType = pick(m, m.operators)
	case 1:
		name := pick(m, []string{"axis", "axes", "keepdims", "group", "strides", "pads", "dilations", "kernel_shape", "perm", "transA", "to", "split",
			"starts", "ends", "layout", "hidden_size", "blocksize", "p", "size", "k", "batch_dims", "num_outputs", "output_shape", "exclusive"})
		if n.Attr(name) != nil {
			return
		}
		a := onnx.Int(name, pick(m, extremes))
		if m.IntN(2) == 0 {
			a = onnx.Ints(name, m.list(m.list(nil))...)
		}
		n.Attrs = append(slices.Clone(n.Attrs), a)
	case 2:
		out := &g.Outputs[0]
		g.Nodes = append(g.Nodes, onnx.Node{OpType: pick(m, m.operators), Inputs: []string{out.Name}, Outputs: []string{"last"}})
		out.Name = "last"
	}
}
