// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math/bits"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// rowPad is what rows are longer than their values, so that vectors may run
// past the last window.
const rowPad = 16

// filterState is the scratch of filtering.
type filterState struct {
	rows []complex64                        // [pilot of a PRB][antenna, PRB] of one time component
	lane [nr.SubcarriersPerPRB][]complex64  // [subcarrier of a PRB][antenna, PRB]
	ends [2][filterPilots * maxRx]complex64 // [pilot][antenna] of the first and the last window
	off  [filterPilots]int
}

func (s *filterState) init(lim nr.GroupLimits) {
	n := lim.MaxRx*lim.MaxPRB + rowPad
	s.rows = make([]complex64, dmrs.PilotsPerPRB(1)*n)
	for k := range s.lane {
		s.lane[k] = make([]complex64, n)
	}
}

// filterComb writes anchors, weights and error of the layers of comb c.
//
// Anchors are the columns of U, not the occasions: component a is the sum over occasions
// weighted by column a, and has eigenvalue λ_a of power and one filter over frequency.
// Components whose eigenvalue is small are not filtered at all, and their anchors are
// zero. The filters of one component serve all layers of a UE that share a code in time,
// since these have one profile; they differ in the code in frequency, by the sign of
// every other tap.
func (e *lmmse) filterComb(dst *nr.Channel, c, rx int) {
	cb := &e.Combs[c]
	for i, l := range cb.Layers[:cb.NumLayers] {
		e.layerWeights(dst, l, &e.time[e.Layers[l].UE])
		if i == 0 || e.Layers[cb.Layers[i-1]].UE != e.Layers[l].UE {
			e.filterUE(dst, c, e.Layers[l].UE, rx)
		}
	}
}

// filterUE filters the layers of UE u on comb c, bundle by bundle: filters cannot
// reach from one to the next, whose antennas are combined in another way.
//
// The order of the loops is that of how often a thing changes: bundle (antennas), code in
// time (stream of pilots), component (noise over eigenvalue), layer (sign of taps). A
// design, which solves a system, is made once for all layers of the innermost loop.
func (e *lmmse) filterUE(dst *nr.Channel, c, u, rx int) {
	e.setSNR(dst, u, e.power[u])
	for b := range e.noise.numBun {
		e.part = &e.noise.bundles[b]
		gain := e.bundleGain(c, u, b, rx)
		e.bank.setProfile(&e.Layout, e.part.prbs, e.profile.beamTable, e.profile.gain[u][:e.profile.beams], gain)
		for td := range 2 {
			layers := 0
			for _, l := range e.Combs[c].Layers[:e.Combs[c].NumLayers] {
				if e.Layers[l].UE == u && e.Layers[l].TimeCode == td {
					layers |= 1 << l
				}
			}
			if layers != 0 {
				e.filterLayers(dst, c, b, td, layers, rx)
			}
		}
	}
}

// filterLayers filters layers of one UE that share a code in time.
func (e *lmmse) filterLayers(dst *nr.Channel, c, b, td, layers, rx int) {
	first := e.Layers[bits.TrailingZeros(uint(layers))]
	t := &e.time[first.UE]
	codes := bits.OnesCount8(e.sameTime(&e.Combs[c], td))
	for a := range t.rank {
		e.gather(c, td, rx, a, t)
		e.bank.design(&e.Layout, codes, first.FreqCode, e.Combs[c].Delta, e.streamNoise()/t.value[a], &e.filterState.ends, rx)
		for m := layers; m != 0; m &= m - 1 {
			l := bits.TrailingZeros(uint(m))
			e.bank.turn(e.Layers[l].FreqCode)
			e.applyBank(dst, c, l, a, rx)
			e.layerError(dst, b, l, t, a)
		}
	}
}

// bundleGain returns the power of UE u's whitened channel in bundle b over that
// of its profile, which is a mean over all bundles. The layers of a comb share
// what is received in the same proportion everywhere.
func (e *lmmse) bundleGain(c, u, b, rx int) float64 {
	// A bundle differs from the whole in two ways: whitening has turned an interferer
	// down there, and the channel fades. Neither changes the shape of the profile; so the
	// bundle keeps the profile and gets a gain. With one bundle the gain is 1 by
	// definition.
	if e.noise.numBun == 1 {
		return 1
	}
	total := 0.0
	for v := range e.Group.NumUEs {
		for _, l := range e.Combs[c].Layers[:e.Combs[c].NumLayers] {
			if e.Layers[l].UE == v {
				total += e.profile.totalGain(v)
			}
		}
	}
	// Nothing was heard of any UE of this comb: whatever the filters do, they scale
	// noise.
	if !(total > 0) {
		return 1
	}
	first, last := e.part.first*e.PilotsInPRB, (e.part.first+e.part.prbs)*e.PilotsInPRB
	sum, noise := 0.0, 1/(e.Beta*e.Beta)
	for s := range e.NumSymbols {
		for r := range rx {
			sum += meanPower(e.u[c][r][s][first:last])
		}
	}
	n := float64(rx * e.NumSymbols)
	const least = 0.05 // of the noise: what a channel may have that does not show
	return max(sum/n-noise, least*noise) / total
}

// sameTime returns the codes in frequency of the layers with a code in time.
func (e *front) sameTime(cb *dmrs.Comb, td int) (mask uint8) {
	for _, l := range cb.Layers[:cb.NumLayers] {
		if e.Layers[l].TimeCode == td {
			mask |= 1 << e.Layers[l].FreqCode
		}
	}
	return mask
}

