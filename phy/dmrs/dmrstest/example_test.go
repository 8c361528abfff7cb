// SPDX-License-Identifier: Apache-2.0

package dmrstest_test

import (
	"fmt"
	"math/cmplx"

	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
)

// One UE on comb 0 of one PRB: every other element is its pilot.
func ExamplePilots() {
	group := dmrstest.Group(1, 0)
	pilots := dmrstest.Pilots(&group, 1, dmrstest.Ray(&group, 0, 0))
	for _, x := range pilots.RE.Row(0, 0)[:4] {
		fmt.Printf("%.1f ", cmplx.Abs(complex128(x)))
	}
	// Output: 1.4 0.0 1.4 0.0
}
