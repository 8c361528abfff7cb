// SPDX-License-Identifier: Apache-2.0

package ratematch_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/ratematch"
)

func Example() {
	// A code block of base graph 2, Z = 2, sent twice as 60 bits of QPSK.
	c := ratematch.Config{BaseGraph: 2, Z: 2, Filler: 3, BitsPerSymbol: 2}
	m := ratematch.New()
	if err := m.Configure(c); err != nil {
		fmt.Println(err)
		return
	}
	soft := make([]int8, c.N())
	_ = m.Clear(soft)

	llrs := make([]int8, 60)
	for i := range llrs {
		llrs[i] = 10
	}
	_ = m.Combine(soft, llrs)
	fmt.Println(soft[:20], "reaches", m.Extent(len(llrs)))

	c.RV = 2 // the second transmission starts in the middle
	_ = m.Configure(c)
	_ = m.Combine(soft, llrs)
	fmt.Println(soft[:20], "starts at", c.K0())
	// Output:
	// [10 10 10 10 10 10 10 10 10 10 10 10 10 127 127 127 10 10 10 10] reaches 63
	// [20 20 20 20 20 20 20 20 20 20 10 10 10 127 127 127 10 10 10 10] starts at 50
}
