// SPDX-License-Identifier: Apache-2.0

package link

import "github.com/neuroran/neuroran/phy/nr"

// PerfectCSI is the Receiver of [PUSCHConfig] that is told the channel and the
// noise: the bound of every estimator with the same equaliser.
const PerfectCSI = "perfect"

// genie is an estimator that knows the channel of the simulation. It serves as
// synchroniser and as estimator.
type genie struct {
	group nr.Group
	sim   *PUSCH
	noise float64
}

// Configure implements [pusch.Estimator].
func (g *genie) Configure(group *nr.Group) error {
	g.group = *group
	return nil
}

// Estimate implements [pusch.Estimator]: every symbol is an anchor.
func (g *genie) Estimate(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error {
	gr := &g.group
	rx, k := pilots.RE.Dim(0), gr.NumSubcarriers()
	dst.Group, dst.Offsets = *gr, *offsets
	dst.Anchors.Resize(gr.NumLayers, rx, gr.NumSymbols, k)
	dst.Weights.Resize(gr.NumLayers, gr.NumSymbols, gr.NumSymbols)
	dst.Weights.Clear()
	dst.ErrorRatio.Resize(1, gr.NumLayers, gr.NumSymbols)
	dst.ErrorRatio.Clear()
	dst.NumBundles, dst.BundlePRB[0] = 1, 0
	dst.NoiseCov.Resize(1, rx, rx)
	dst.NoiseCov.Clear()
	for r := range rx {
		dst.NoiseCov.Row(0, r)[r] = complex(float32(g.noise), 0)
	}
	for l := range gr.NumLayers {
		for s := range gr.NumSymbols {
			dst.Weights.Row(l, s)[s] = 1
			for r := range rx {
				g.sim.response(dst.Anchors.Row(l, r, s), gr, l, r, gr.StartSymbol+s)
			}
		}
	}
	for u := range gr.NumUEs {
		dst.SNR[u] = float32(float64(gr.NumCDMGroupsWithoutData) / g.noise)
	}
	return nil
}

// noOffsets is a synchroniser that finds nothing to correct.
type noOffsets struct{}

// Configure implements [pusch.Synchronizer].
func (noOffsets) Configure(*nr.Group) error { return nil }

// Estimate implements [pusch.Synchronizer].
func (noOffsets) Estimate(dst *nr.Offsets, _ *nr.Pilots) error {
	*dst = nr.Offsets{}
	return nil
}
