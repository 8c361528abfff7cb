// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
)

// Example demaps two symbols of 16QAM with the shipped network.
func Example() {
	nets, err := neural.Open(context.Background(), neural.Config{Devices: []accel.Device{"ref"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nets.Close()
	demapper, err := nets.NewDemapper()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := demapper.Configure(nr.QAM16); err != nil {
		fmt.Println(err)
		return
	}
	llr := make([]int8, 8)
	symbols := []complex64{0.316 + 0.948i, -0.9 - 0.3i} // near bits 0001 and 1110
	if err := demapper.Demap(llr, symbols, []float32{0.05, 0.05}); err != nil {
		fmt.Println(err)
		return
	}
	for i := range symbols {
		for _, l := range llr[4*i : 4*i+4] {
			if l < 0 {
				fmt.Print(1)
			} else {
				fmt.Print(0)
			}
		}
		fmt.Println()
	}
	// Output:
	// 0001
	// 1110
}
