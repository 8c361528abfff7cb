// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"math"
	"math/bits"
	"slices"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
)

// spread says how far equalized symbols lie from the points of their modulation, and
// how much they could carry.
type spread struct {
	telling  bool                       // the points are far enough apart for the noise
	random   float64                    // ratio of symbols that have nothing to do with the points
	ratio    float64                    // mean squared distance over what the measured noise gives
	symbols  [nr.SymbolsPerSlot]float64 // the same by OFDM symbol of the slot, 0 where there is none
	drifts   bool                       // near DM-RS the symbols are nearer to points than far from it
	capacity float64                    // mean of log2(1+SINR): bits of a symbol of one layer, by Shannon
}

// Ratios above which symbols are not on the points: all together, and those of one
// OFDM symbol. Noise that is estimated wrongly by half does not reach them.
const (
	offPoints = 3.0
	oneOff    = 2 * offPoints
)

// off reports whether the symbols are not where the modulation has points, all or
// those of some OFDM symbols.
func (s *spread) off() bool {
	return s.telling && (s.ratio > offPoints || slices.Max(s.symbols[:]) > oneOff)
}

// on reports whether they are.
func (s *spread) on() bool { return s.telling && !s.off() }

// measureSpread measures the symbols of a group's first UE. Points that are too near
// each other for the noise tell nothing: every symbol is near one of them.
func measureSpread(sym *nr.Symbols, g *nr.Grant, group *nr.Group) (s spread) {
	points := modem.Constellation(g.MCS().Modulation)
	z, v := sym.Z.Data(), sym.NoiseVar.Data()
	if len(points) == 0 || len(z) == 0 {
		return s
	}
	at, count := 0, 0
	var sum, noise float64
	for l := g.StartSymbol; l < g.StartSymbol+g.NumSymbols; l++ {
		n := bits.OnesCount16(group.DataMask(l)) * g.NumPRB * g.NumLayers
		if at+n > len(z) {
			return spread{}
		}
		var d, e float64
		for i := at; i < at+n; i += n/200 | 1 { // odd, not to miss a comb
			d += nearest(points, z[i])
			e += float64(v[i])
			s.capacity += math.Log2(1 + 1/max(float64(v[i]), 1e-9))
			count++
		}
		if at += n; n > 0 && e > 0 {
			s.symbols[l] = d / e
			sum, noise = sum+d, noise+e
		}
	}
	if noise > 0 {
		side := power(complex128(points[0] - points[1])) // a corner and its neighbour, or nearly
		for _, p := range points[1:] {
			side = min(side, power(complex128(points[0]-p)))
		}
		s.ratio, s.capacity = sum/noise, s.capacity/float64(count)
		s.random = side / 6 / (noise / float64(count))
		s.telling = s.random > 2*offPoints
		factor := 1.6
		if !s.telling { // even random symbols are not much further
			factor = 1.25
		}
		s.drifts = drifts(&s.symbols, group, factor)
	}
	return s
}

// drifts reports whether symbols three or more away from DM-RS are clearly further from
// points than those beside it, by a factor: what a channel does that changes faster
// than DM-RS shows. Wrong points or phases are as wrong everywhere.
func drifts(ratios *[nr.SymbolsPerSlot]float64, g *nr.Group, factor float64) bool {
	var near, far []float64
	for l, x := range ratios {
		if x == 0 || g.IsDMRS(l) {
			continue
		}
		away := nr.SymbolsPerSlot
		for d := range nr.SymbolsPerSlot {
			if g.IsDMRS(d) {
				away = min(away, max(l-d, d-l))
			}
		}
		switch {
		case away == 1:
			near = append(near, x)
		case away >= 3:
			far = append(far, x)
		}
	}
	if len(near) == 0 || len(far) == 0 {
		return false
	}
	slices.Sort(far)
	return far[len(far)/2] > factor*slices.Min(near)
}

// nearest returns the squared distance to the nearest point.
func nearest(points []complex64, z complex64) float64 {
	least := math.Inf(1)
	for _, p := range points {
		least = min(least, power(complex128(z-p)))
	}
	return least
}

// effective returns the SINR in dB that has the capacity of the symbols, with as much
// noise as their distances show.
func (s *spread) effective() float64 {
	return decibel(math.Exp2(s.capacity)-1) - decibel(max(1, s.ratio))
}

// margin is how far above Shannon's bound, in dB, a transmission surely decodes: a
// decibel each for the code, the constellation and the measurement of the SINR.
const margin = 3

// needed returns the SINR in dB at which a grant surely decodes.
func needed(g *nr.Grant) float64 {
	m := g.MCS()
	efficiency := float64(m.Modulation.BitsPerSymbol()) * m.Rate.Float()
	return decibel(math.Exp2(efficiency)-1) + margin
}

// decibel returns a power ratio in dB, −100 for none.
func decibel(x float64) float64 {
	if !(x > 1e-10) {
		return -100
	}
	return 10 * math.Log10(x)
}
