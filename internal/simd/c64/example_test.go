// SPDX-License-Identifier: Apache-2.0

package c64_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/c64"
)

func ExampleMulConj() {
	dst := make([]complex64, 2)
	c64.MulConj(dst, []complex64{1i, 2}, []complex64{1i, 1 + 1i})
	fmt.Println(dst)
	// Output: [(1+0i) (2-2i)]
}
