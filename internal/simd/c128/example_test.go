// SPDX-License-Identifier: Apache-2.0

package c128_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/c128"
)

// Two equations with one right-hand side: 4x = 8 and 9y = 9j.
func ExampleSystem() {
	s := c128.NewSystem(2, 1)
	s.Reset(2, 1, 1)
	copy(s.Row(0), []complex128{4, 0, 8})
	copy(s.Row(1), []complex128{0, 9, 9i})
	fmt.Println(s.Factor())
	s.Solve(1)
	fmt.Println(s.Row(0)[2], s.Row(1)[2])
	// Output:
	// true
	// (2+0i) (0+1i)
}
