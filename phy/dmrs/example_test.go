// SPDX-License-Identifier: Apache-2.0

package dmrs_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/dmrs"
)

func Example() {
	// One PRB at common resource block 10, symbol 2 of slot 0, cell 1.
	r := make([]complex64, dmrs.PilotsPerPRB(1))
	dmrs.Sequence(r, 1, 10, dmrs.CInit(0, 0, 2, 1, 0))

	res := make([]complex64, 12)
	dmrs.Map(res, r, 1, 3, 0, complex(dmrs.Beta(2), 0)) // port 1003
	for k, x := range res {
		if x != 0 {
			fmt.Printf("%d: %+.0f\n", k, x)
		}
	}
	// Output:
	// 1: (-1-1i)
	// 3: (+1-1i)
	// 5: (-1+1i)
	// 7: (-1+1i)
	// 9: (+1-1i)
	// 11: (+1-1i)
}
