// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/noise"
	"github.com/neuroran/neuroran/phy/nr"
)

// All estimation happens on whitened pilots: in each bundle the antennas are
// combined by L⁻¹, so that their noise is independent and of unit variance,
// before the pilots' boost of β. An antenna with much noise and the direction of
// an interferer then weigh as little as they should in everything that sums over
// antennas. The estimated channel goes back through L; what is left of the noise
// in it has the colour of L·Lᴴ by itself.

// whiten whitens u.
//
// In a white bundle all antennas have one variance and no correlation, so dividing by a
// number is enough, and that number is taken back with the ramp, which is multiplied in
// any case. A coloured bundle needs a triangular solution per element, L⁻¹·u, and L times
// the estimate in the end. Invariant: after whiten the noise of every pilot has variance
// 1/β², whatever its bundle.
func (e *front) whiten(rx int) {
	for i := range e.noise.numBun {
		b := &e.noise.bundles[i]
		first, last := b.first*e.PilotsInPRB, (b.first+b.prbs)*e.PilotsInPRB
		var rows noise.Rows
		for c := range e.NumCombs {
			for s := range e.NumSymbols {
				for r := range rx {
					rows[r] = e.u[c][r][s][first:last]
				}
				b.Whiten(&rows, e.mixed)
			}
		}
	}
}

// scaleRamp takes what white bundles were divided by, and the unit of the
// samples, into a ramp over all subcarriers.
func (e *front) scaleRamp(ramp []complex64) {
	m := &e.noise
	for i := range m.bundles[:m.numBun] {
		b := &m.bundles[i]
		sigma := b.Sigma
		if !b.White {
			sigma = 1
		}
		part := ramp[b.first*nr.SubcarriersPerPRB:][:b.prbs*nr.SubcarriersPerPRB]
		c64.Scale(part, part, complex(float32(sigma/e.scale), 0))
	}
}

// colour gives the anchors of coloured bundles the noise's colour back; that of
// white ones is in the ramps.
func (e *front) colour(dst *nr.Channel) {
	rx, anchors := dst.Anchors.Dim(1), dst.Anchors.Dim(2)
	for i := range e.noise.numBun {
		b := &e.noise.bundles[i]
		if b.White {
			continue
		}
		var rows noise.Rows
		for l := range e.Group.NumLayers {
			for a := range anchors {
				for r := range rx {
					rows[r] = dst.Anchors.Row(l, r, a)[b.first*nr.SubcarriersPerPRB:][:b.prbs*nr.SubcarriersPerPRB]
				}
				b.Colour(&rows, e.mixed)
			}
		}
	}
}

// writeNoise copies the bundles to dst.
func (e *front) writeNoise(dst *nr.Channel, rx int) {
	m := &e.noise
	dst.NumBundles = m.numBun
	dst.NoiseCov.Resize(m.numBun, rx, rx)
	for i := range m.bundles[:m.numBun] {
		b := &m.bundles[i]
		dst.BundlePRB[i] = b.first
		for k := range rx * rx {
			v := b.At(k/rx, k%rx)
			dst.NoiseCov.Data()[i*rx*rx+k] = complex(bounded(real(v)/e.scale/e.scale), bounded(imag(v)/e.scale/e.scale))
		}
	}
	dst.ErrorRatio.Resize(m.numBun, e.Group.NumLayers, e.Group.NumSymbols)
}

// bounded returns x in single precision, finite.
func bounded(x float64) float32 {
	const most = 1e37
	return float32(min(max(x, -most), most))
}
