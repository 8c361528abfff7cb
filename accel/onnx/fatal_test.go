// SPDX-License-Identifier: Apache-2.0

package onnx_test

import (
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/accel/onnx"
)

// TestCheckRefusesFatalForms refuses each form that a runtime does not survive,
// also in a graph within a node and where only inference knows the lengths.
func TestCheckRefusesFatalForms(t *testing.T) {
	x := onnx.ValueInfo{Name: "x", Type: onnx.Float32, Dims: []int{2, 0, 3}, Ranked: true}
	sample := func(n onnx.Node) *onnx.Graph {
		return &onnx.Graph{Name: "g", Nodes: []onnx.Node{{OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"r"}}, n}, Outputs: []onnx.ValueInfo{{Name: "y"}}}
	}
	for name, n := range map[string]onnx.Node{
		"list":      {OpType: "Max", Inputs: []string{"r", ""}, Outputs: []string{"y"}},
		"split":     {OpType: "Split", Inputs: []string{"r"}, Outputs: []string{"y", "z"}, Attrs: []onnx.Attribute{onnx.Int("num_outputs", 3)}},
		"gather":    {OpType: "GatherND", Inputs: []string{"r", "r"}, Outputs: []string{"y"}, Attrs: []onnx.Attribute{onnx.Int("batch_dims", -1)}},
		"recurrent": {OpType: "GRU", Inputs: []string{"r", "r", "r"}, Outputs: []string{"y"}},
		"product":   {OpType: "Einsum", Inputs: []string{"r", ""}, Outputs: []string{"y"}},
		"kernel":    {OpType: "LpPool", Inputs: []string{"r"}, Outputs: []string{"y"}, Attrs: []onnx.Attribute{onnx.Ints("kernel_shape", 2, 1<<31)}},
		"interval":  {OpType: "RandomUniformLike", Inputs: []string{"r"}, Outputs: []string{"y"}, Attrs: []onnx.Attribute{onnx.Float("low", 2)}},
		"deviation": {OpType: "RandomNormalLike", Inputs: []string{"r"}, Outputs: []string{"y"}, Attrs: []onnx.Attribute{onnx.Float("scale", float32(math.NaN()))}},
		"skip":      {OpType: "TfIdfVectorizer", Inputs: []string{"r"}, Outputs: []string{"y"}, Attrs: []onnx.Attribute{onnx.Int("max_skip_count", 1<<40)}},
		"frames":    {OpType: "STFT", Inputs: []string{"r", "r", "", "none"}, Outputs: []string{"y"}},
		"window":    {OpType: "STFT", Inputs: []string{"r", "r", "empty"}, Outputs: []string{"y"}},
		"scalar":    {OpType: "STFT", Inputs: []string{"r", "r", "none"}, Outputs: []string{"y"}},
		"transpose": {OpType: "ConvTranspose", Inputs: []string{"c", "r"}, Outputs: []string{"y"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := sample(n)
			g.Initializers = []onnx.Tensor{onnx.NewInt64("none", []int64{0}), onnx.NewFloat32("empty", nil, 0)}
			g.Inputs = []onnx.ValueInfo{x, {Name: "c", Type: onnx.Float32, Dims: []int{1, 1, 0}, Ranked: true}}
			inner := sample(n)
			inner.Nodes = inner.Nodes[1:]
			outer := sample(onnx.Node{OpType: "If", Inputs: []string{"r"}, Outputs: []string{"y"}, Attrs: []onnx.Attribute{{Name: "then_branch", Type: onnx.AttrGraph, Graph: inner}}})
			outer.Inputs, outer.Initializers = g.Inputs, g.Initializers
			for _, g := range []*onnx.Graph{g, outer} {
				m := &onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}, Graph: g}
				var node *onnx.NodeError
				if err := onnx.Check(m); !errors.As(err, &node) || node.OpType != n.OpType {
					t.Errorf("got %v, want a *NodeError of %s", err, n.OpType)
				}
				if _, err := onnx.InferKnown(m, nil); !errors.As(err, &node) || node.OpType != n.OpType {
					t.Errorf("inference: got %v, want a *NodeError of %s", err, n.OpType)
				}
			}
		})
	}
}
