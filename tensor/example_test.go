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
