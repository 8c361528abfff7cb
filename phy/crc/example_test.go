// SPDX-License-Identifier: Apache-2.0

package crc_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/crc"
)

func Example() {
	block := []byte{0xca, 0xfe, 0, 0} // 16 bits and room for the parity bits
	crc.CRC16.AttachPacked(block, 16)
	fmt.Printf("%x %v\n", block, crc.CRC16.CheckPacked(block, 32))

	block[0] ^= 1 << 3 // one bit arrives wrong
	fmt.Println(crc.CRC16.CheckPacked(block, 32))
	// Output:
	// cafef74e true
	// false
}
