// SPDX-License-Identifier: Apache-2.0

package link

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// PerfectCSI is the Receiver of [PUSCHConfig] that is told the channel and the
// noise: the bound of every estimator with the same equaliser.
const PerfectCSI = "perfect"

// genie is an estimator that knows the channel of the simulation. It serves as
// synchroniser and as estimator.
type genie struct {
	group nr.Group
	sim   *PUSCH
	w     [nr.MaxUEs]pusch.Precoder
	sum   []complex64
	noise float64
}

// Configure implements [pusch.Estimator].
func (g *genie) Configure(group *nr.Group) error {
	g.group = *group
	for u := range group.NumUEs {
		g.w[u] = pusch.NewPrecoder(g.sim.grant[u])
	}
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
	if cap(g.sum) < k {
		g.sum = make([]complex64, k)
	}
	for l := range gr.NumLayers {
		for s := range gr.NumSymbols {
			dst.Weights.Row(l, s)[s] = 1
			for r := range rx {
				g.response(dst.Anchors.Row(l, r, s), l, r, gr.StartSymbol+s)
			}
		}
	}
	for u := range gr.NumUEs {
		dst.SNR[u] = float32(float64(gr.NumCDMGroupsWithoutData) / g.noise)
	}
	return nil
}

// response writes the channel of layer l in one symbol of the slot, as
// [channel.TDL.AddGrid] applies it.
func (g *genie) response(dst []complex64, l, r, symbol int) {
	gr, c := &g.group, &g.sim.cfg.Carrier
	u, first := gr.LayerUE(l)
	path := g.sim.ues[u].path
	spacing := gr.SubcarrierSpacingHz()
	at := float64(gr.Slot) / 1e3 / float64(gr.Mu.SlotsPerSubframe())
	for s := range symbol + 1 {
		at += float64(c.CPSamples(gr.Slot, s))/c.SampleRate() + 1/spacing
	}
	at -= 1 / spacing
	sin, cos := math.Sincos(2 * math.Pi * math.Mod(path.Config().CFOHz*at, 1))
	turn := complex(float32(cos), float32(sin))
	clear(dst)
	sum := g.sum[:len(dst)]
	firstHz := spacing * float64(gr.StartPRB*nr.SubcarriersPerPRB-c.NumSubcarriers()/2)
	for p := range g.sim.grant[u].NumAntennaPorts {
		w := g.w[u][p][l-first] * turn
		if w == 0 {
			continue
		}
		path.Response(sum, r, p, at+0.5/spacing, firstHz, spacing)
		for k, h := range sum {
			dst[k] += w * h
		}
	}
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
