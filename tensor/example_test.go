// SPDX-License-Identifier: Apache-2.0

package tensor_test

import (
	"fmt"

	"github.com/neuroran/neuroran/tensor"
)

// A grid of resource elements: rows are views, a new shape keeps the buffer.
func Example() {
	grid := tensor.New[complex64]([]int{2, 14, 12}, "rx", "symbol", "subcarrier")
	grid.Row(1, 3)[5] = 1 + 2i
	fmt.Println(grid, grid.Data()[(1*14+3)*12+5])

	grid.Resize(1, 14, 24)
	fmt.Println(grid)
	// Output:
	// complex64[rx=2 symbol=14 subcarrier=12] (1+2i)
	// complex64[rx=1 symbol=14 subcarrier=24]
}

// The Arrow array of a tensor is the same memory.
func ExampleTensor_Arrow() {
	x, err := tensor.FromSlice([]complex64{1, 2i}, []int{2}, "sample")
	if err != nil {
		panic(err)
	}
	column, err := x.Arrow()
	if err != nil {
		panic(err)
	}
	x.Data()[0] = 7
	fmt.Println(column)
	// Output: (arrow.fixed_shape_tensor<float32>[2 2])[[7 0 0 2]]
}

// A message travels as one row; its tensors arrive as views of the bytes.
func ExampleEncoder_Encode() {
	type softBits struct {
		Slot uint64
		LLR  tensor.Tensor[int8] `tensor:"bit"`
	}
	enc, err := tensor.NewEncoder[softBits]()
	if err != nil {
		panic(err)
	}
	dec, err := tensor.NewDecoder[softBits]()
	if err != nil {
		panic(err)
	}
	sent := softBits{Slot: 20, LLR: tensor.New[int8]([]int{3})}
	copy(sent.LLR.Data(), []int8{-5, 0, 120})

	stream, bytes, err := enc.Encode(nil, &sent)
	if err != nil {
		panic(err)
	}
	var got softBits
	if _, err := dec.Decode(&got, stream, bytes); err != nil {
		panic(err)
	}
	fmt.Println(got.Slot, got.LLR, got.LLR.Data())
	fmt.Println("payload:", tensor.SizeOf(&got), "bytes")
	// Output:
	// 20 int8[bit=3] [-5 0 120]
	// payload: 11 bytes
}

// A pool bounds the messages of an edge.
func ExamplePool() {
	pool := tensor.NewPool(1, func(x *tensor.Tensor[int8]) { x.Resize(1024) })
	a, _ := pool.Get()
	_, err := pool.Get()
	fmt.Println(a, err)
	pool.Put(a)
	fmt.Println("lent:", pool.Lent())
	// Output:
	// int8[1024] pool is empty
	// lent: 0
}
