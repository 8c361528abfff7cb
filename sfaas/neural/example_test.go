// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/neural"
)

// doubler is a network that doubles its one feature.
func doubler() (*accel.Model, error) {
	b := onnx.NewBuilder("doubler")
	x := b.Input("x", onnx.Float32, -1, 1)
	b.Output("y", b.MatMul(x, b.Float32s("w", []float32{2}, 1, 1)))
	graph, err := b.Model()
	if err != nil {
		return nil, err
	}
	return accel.BuildModel(graph)
}

// Example deploys a network as a function of a graph and sends it one batch.
func Example() {
	model, err := doubler()
	if err != nil {
		fmt.Println(err)
		return
	}
	double, err := neural.Define("double", neural.Config{Model: model, Devices: []accel.Device{"ref"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	g := sfaas.NewGraph("example")
	in := sfaas.Source[neural.Batch](g, "in")
	weights := sfaas.Source[neural.Weights](g, "weights")
	sfaas.Control(weights, double.Weights)
	out := sfaas.Sink(sfaas.Apply(in, double.Fn), "out")
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := sfaas.NewRuntime(app, sfaas.WithMode(sfaas.Replay),
		sfaas.WithOutput(out, func(h sfaas.Header, b *neural.Batch) { fmt.Println("slot", h.Slot, b.X.Data()) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	err = in.Push(rt, sfaas.NewKey(sfaas.KindCell, 1), 7, func(b *neural.Batch) error {
		b.X.Resize(3, 1)
		copy(b.X.Data(), []float32{1, 2, 3})
		return nil
	})
	if err == nil {
		err = rt.Drain(context.Background())
	}
	if err != nil {
		fmt.Println(err)
	}
	// Output: slot 7 [2 4 6]
}
