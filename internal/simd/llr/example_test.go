// SPDX-License-Identifier: Apache-2.0

package llr_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/llr"
)

func Example() {
	soft := []int8{40, -40, 7, -100, 120, 3, -3, 0}
	llr.FlipSigns(soft, []uint64{0b101})
	llr.Scale(soft, soft, 1<<14, 50) // halve, at most 50
	packed := make([]byte, 1)
	llr.PackSigns(packed, soft)
	fmt.Printf("%v %08b\n", soft, packed[0])
	// Output:
	// [-20 -20 -4 -50 50 2 -2 0] 11110010
}
