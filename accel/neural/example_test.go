// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/neural"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// multiplier is a network that multiplies its one feature by w.
func multiplier(w float32) (*accel.Model, error) {
	b := onnx.NewBuilder("multiplier")
	x := b.Input("x", onnx.Float32, -1, 1)
	b.Output("y", b.MatMul(x, b.Float32s("w", []float32{w}, 1, 1)))
	graph, err := b.Model()
	if err != nil {
		return nil, err
	}
	return accel.BuildModel(graph)
}

// Example puts a network in service, replaces it and rolls back, under one
// binding.
func Example() {
	ctx := context.Background()
	double, err := multiplier(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	triple, err := multiplier(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	inst := neural.Create(double)
	if err := inst.Instantiate(ctx, accel.Options{}, "ref"); err != nil {
		fmt.Println(err)
		return
	}
	defer inst.Close()
	x, y := tensor.New[float32]([]int{1, 1}), tensor.New[float32]([]int{1, 1})
	x.Data()[0] = 7
	run, err := inst.Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range []func() error{
		func() error { return nil },
		func() error { return inst.Replace(ctx, triple) },
		func() error { return inst.Rollback(ctx) },
	} {
		if err := change(); err != nil {
			fmt.Println(err)
			return
		}
		if err := run.Run(); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(y.Data()[0])
	}
	// Output:
	// 14
	// 21
	// 14
}

// faster is a trainer that begins at the weights of the model in service, as one that
// refines a network does: a step of it adds a tenth to the one weight.
type faster struct{ steps int }

// Train implements [neural.Trainer].
func (f faster) Train(ctx context.Context, from *accel.Model, progress func(step, steps int, loss float64)) (*accel.Model, error) {
	weights, err := from.Graph().Graph.Initializers[0].Float64s()
	if err != nil {
		return nil, err
	}
	w := weights[0]
	for step := range f.steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w *= 1.1
		progress(step+1, f.steps, 1/w)
	}
	return multiplier(float32(w))
}

// A trainer of one's own refines the network while it stays in service.
func ExampleInstance_Train() {
	model, err := multiplier(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	inst := neural.Create(model)
	err = inst.Train(context.Background(), faster{steps: 2}, func(step, steps int, loss float64) {
		fmt.Printf("step %d of %d: loss %.3f\n", step, steps, loss)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(inst.Model().Name())
	// Output:
	// step 1 of 2: loss 0.455
	// step 2 of 2: loss 0.413
	// multiplier
}