func (e *lmmse) layerWeights(dst *nr.Channel, l int, t *timeModel) {
	for s := range e.Group.NumSymbols {
		rot := e.rotation(e.cfo[e.Layers[l].Comb], s)
		w := dst.Weights.Row(l, s)
		for a := range w {
			w[a] = 0
			if a < t.rank {
				w[a] = complex64(complex(t.weight[s][a], 0) * rot)
			}
		}
	}
	for a := t.rank; a < dst.Anchors.Dim(2); a++ {
		for r := range dst.Anchors.Dim(1) {
			clear(dst.Anchors.Row(l, r, a))
		}
	}
}

// layerError takes what anchor a explains from the variance of the channel:
// var = P − Σ_a w_a²·(λ_a·P − mse_a).
func (e *lmmse) layerError(dst *nr.Channel, b, l int, t *timeModel, a int) {
	row, total := dst.ErrorRatio.Row(b, l), e.bank.total
	for s := range row {
		if a == 0 {
			row[s] = float32(total)
		}
		w := t.weight[s][a]
		row[s] -= float32(w * w * t.value[a] * (total - e.bank.mse))
		if a == t.rank-1 {
			row[s] = max(row[s], 0)
		}
	}
}

// gather writes component a of the pilots, sorted by their place in a PRB, and
// the windows at both ends of the allocation.
//
// Layout of rows, with 6 pilots in a PRB, 2 antennas and n PRBs:
//
//	row j:  [antenna 0: pilot j of PRB 0, 1, … n−1][antenna 1: …][padding]
//
// So the tap for pilot i of a window reads a stretch of row i mod 6 that begins i div 6
// later, for every PRB and antenna in one pass (applyMiddle). Windows that lie across two
// antennas are computed too and thrown away.
func (e *lmmse) gather(c, td, rx, a int, t *timeModel) {
	s := &e.filterState
	f := &e.bank
	prbs := e.part.prbs
	stride := rx*prbs + rowPad
	for r := range rx {
		for o := range e.NumOccasions {
			v := e.stream(c, td, r, o)[e.part.first*e.PilotsInPRB:]
			w := float32(t.vector[o][a])
			for j := range e.PilotsInPRB {
				row := s.rows[j*stride+r*prbs:][:prbs]
				for p := range row {
					x := v[p*e.PilotsInPRB+j]
					y := complex(w*real(x), w*imag(x))
					if o > 0 {
						y += row[p]
					}
					row[p] = y
				}
			}
		}
		// The pilots of the first and the last window are copied out, antenna by antenna,
		// for the solution at the ends.
		for end, first := range [2]int{0, prbs - f.prbs} {
			for i := range f.size {
				s.ends[end][i*maxRx+r] = s.rows[i%e.PilotsInPRB*stride+r*prbs+first+i/e.PilotsInPRB]
			}
		}
	}
}

// applyBank writes anchor a of layer l: its time component through the filters.
func (e *lmmse) applyBank(dst *nr.Channel, c, l, a, rx int) {
	f := &e.bank
	// PRBs of the window before the middle one; the first and last window serve those
	// that have no whole window around them.
	middle := f.middle() * nr.SubcarriersPerPRB
	rest := (f.prbs-1)*nr.SubcarriersPerPRB - middle // behind the middle PRB
	e.applyMiddle(dst, l, a, rx)
	for r := range rx {
		out := e.outOf(dst, l, r, a)
		e.applyEnd(out[:middle], c, 0, r, 0)
		e.applyEnd(out[len(out)-rest:], c, 1, r, middle+nr.SubcarriersPerPRB)
		c64.Mul(out, out, e.ramp[c][e.part.first*nr.SubcarriersPerPRB:])
	}
}

// outOf returns the part of an anchor that lies in the bundle at hand.
func (e *lmmse) outOf(dst *nr.Channel, l, r, a int) []complex64 {
	return dst.Anchors.Row(l, r, a)[e.part.first*nr.SubcarriersPerPRB:][:e.part.prbs*nr.SubcarriersPerPRB]
}

// applyEnd writes the subcarriers from k on of the first or the last window of
// one antenna.
//
// A subcarrier near the end has its pilots on one side only. Its estimate is x·C⁻¹·u with
// the C⁻¹·u that design has solved for: a sum over pilots of R_f at the distance of
// subcarrier and pilot. As the distance grows by one with the subcarrier, that is a sum
// of shifted stretches of one array, ahead.
func (e *lmmse) applyEnd(out []complex64, c, end, r, k int) {
	s := &e.filterState
	f := &e.bank
	for i := range f.size {
		s.off[i] = filterSpan + k - e.Combs[c].Delta - e.PilotAt(i)
	}
	mimo.LinComb(out, f.ends[end][r][:f.size], f.ahead[:], s.off[:f.size])
}

// applyMiddle filters all PRBs that have a whole window around them, all
// antennas at once; what lies across two antennas is left out.
func (e *lmmse) applyMiddle(dst *nr.Channel, l, a, rx int) {
	s := &e.filterState
	f := &e.bank
	prbs := e.part.prbs
	stride := rx*prbs + rowPad
	for i := range f.size {
		s.off[i] = i%e.PilotsInPRB*stride + i/e.PilotsInPRB
	}
	middle := f.middle()
	// A vector takes four values: lanes are rounded up into the padding of the rows.
	lanes := (rx*prbs - f.prbs + 1 + 3) &^ 3
	for k := range nr.SubcarriersPerPRB {
		taps := f.taps[k][:f.size]
		mimo.LinComb(s.lane[k][:lanes], taps, s.rows, s.off[:f.size])
	}
	for r := range rx {
		out := e.outOf(dst, l, r, a)[middle*nr.SubcarriersPerPRB:]
		for k := range s.lane {
			at := k
			for _, v := range s.lane[k][r*prbs : (r+1)*prbs-f.prbs+1] {
				out[at] = v
				at += nr.SubcarriersPerPRB
			}
		}
	}
}
