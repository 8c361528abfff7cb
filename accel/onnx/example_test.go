// SPDX-License-Identifier: Apache-2.0

package onnx_test

import (
	"fmt"

	"github.com/neuroran/neuroran/accel/onnx"
)

// ExampleBuilder writes LLRnet for 256QAM.
func ExampleBuilder() {
	w1, b1 := make([]float32, 2*32), make([]float32, 32)
	w2, b2 := make([]float32, 32*8), make([]float32, 8)

	b := onnx.NewBuilder("llrnet-256qam")
	iq := b.Input("iq", onnx.Float32, -1, 2)
	hidden := b.Relu(b.Gemm(iq, b.Float32s("w1", w1, 2, 32), b.Float32s("b1", b1, 32)))
	b.Output("llr", b.Gemm(hidden, b.Float32s("w2", w2, 32, 8), b.Float32s("b2", b2, 8)))
	m, err := b.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range m.Graph.Nodes {
		fmt.Println(n.OpType, n.Inputs, n.Outputs)
	}
	fmt.Println(m.Graph.Outputs[0].Name, m.Graph.Outputs[0].Dims)
	// Output:
	// Gemm [iq w1 b1] [Gemm_0]
	// Relu [Gemm_0] [Relu_1]
	// Gemm [Relu_1 w2 b2] [llr]
	// llr [-1 8]
}
