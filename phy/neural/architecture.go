// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/phy/nr"
)

// LLRNet is the parameters of one network: bits = relu(iq·W1 + B1)·W2 + B2.
type LLRNet struct {
	Hidden int       // number of hidden units
	Bits   int       // number of outputs, the modulation order
	W1     []float32 // [2, Hidden]
	B1     []float32 // [Hidden]
	W2     []float32 // [Hidden, Bits]
	B2     []float32 // [Bits]
}

// Signature returns the ports that the network of a modulation has: "iq", the
// symbols as [batch, 2] float32, and "llr", the log-likelihood ratios times the
// noise variance as [batch, Q_m] float32.
func Signature(m nr.Modulation) accel.Signature {
	return accel.Signature{
		Inputs:  []accel.Port{{Name: "iq", Type: onnx.Float32, Dims: []int{-1, 2}}},
		Outputs: []accel.Port{{Name: "llr", Type: onnx.Float32, Dims: []int{-1, m.BitsPerSymbol()}}},
	}
}

// Graph writes the network as ONNX, with free metadata.
func (n *LLRNet) Graph(name string, metadata map[string]string) (*onnx.Model, error) {
	b := onnx.NewBuilder(name)
	iq := b.Input("iq", onnx.Float32, -1, 2)
	hidden := b.Relu(b.Gemm(iq, b.Float32s("w1", n.W1, 2, n.Hidden), b.Float32s("b1", n.B1, n.Hidden)))
	b.Output("llr", b.Gemm(hidden, b.Float32s("w2", n.W2, n.Hidden, n.Bits), b.Float32s("b2", n.B2, n.Bits)))
	for k, v := range metadata {
		b.Metadata(k, v)
	}
	return b.Model()
}
