// SPDX-License-Identifier: Apache-2.0

package backend_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// negator is a provider whose one device, "negator", knows one operator.
type negator struct{}

func (negator) Name() string { return "negator" }

func (negator) Check(device string) error {
	if device != "negator" {
		return fmt.Errorf("%w %q; known: negator", backend.ErrUnknownDevice, device)
	}
	return nil
}

func (negator) Probe(backend.Config) []backend.Info {
	return []backend.Info{{Device: "negator", Available: true}}
}

func (negator) Open(_ context.Context, _ string, m backend.Model, _ backend.Config) (backend.Session, error) {
	for _, n := range m.Graph.Graph.Nodes {
		if n.OpType != "Neg" || len(m.Graph.Graph.Nodes) != 1 {
			return nil, &onnx.OpError{Node: n.Label(), OpType: n.OpType}
		}
	}
	return session{}, nil
}

type session struct{}

func (session) Bind(in, out []backend.Buffer) (backend.Binding, error) {
	return binding{backend.Slice[float32](in[0]), backend.Slice[float32](out[0])}, nil
}
func (session) Close() error { return nil }

type binding struct{ in, out []float32 }

func (b binding) Run() error {
	for i, v := range b.in {
		b.out[i] = -v
	}
	return nil
}
func (binding) Close() error { return nil }

// Example hands a program's own provider over and opens a model on its device.
func Example() {
	b := onnx.NewBuilder("negate")
	b.Output("y", b.Apply("Neg", []onnx.Ref{b.Input("x", onnx.Float32, -1)}))
	graph, err := b.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := accel.BuildModel(graph)
	if err != nil {
		fmt.Println(err)
		return
	}
	o := accel.Options{Providers: []backend.Provider{negator{}}}
	s, err := o.Open(context.Background(), model, "negator")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	x, y := tensor.New[float32]([]int{2}), tensor.New[float32]([]int{2})
	copy(x.Data(), []float32{3, -4})
	run, err := s.Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)})
	if err == nil {
		err = run.Run()
	}
	fmt.Println(s.Device(), y.Data(), err)
	// Output: negator [-3 4] <nil>
}
