// SPDX-License-Identifier: Apache-2.0

package mimo_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/mimo"
)

// The channel half-way between two estimates is their mean.
func ExampleLinComb() {
	estimates := []complex64{1, 2, 3i, 4i} // two rows
	h := make([]complex64, 2)
	mimo.LinComb(h, []complex64{0.5, 0.5}, estimates, []int{0, 2})
	fmt.Println(h)
	// Output: [(0.5+1.5i) (1+2i)]
}
