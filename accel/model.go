// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/neuroran/neuroran/accel/onnx"
)

// Model is a checked ONNX graph with its bytes, hash and signature. It is
// immutable and may be shared.
type Model struct {
	data  []byte
	sum   string
	graph *onnx.Model
	sig   Signature
	open  [][]string // names of open lengths of inputs, see openLengths
	bound *bindable  // what providers are given
	entry *Entry     // what the registry that loaded it says, or nil
}

// NewModel decodes and checks a model; it copies data.
//
// It returns the errors of [onnx.Decode] and [onnx.Check], and a
// [*WeightError] when a constant holds a NaN.
func NewModel(data []byte) (*Model, error) {
	data = bytes.Clone(data)
	graph, err := onnx.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("accel: model: %w", err)
	}
	return newModel(data, graph)
}

// newModel checks a decoded model, whose bytes data are complete in themselves.
func newModel(data []byte, graph *onnx.Model) (*Model, error) {
	if err := onnx.Check(graph); err != nil {
		return nil, fmt.Errorf("accel: model %q: %w", graph.Graph.Name, err)
	}
	if err := checkWeights(graph); err != nil {
		return nil, err
	}
	m := &Model{data: data, sum: hashOf(data), graph: graph, open: openLengths(graph)}
	m.sig, m.bound = signatureOf(graph).bindable(data, graph)
	return m, nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// LoadModel reads a model from a file, with the weights that lie in files beside
// it; see [onnx.Load] and [NewModel]. Its bytes, and so its hash, then hold those
// weights.
func LoadModel(path string) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("accel: model: %w", err)
	}
	graph, err := onnx.Decode(data)
	if errors.Is(err, onnx.ErrExternalData) {
		if graph, err = onnx.Load(path); err == nil {
			data = onnx.Encode(nil, graph)
		}
	}
	var format *onnx.FormatError
	if errors.As(err, &format) {
		return nil, fmt.Errorf("accel: model: %s: not an ONNX model: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("accel: model: %s: %w", path, err)
	}
	return newModel(data, graph)
}

// BuildModel makes a model of a graph that was built in Go; see [NewModel].
func BuildModel(m *onnx.Model) (*Model, error) { return NewModel(onnx.Encode(nil, m)) }

// Name returns the name of the graph.
func (m *Model) Name() string { return m.graph.Graph.Name }

// SHA256 returns the hash of the model's bytes in hex.
func (m *Model) SHA256() string { return m.sum }

// Bytes returns the model as a file; the caller must not change it.
func (m *Model) Bytes() []byte { return m.data }

// Graph returns the decoded model; the caller must not change it.
func (m *Model) Graph() *onnx.Model { return m.graph }

// Signature returns the ports of the model that can be bound; the caller must not
// change it. See [Model.LeftOut].
func (m *Model) Signature() Signature { return m.sig }

// Expect returns a [*SignatureError] when the signature is not the wanted one.
func (m *Model) Expect(want Signature) error {
	if !m.sig.Equal(want) {
		return &SignatureError{Model: m.Name(), Want: want, Got: m.sig}
	}
	return nil
}

// checkWeights refuses weights that hold a NaN, in initializers and Constant nodes:
// no trained model has them, and they would only show as wrong bits much later.
func checkWeights(m *onnx.Model) error {
	return m.EachWeight(func(t *onnx.Tensor) error {
		if t.Type != onnx.Float32 && t.Type != onnx.Float64 && t.Type != onnx.Float16 {
			return nil
		}
		v, err := t.Float32s()
		if err != nil {
			return err
		}
		for k, x := range v {
			if math.IsNaN(float64(x)) {
				return &WeightError{Model: m.Graph.Name, Name: t.Name, Index: k}
			}
		}
		return nil
	})
}
