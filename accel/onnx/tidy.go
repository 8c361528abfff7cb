// SPDX-License-Identifier: Apache-2.0

package onnx

import "slices"

// tidy writes nodes, also those of graphs within, in a form that means the same to
// the specification and that ONNX Runtime 1.32 survives; but for one it ends the
// process over each of these, also in its Python package:
//
//   - outputs that are left out of Split (microsoft/onnxruntime#18601), Loop, Scan
//     and If get names;
//   - inputs that are left out at the end of a list go, as the bias of
//     LayerNormalization and the axis of DFT;
//   - a Dropout that passes everything loses its other inputs. Where such an input is
//     computed and x is not, ONNX Runtime's optimizer puts it in the place of x,
//     which gives wrong numbers instead of a crash;
//   - a frame length of STFT that is computed is divided by itself first, so that 0
//     is an error of Run.
func (b *binder) tidy(nodes []Node) []Node {
	if !slices.ContainsFunc(nodes, untidy) {
		return nodes
	}
	b.changed = true
	out := make([]Node, 0, len(nodes))
	for _, n := range nodes {
		for len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == "" {
			n.Inputs = n.Inputs[:len(n.Inputs)-1]
		}
		if passes(n) {
			n.Inputs = n.Inputs[:1]
		}
		if namesOutputs(n) {
			n.Outputs = slices.Clone(n.Outputs)
			for k, name := range n.Outputs {
				if name == "" {
					n.Outputs[k] = b.fresh("unused")
				}
			}
		}
		if measuresFrames(n) {
			out = append(out, b.guarded(&n)...)
		}
		n.Attrs = b.tidyWithin(n.Attrs)
		out = append(out, n)
	}
	return out
}

// tidyWithin tidies graphs within a node.
func (b *binder) tidyWithin(attrs []Attribute) []Attribute {
	if !slices.ContainsFunc(attrs, untidyWithin) {
		return attrs
	}
	attrs = slices.Clone(attrs)
	for k := range attrs {
		if a := &attrs[k]; untidyWithin(*a) {
			g := *a.Graph
			g.Nodes = b.tidy(g.Nodes)
			a.Graph = &g
		}
	}
	return attrs
}

// guarded makes the frame length of an STFT one that is an error where it is 0, and
// returns the nodes that do so.
func (b *binder) guarded(n *Node) []Node {
	one, length := b.fresh("one"), b.fresh("frame_length")
	nodes := []Node{
		{OpType: "Div", Inputs: []string{n.Inputs[3], n.Inputs[3]}, Outputs: []string{one}},
		{OpType: "Mul", Inputs: []string{n.Inputs[3], one}, Outputs: []string{length}},
	}
	n.Inputs = slices.Clone(n.Inputs)
	n.Inputs[3] = length
	return nodes
}

// untidy reports whether there is something in a node for tidy.
func untidy(n Node) bool {
	return len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == "" || namesOutputs(n) || measuresFrames(n) || passes(n) ||
		slices.ContainsFunc(n.Attrs, untidyWithin)
}

func untidyWithin(a Attribute) bool {
	return a.Graph != nil && slices.ContainsFunc(a.Graph.Nodes, untidy)
}

func namesOutputs(n Node) bool {
	switch n.OpType {
	case "If", "Loop", "Scan", "Split":
		return slices.Contains(n.Outputs, "")
	}
	return false
}

// passes reports whether a node is a Dropout with a ratio, but not told to train.
func passes(n Node) bool { return n.OpType == "Dropout" && len(n.Inputs) > 1 && n.Input(2) == "" }

func measuresFrames(n Node) bool { return n.OpType == "STFT" && n.Input(3) != "" }
