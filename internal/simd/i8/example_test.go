// SPDX-License-Identifier: Apache-2.0

package i8_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/i8"
)

// Example multiplies a 1×3 matrix by a 3×2 one.
func Example() {
	a := []uint8{1, 2, 3, 0} // a row of whole groups
	b := make([]int8, i8.PackedLen(3, 2))
	i8.PackRows(b, []uint8{10, 20, 30, 40, 50, 60}, []int{0, 2, 4}, 0, 3, 2, 0)
	c := make([]int32, i8.Columns(2))
	i8.Gemm(c, len(c), a, len(a), b, 1, 2, 3)
	fmt.Println(c[:2])
	// Output: [220 280]
}
