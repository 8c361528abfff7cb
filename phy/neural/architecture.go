// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// LLRNet is the parameters of one network: bits = relu(iq·W1 + B1)·W2 + B2.
//
// O. Shental and J. Hoydis, "Machine LLRning: Learning to Softly Demodulate", 2019.
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

// Model writes the network as ONNX, named after the modulation, with the recipe
// in its metadata.
func (n *LLRNet) Model(r Recipe) (*accel.Model, error) { return n.model(r, "") }

// model is [LLRNet.Model] with the hash of the model that training began at.
func (n *LLRNet) model(r Recipe, parent string) (*accel.Model, error) {
	b := onnx.NewBuilder(Name(r.Modulation))
	iq := b.Input("iq", onnx.Float32, -1, 2)
	hidden := b.Relu(b.Gemm(iq, b.Float32s("w1", n.W1, 2, n.Hidden), b.Float32s("b1", n.B1, n.Hidden)))
	b.Output("llr", b.Gemm(hidden, b.Float32s("w2", n.W2, n.Hidden, n.Bits), b.Float32s("b2", n.B2, n.Bits)))
	b.Metadata("recipe", r.String())
	if parent != "" {
		b.Metadata("parent", parent)
	}
	graph, err := b.Model()
	if err != nil {
		return nil, err
	}
	return accel.BuildModel(graph)
}

// FromModel reads the parameters back from a model that [LLRNet.Model] wrote.
// It returns an error that names what is missing or has another shape.
func FromModel(m *accel.Model) (*LLRNet, error) {
	n := &LLRNet{}
	for _, p := range []struct {
		name string
		dst  *[]float32
	}{{"w1", &n.W1}, {"b1", &n.B1}, {"w2", &n.W2}, {"b2", &n.B2}} {
		t := m.Graph().Graph.Initializer(p.name)
		if t == nil {
			return nil, fmt.Errorf("neural: model %q has no constant %q", m.Name(), p.name)
		}
		v, err := t.Float32s()
		if err != nil {
			return nil, fmt.Errorf("neural: model %q: %w", m.Name(), err)
		}
		*p.dst = v
	}
	n.Hidden, n.Bits = len(n.B1), len(n.B2)
	if len(n.W1) != 2*n.Hidden || len(n.W2) != n.Hidden*n.Bits {
		return nil, &tensor.ShapeError{Op: "neural: weights of " + m.Name(), Want: []int{2 * n.Hidden, n.Hidden * n.Bits}, Got: []int{len(n.W1), len(n.W2)}}
	}
	return n, nil
}
