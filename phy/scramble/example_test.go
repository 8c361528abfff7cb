// SPDX-License-Identifier: Apache-2.0

package scramble_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/scramble"
)

func Example() {
	cInit := scramble.PUSCHInit(17, 1)

	bits := []byte{1, 0, 1, 1, 0, 0, 1, 0}
	tx := scramble.New(cInit)
	tx.XORBits(bits) // the transmitter

	llrs := make([]int8, len(bits)) // positive means bit 0
	for i, b := range bits {
		llrs[i] = 40 - 80*int8(b)
	}
	rx := scramble.New(cInit)
	rx.DescrambleLLRs(llrs) // the receiver
	fmt.Println(llrs)
	// Output:
	// [-40 40 -40 -40 40 40 -40 40]
}
