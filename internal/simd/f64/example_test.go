// SPDX-License-Identifier: Apache-2.0

package f64_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/f64"
)

// Two equations with one right-hand side: 4x = 8 and 9y = 18.
func ExampleSystem() {
	s := f64.NewSystem(2, 1)
	s.Reset(2, 1)
	copy(s.Row(0), []float64{4, 0})
	copy(s.Row(1), []float64{0, 9})
	s.Right(0)[0], s.Right(1)[0] = 8, 18
	fmt.Println(s.Factor())
	s.Solve(1)
	fmt.Println(s.Right(0)[0], s.Right(1)[0])
	// Output:
	// true
	// 2 2
}
