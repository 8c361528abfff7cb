// SPDX-License-Identifier: Apache-2.0

package ofdm_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/tensor"
)

func Example() {
	carrier := nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	cfg := ofdm.Config{Carrier: carrier, NumPorts: 1, WindowAdvance: ofdm.DefaultAdvance(carrier)}
	mod, err := ofdm.NewModulator(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	demod, err := ofdm.NewDemodulator(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}

	sent := nr.Grid{RE: tensor.New[complex64]([]int{1, 14, 288})}
	sent.RE.Row(0, 3)[100] = 1i
	var wave nr.Baseband
	var received nr.Grid
	_ = mod.Process(&wave, &sent)
	_ = demod.Process(&received, &wave)
	fmt.Printf("%d samples, %.3fj\n", wave.Samples.Dim(1), imag(received.RE.Row(0, 3)[100]))
	// Output: 7680 samples, 1.000j
}
