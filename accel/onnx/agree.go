// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"math"
	"slices"
)

// agreed writes nodes anew whose output ONNX Runtime 1.32 infers to have other
// lengths than it then computes, where they mean the same in another form: it would
// refuse memory of either length, at Run. Its Python package, which binds no memory,
// only warns of it. Nodes in graphs within stay as they are.
func (b *binder) agreed(nodes []Node, values map[string]Value, opset int64) []Node {
	for i := range nodes {
		n, in := nodes[i], make([]Value, len(nodes[i].Inputs))
		for k, name := range n.Inputs {
			in[k] = values[name]
		}
		again := false
		switch n.OpType {
		case "AveragePool", "LpPool", "MaxPool":
			again = agreePool(&n, in)
		case "Slice":
			again = b.agreeSlice(&n, in)
		case "Resize":
			again = b.agreeResize(&n, opset, in)
		}
		if again {
			nodes, b.changed = slices.Clone(nodes), true
			nodes[i] = n
		}
	}
	return nodes
}

// fixed reports whether all lengths of an input are known.
func fixed(in []Value, i int) bool {
	return i < len(in) && in[i].Type != Undefined && !in[i].Unranked && !slices.Contains(in[i].Dims, -1)
}

// agreePool gives a pool with ceil_mode the pads that make the same windows without.
// A last window that would begin in the padding is inferred, but not computed.
func agreePool(n *Node, in []Value) bool {
	kernel := n.Ints("kernel_shape")
	if n.Int("ceil_mode", 0) != 1 || !fixed(in, 0) || len(in[0].Dims) != len(kernel)+2 {
		return false
	}
	lengths := make([]int, len(kernel))
	for i, k := range kernel {
		lengths[i] = int(k)
	}
	w, err := WindowOf(n, in[0].Dims[2:], lengths)
	strides, err2 := positive(n, "strides", len(kernel))
	if err != nil || err2 != nil {
		return false
	}
	agrees, pads := n.Str("auto_pad", "NOTSET") == "NOTSET", make([]int64, 2*len(kernel))
	same := true // whether the pads stay
	for i := range kernel {
		span := (w.Kernel[i]-1)*w.Dilation[i] + 1
		room := w.In[i] + w.Begin[i] + w.End[i] - span
		agrees = agrees && (room+strides[i]-1)/strides[i]+1 == w.Out[i]
		end := w.End[i]
		if room/strides[i]+1 != w.Out[i] {
			end = max(0, (w.Out[i]-1)*strides[i]+span-w.In[i]-w.Begin[i])
		}
		pads[i], pads[len(kernel)+i] = int64(w.Begin[i]), int64(end)
		same = same && end == w.End[i]
	}
	if agrees || !same && n.Int("count_include_pad", 0) != 0 { // the pads count
		return false
	}
	n.Attrs = slices.DeleteFunc(slices.Clone(n.Attrs), func(a Attribute) bool {
		return a.Name == "ceil_mode" || a.Name == "auto_pad" || a.Name == "pads"
	})
	n.Attrs = append(n.Attrs, Ints("pads", pads...))
	return true
}

// agreeSlice writes the end of a slice that runs backwards to the end of its axis as
// the least number: of the greatest, inference makes an empty slice.
func (b *binder) agreeSlice(n *Node, in []Value) bool {
	if len(in) < 5 || in[2].Const == nil || in[4].Const == nil {
		return false
	}
	ends, err1 := in[2].Const.Int64s()
	steps, err2 := in[4].Const.Int64s()
	if err1 != nil || err2 != nil || len(ends) != len(steps) {
		return false
	}
	changed := false
	for i, end := range ends {
		if steps[i] < 0 && (end == math.MaxInt32 || end == math.MaxInt64) {
			ends[i], changed = math.MinInt32, true
		}
	}
	if !changed || in[2].Const.Type != Int64 {
		return false
	}
	n.Inputs = slices.Clone(n.Inputs)
	n.Inputs[2] = b.constant("ends", ends)
	return true
}

// agreeResize gives a Resize by scales its sizes, where those that follow from the
// scales depend on whether they are computed in float32 or float64.
func (b *binder) agreeResize(n *Node, opset int64, in []Value) bool {
	if opset < 11 || len(in) != 3 || !fixed(in, 0) || in[2].Const == nil || n.Str("coordinate_transformation_mode", "") == "tf_crop_and_resize" {
		return false
	}
	x := in[0].Dims
	r, err := ResizingOf(n, opset, in)
	if err != nil {
		return false
	}
	agrees := true
	for i, d := range x {
		agrees = agrees && int(math.Floor(float64(d)*r.Scale[i])) == r.Out[i]
	}
	at, err := resizeAxes(n, len(x))
	if agrees || err != nil {
		return false
	}
	sizes := make([]int64, len(at))
	for i, a := range at {
		sizes[i] = int64(r.Out[a])
	}
	scales := ""
	if opset < 13 { // they had to be there, and be empty
		none := NewFloat32(b.fresh("scales"), nil, 0)
		b.graph.Initializers = append(slices.Clip(b.graph.Initializers), none)
		scales = none.Name
	}
	n.Inputs = []string{n.Inputs[0], n.Inputs[1], scales, b.constant("sizes", sizes)}
	return true
}

// constant adds an initializer of integers and returns its name.
func (b *binder) constant(name string, v []int64) string {
	t := NewInt64(b.fresh(name), v, len(v))
	b.graph.Initializers = append(slices.Clip(b.graph.Initializers), t)
	return t.Name
}
