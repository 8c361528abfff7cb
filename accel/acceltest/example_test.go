// SPDX-License-Identifier: Apache-2.0

package acceltest_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
)

// Example measures how far a device deviates from the reference; here it is the
// reference itself.
func Example() {
	m, err := acceltest.LLRNet(32, 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := accel.Open(context.Background(), m, "ref")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	deviation, err := acceltest.Deviation(s, 100, 1)
	fmt.Println(m.Signature(), deviation, err)
	// Output: (iq:float32[? 2]) -> (llr:float32[? 8]) 0 <nil>
}
