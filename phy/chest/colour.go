// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// All estimation happens on whitened pilots: in each bundle the antennas are
// combined by L⁻¹, so that their noise is independent and of unit variance,
// before the pilots' boost of β. An antenna with much noise and the direction of
// an interferer then weigh as little as they should in everything that sums over
// antennas. The estimated channel goes back through L; what is left of the noise
// in it has the colour of L·Lᴴ by itself.

// whiten whitens u, and takes the factor of white bundles into the ramps that put
// the delay back.
func (e *front) whiten(rx int) {
	m := &e.noise
	for i := range m.bundles[:m.numBun] {
		b := &m.bundles[i]
		if !(b.sigma > noiseless) { // any unit is as good
			b.white, b.sigma = true, noiseless
		}
		first, last := b.first*e.PilotsInPRB, (b.first+b.prbs)*e.PilotsInPRB
		for c := range e.NumCombs {
			for s := range e.NumSymbols {
				e.whitenPart(b, c, s, first, last, rx)
			}
		}
	}
}

// noiseless is the standard deviation that stands for no noise, of pilots near 1.
const noiseless = 1e-6

func (e *front) whitenPart(b *bundle, c, s, first, last, rx int) {
	if b.white {
		inv := complex(float32(1/b.sigma), 0)
		for r := range rx {
			u := e.u[c][r][s][first:last]
			c64.Scale(u, u, inv)
		}
		return
	}
	// Forward substitution for all pilots at once.
	n := last - first
	var taps [maxRx]complex64
	var off [maxRx]int
	for r := range rx {
		inv := 1 / real(b.factor[r*rx+r])
		for k := range r {
			taps[k], off[k] = complex64(-b.factor[r*rx+k]*complex(inv, 0)), k*n
		}
		x, scale := e.mixed[r*n:][:n], float32(inv)
		mimo.LinComb(x, taps[:r], e.mixed, off[:r])
		for i, v := range e.u[c][r][s][first:last] {
			x[i] += complex(scale*real(v), scale*imag(v))
		}
	}
	for r := range rx {
		copy(e.u[c][r][s][first:last], e.mixed[r*n:])
	}
}

// scaleRamp takes what white bundles were divided by, and the unit of the
// samples, into a ramp over all subcarriers.
func (e *front) scaleRamp(ramp []complex64) {
	m := &e.noise
	for i := range m.bundles[:m.numBun] {
		b := &m.bundles[i]
		sigma := b.sigma
		if !b.white {
			sigma = 1
		}
		part := ramp[b.first*nr.SubcarriersPerPRB:][:b.prbs*nr.SubcarriersPerPRB]
		c64.Scale(part, part, complex(float32(sigma/e.scale), 0))
	}
}

// colour gives the anchors of coloured bundles the noise's colour back.
func (e *front) colour(dst *nr.Channel) {
	m := &e.noise
	rx, anchors := dst.Anchors.Dim(1), dst.Anchors.Dim(2)
	for i := range m.bundles[:m.numBun] {
		b := &m.bundles[i]
		if b.white {
			continue
		}
		for l := range e.Group.NumLayers {
			for a := range anchors {
				e.colourPart(dst, b, l, a, rx)
			}
		}
	}
}

func (e *front) colourPart(dst *nr.Channel, b *bundle, l, a, rx int) {
	first, n := b.first*nr.SubcarriersPerPRB, b.prbs*nr.SubcarriersPerPRB
	var taps [maxRx]complex64
	var off [maxRx]int
	for r := range rx {
		copy(e.mixed[r*n:], dst.Anchors.Row(l, r, a)[first:first+n])
		off[r] = r * n
	}
	for r := range rx {
		for k := range r + 1 {
			taps[k] = complex64(b.factor[r*rx+k])
		}
		mimo.LinComb(dst.Anchors.Row(l, r, a)[first:first+n], taps[:r+1], e.mixed, off[:r+1])
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
		for k, v := range b.cov[:rx*rx] {
			if b.white {
				v = 0
				if k%(rx+1) == 0 {
					v = complex(b.sigma*b.sigma, 0)
				}
			}
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
