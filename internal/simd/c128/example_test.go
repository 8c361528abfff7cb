// SPDX-License-Identifier: Apache-2.0

package c128_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/c128"
)

// The noise of two antennas, of which the second hears half of the first one's, and
// what remains of a sample of both when it is made white.
func ExampleSolveLower() {
	l := []complex128{4, 0, 2, 2}
	fmt.Println(c128.Cholesky(l, 2), l[0], l[2], l[3])
	sample := []complex128{2i, 1 + 1i}
	c128.SolveLower(l, 2, sample)
	fmt.Println(sample)
	// Output:
	// true (2+0i) (1+0i) (1+0i)
	// [(0+1i) (1+0i)]
}
