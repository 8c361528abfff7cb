// SPDX-License-Identifier: Apache-2.0

package modemtest_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/modem/modemtest"
	"github.com/neuroran/neuroran/phy/nr"
)

func ExampleReference() {
	// One symbol of QPSK on the real axis: its second bit is open.
	fmt.Printf("%.3f %.3f\n",
		modemtest.Reference(nr.QPSK, 0, 0.5, 1, 0, false),
		modemtest.Reference(nr.QPSK, 0, 0.5, 1, 1, false))
	// Output: 1.414 0.000
}
