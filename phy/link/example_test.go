// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/phy/link"
)

// A chain that loses every tenth block.
func ExampleRun() {
	points, err := link.Run(context.Background(), link.Config{
		SNRdB: []float64{3}, MaxTrials: 100,
		NewChain: func() (link.Chain, error) {
			return func(t link.Trial) (link.Outcome, error) {
				o := link.Outcome{Blocks: 1, Bits: 1000}
				if t.Index%10 == 0 {
					o.BlockErrors = 1
				}
				return o, nil
			}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	p := points[0]
	fmt.Printf("%g dB: %d of %d, BLER %.2f (%.3f…%.3f)\n", p.SNRdB, p.BlockErrors, p.Blocks, p.BLER(), p.Low, p.High)
	// Output: 3 dB: 10 of 100, BLER 0.10 (0.049…0.176)
}
