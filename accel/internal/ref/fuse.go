// SPDX-License-Identifier: Apache-2.0

package ref

import "github.com/neuroran/neuroran/accel/onnx"

// fuse merges a Relu into the node before it, where nobody else reads what
// comes between.
func fuse(g *onnx.Graph) []node {
	uses := map[string]int{}
	countUses(g, uses)
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

// countUses counts who reads each value, in graphs within nodes as well.
func countUses(g *onnx.Graph, uses map[string]int) {
	for i := range g.Nodes {
		for _, in := range g.Nodes[i].Inputs {
			uses[in]++
		}
		for k := range g.Nodes[i].Attrs {
			if sub := g.Nodes[i].Attrs[k].Graph; sub != nil {
				countUses(sub, uses)
			}
		}
	}
	for _, out := range g.Outputs {
		uses[out.Name]++
	}
}

// fusible lists the operators whose kernels end with an optional Relu.
var fusible = map[string]bool{"Gemm": true, "MatMul": true, "Conv": true, "BatchNormalization": true}
