// SPDX-License-Identifier: Apache-2.0

package resample_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/resample"
)

// A radio has recorded at 20 MHz; 24 PRB at 30 kHz are received at 15.36 MHz.
func Example() {
	r, err := resample.New(resample.Config{From: 20e6, To: 15.36e6, PassHz: 24 * 12 * 30e3 / 2})
	if err != nil {
		panic(err)
	}
	up, down := r.Ratio()
	fmt.Printf("ratio %d/%d, %d taps\n", up, down, r.NumTaps())

	const start, num = 7680, 7680 // one slot
	first, count := r.Inputs(start, num)
	fmt.Printf("outputs %d…%d need inputs %d…%d\n", start, start+num-1, first, first+int64(count)-1)
	recorded := make([]complex64, count)
	for i := range recorded {
		recorded[i] = 1
	}
	slot := make([]complex64, num)
	if err := r.Process(slot, recorded, start); err != nil {
		panic(err)
	}
	fmt.Printf("%.3f\n", real(slot[100]))
	// Output:
	// ratio 96/125, 16 taps
	// outputs 7680…15359 need inputs 9993…20006
	// 1.000
}
