// SPDX-License-Identifier: Apache-2.0

package f32_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/f32"
)

func ExampleGemm() {
	a := []float32{1, 2, 3, 4}  // 2×2
	b := []float32{1, 0, -1, 1} // 2×2
	packed := make([]float32, f32.PackedLen(2, 2))
	f32.Pack(packed, b, 2, 2, 2)
	c, bias := make([]float32, 4), []float32{0, 1}
	f32.Gemm(c, 2, a, 2, packed, bias, 0, 2, 2, 2, 0)
	fmt.Println(c)
	// Output: [0 3 0 5]
}
