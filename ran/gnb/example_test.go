// SPDX-License-Identifier: Apache-2.0

package gnb_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/ran/gnb"
)

// Two UEs with full buffers share a cell; the outer loop lets a tenth of their first
// transmissions fail.
func Example() {
	s := gnb.DefaultScenario()
	s.UEs, s.SNRFrom, s.SNRTo, s.Slots = 2, 8, 14, 4000
	results, err := s.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, u := range results[0].UEs {
		fmt.Printf("UE %d: first transmissions that fail: %.2f\n", u.UE, u.BLER1)
	}
	// Output:
	// UE 1: first transmissions that fail: 0.10
	// UE 2: first transmissions that fail: 0.10
}
