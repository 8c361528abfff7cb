// SPDX-License-Identifier: Apache-2.0

package lookup_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/lookup"
)

func Example() {
	table := lookup.New(-10, 10, decibel)
	fmt.Printf("%.2f dB\n", table.At(100))
	// Output: 20.00 dB
}
