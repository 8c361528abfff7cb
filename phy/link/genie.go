// SPDX-License-Identifier: Apache-2.0

package link

import "github.com/neuroran/neuroran/phy/nr"

// PerfectCSI is the Receiver of [PUSCHConfig] that is told the channel and the
// noise: the bound of every estimator with the same equalizer.
const PerfectCSI = "perfect"

// genie is an estimator that knows the channel of the simulation. It serves as
// synchronizer and as estimator. Of interference it knows the covariance, as a mean
// over the PRBs of a noise bundle where it is not the same on all.
type genie struct {
	group nr.Group
	sim   *PUSCH
	cov   []complex128
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
	noise := g.noise(dst)
	dst.ErrorRatio.Resize(dst.NumBundles, gr.NumLayers, gr.NumSymbols)
	dst.ErrorRatio.Clear()
	for l := range gr.NumLayers {
		for s := range gr.NumSymbols {
			dst.Weights.Row(l, s)[s] = 1
			for r := range rx {
				g.sim.response(dst.Anchors.Row(l, r, s), gr, l, r, gr.StartSymbol+s)
			}
		}
	}
	for u := range gr.NumUEs {
		dst.SNR[u] = float32(float64(gr.NumCDMGroupsWithoutData) / noise)
	}
	return nil
}

// noise writes bundles and covariances, and returns the mean variance at an antenna.
func (g *genie) noise(dst *nr.Channel) float64 {
	gr, around := &g.group, g.sim.around
	rx, prb := dst.Anchors.Dim(1), gr.NumPRB
	if len(around.interferers) > 0 {
		prb = (gr.NumPRB + nr.MaxNoiseBundles - 1) / nr.MaxNoiseBundles
	}
	dst.NumBundles = (gr.NumPRB + prb - 1) / prb
	dst.NoiseCov.Resize(dst.NumBundles, rx, rx)
	around.listen(g.sim, gr, gr.StartSymbol+gr.NumSymbols/2)
	if len(g.cov) < rx*rx {
		g.cov = make([]complex128, rx*rx)
	}
	mean := 0.0
	for b := range dst.NumBundles {
		dst.BundlePRB[b] = b * prb
		first, n := b*prb*nr.SubcarriersPerPRB, min(prb, gr.NumPRB-b*prb)*nr.SubcarriersPerPRB
		cov := g.cov[:rx*rx]
		clear(cov)
		for k := range n {
			around.addCovariance(cov, rx, first+k)
		}
		for i := range cov {
			dst.NoiseCov.Row(b, i/rx)[i%rx] = complex64(cov[i] / complex(float64(n), 0))
		}
		for r := range rx {
			mean += real(cov[r*rx+r]) / float64(n*rx*dst.NumBundles)
		}
	}
	return mean
}

// noOffsets is a synchronizer that finds nothing to correct.
type noOffsets struct{}

// Configure implements [pusch.Synchronizer].
func (noOffsets) Configure(*nr.Group) error { return nil }

// Estimate implements [pusch.Synchronizer].
func (noOffsets) Estimate(dst *nr.Offsets, _ *nr.Pilots) error {
	*dst = nr.Offsets{}
	return nil
}
