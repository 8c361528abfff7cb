// SPDX-License-Identifier: Apache-2.0

package coord_test

import (
	"fmt"

	"github.com/neuroran/neuroran/mac/coord"
)

// Reports of a few places become a map of the area.
func ExampleTrain() {
	var reports []coord.Sample
	for x := range 101 {
		reports = append(reports, coord.Sample{X: float64(x), Y: float64(x % 10 * 10), SINRdB: float32(25 - x/5)})
	}
	m, err := coord.Train(coord.Config{Width: 100, Height: 100, Columns: 11, Rows: 11}, reports)
	if err != nil {
		fmt.Println(err)
		return
	}
	weights, _ := m.MarshalBinary()
	fmt.Printf("%.0f dB in the west, %.0f dB in the east, %d bytes\n", m.SINRdB(5, 50), m.SINRdB(95, 50), len(weights))
	// Output: 23 dB in the west, 8 dB in the east, 149 bytes
}
