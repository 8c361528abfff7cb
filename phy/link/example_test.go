// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/nr"
)

// The block error rate of a PUSCH receiver over a fading channel. The same seed
// gives every receiver the same channels, noise and data.
func Example() {
	cfg := link.PUSCHConfig{
		Carrier: nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512},
		NumRx:   2,
		UEs: []link.UE{{
			Grant: nr.Grant{
				RNTI: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 24,
				MCSTable: nr.MCSTable64QAM, MCSIndex: 14, NewData: true,
				DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
			},
			Channel: channel.Config{Profile: channel.TDLB100(), DopplerHz: 100},
		}},
	}
	for _, receiver := range []string{"lmmse", link.PerfectCSI} {
		points, err := link.Run(context.Background(), link.Config{
			SNRdB: []float64{2, 14}, MaxTrials: 60, Seed: 1,
			NewChain: func() (link.Chain, error) {
				cfg.Receiver = receiver
				p, err := link.NewPUSCH(cfg)
				if err != nil {
					return nil, err
				}
				return p.Simulate, nil
			},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, p := range points {
			fmt.Printf("%s at %g dB: most blocks fail: %t\n", receiver, p.SNRdB, p.BLER() > 0.5)
		}
	}
	// Output:
	// lmmse at 2 dB: most blocks fail: true
	// lmmse at 14 dB: most blocks fail: false
	// perfect at 2 dB: most blocks fail: true
	// perfect at 14 dB: most blocks fail: false
}

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
