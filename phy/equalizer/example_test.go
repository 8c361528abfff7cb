// SPDX-License-Identifier: Apache-2.0

package equalizer_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/nr"
)

// One UE on one PRB, two antennas: the channel is known, the noise has variance
// 0.02, and every element carries 1.
func Example() {
	g := nr.Group{NumPRB: 1, NumSymbols: 1, NumUEs: 1, NumLayers: 1, ConfigType: 1, Length: 1}
	g.UEs[0] = nr.UE{RNTI: 7, NumLayers: 1}
	ch := nr.Channel{Group: g}
	ch.Anchors.Resize(1, 2, 1, 12)
	ch.Weights.Resize(1, 1, 1)
	ch.NumBundles = 1
	ch.NoiseCov.Resize(1, 2, 2)
	ch.ErrorRatio.Resize(1, 1, 1)
	ch.Weights.Data()[0] = 1
	copy(ch.NoiseCov.Data(), []complex64{0.02, 0, 0, 0.02})

	data := nr.Data{Group: g}
	data.RE.Resize(2, 1, 12)
	for k := range 12 {
		ch.Anchors.Row(0, 0, 0)[k], data.RE.Row(0, 0)[k] = 1i, 1i
		ch.Anchors.Row(0, 1, 0)[k], data.RE.Row(1, 0)[k] = -2, -2
	}
	e, err := equalizer.NewLMMSE(equalizer.DefaultLimits())
	if err != nil {
		panic(err)
	}
	out := make([]nr.Symbols, 1)
	if err := e.Equalize(out, nr.ViewOf(&data.RE), &ch); err != nil {
		panic(err)
	}
	fmt.Printf("RNTI %d: z = %.2f, error variance %.4f, SINR %.0f\n",
		out[0].RNTI, out[0].Z.Data()[0], out[0].NoiseVar.Data()[0], out[0].Quality.SINR)
	// Output: RNTI 7: z = (1.00+0.00i), error variance 0.0040, SINR 250
}
