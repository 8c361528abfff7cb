// SPDX-License-Identifier: Apache-2.0

package tsc_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/tsc"
)

// A stable counter never runs backwards.
func ExampleRead() {
	first := tsc.Read()
	second := tsc.Read()
	fmt.Println(!tsc.Stable() || second >= first)
	// Output: true
}
