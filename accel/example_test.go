// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// Example builds a network, opens it on the device that is always there, and
// runs it on tensors that it was bound to.
func Example() {
	b := onnx.NewBuilder("double")
	x := b.Input("x", onnx.Float32, -1, 2)
	b.Output("y", b.Relu(b.Gemm(x, b.Float32s("w", []float32{2, 0, 0, 2}, 2, 2), b.Float32s("bias", []float32{0, 1}, 2))))
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
	session, err := accel.Open(context.Background(), model, "ref")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	in, out := tensor.New[float32]([]int{3, 2}), tensor.New[float32]([]int{3, 2})
	copy(in.Data(), []float32{1, 2, -3, 4, 5, -6})
	binding, err := session.Bind([]accel.Buffer{accel.Of(&in)}, []accel.Buffer{accel.Of(&out)})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := binding.Run(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Signature())
	fmt.Println(out.Data())
	// Output:
	// (x:float32[? 2]) -> (y:float32[? 2])
	// [2 5 0 9 10 0]
}
