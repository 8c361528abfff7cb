// SPDX-License-Identifier: Apache-2.0

package modem_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
)

func Example() {
	var mapper modem.Mapper
	var demapper modem.MaxLog
	bits := []uint8{1, 0, 0, 1}
	symbols := make([]complex64, 1)
	soft := make([]float32, 4)

	_ = mapper.Configure(nr.QAM16)
	_ = demapper.Configure(nr.QAM16)
	_ = mapper.Map(symbols, bits)
	_ = demapper.DemapFloat(soft, symbols, []float32{0.1})
	fmt.Printf("%.3f\n%.0f\n", symbols, soft)
	// Output:
	// [(-0.316+0.949i)]
	// [-4 16 4 -4]
}
