// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math/bits"

	"github.com/neuroran/neuroran/internal/simd/f32"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxSpectra   = 8                // most windows that are looked at
	delayBefore  = nr.ProfileBefore // profile starts this many cyclic prefixes before the measured delay
	delayAfter   = nr.ProfileAfter  // and ends this many after it
	profileSteps = 12               // iterations of the fit
	priorShare   = 0.05             // of the power that the prior profile gets
	fewPilots    = 12               // in a window up to which the fit starts from the usual profile
)

// profileMeter estimates the power delay profile of a comb.
//
// A beam is the correlation of a window of pilots with one delay. The power of
// the beams is the true profile, blurred by the window, plus noise. The profile
// that makes the measured powers most likely (each is exponentially
// distributed: the Itakura-Saito distance) is found by multiplicative updates
// (Févotte, Bertin and Durrieu 2009).
type profileMeter struct {
	*beamTable // of the geometry at hand

	value             [][maxBeams]complex64        // beams of each code, antenna, occasion and window
	power             [maxBeams]float64            // their mean power
	gain              [nr.MaxUEs][maxBeams]float64 // profile of each UE: power of each beam's delay
	total, totalNoise float64                      // power of the profile as measured, and what noise has in its place
	input             [beamPilots]complex64        // a window of pilots, without the code
	shape             [maxBeams]float32            // scratch of the fit: the profile over the greatest beam
	model             [maxBeams]float32            // the beams that it makes, without noise
	ratio             [2][maxBeams]float32
	grad              [2][maxBeams]float32
	known             [maxBeams]float64 // what earlier slots have seen, of these delays
}

// The table of each window size is made by the first estimator that may need it, and
// shared by all.
func (m *profileMeter) init(lim nr.GroupLimits) {
	m.value = make([][maxBeams]complex64, 2*lim.MaxRx*dmrs.MaxOccasions*maxSpectra)
	for ct := range beamTables {
		for prb, table := range beamTables[ct] {
			if table != nil && prb < lim.MaxPRB {
				table()
			}
		}
	}
}

// measureComb fills profile and time model of the UEs of comb c.
//
// A window as large as the largest bundle, as far as tables go: the resolution in delay
// is one over its width, and beams across two bundles would add up antennas that are
// combined in different ways.
func (e *lmmse) measureComb(c, rx int) {
	m := &e.profile
	m.beamTable = beamTables[e.Group.ConfigType-1][min(e.largestBundle(), beamPilots/e.PilotsInPRB)-1]()
	cb := &e.Combs[c]
	for i, l := range cb.Layers[:cb.NumLayers] {
		u := e.Layers[l].UE
		if i > 0 && e.Layers[cb.Layers[i-1]].UE == u {
			continue
		}
		// The codes in frequency that this UE uses itself: with both, the pilots of its
		// other layer leak into every beam of this one, at the mirror place of the delay
		// range, and the fit knows that leak from the table.
		fds := uint8(0)
		for _, k := range cb.Layers[:cb.NumLayers] {
			if e.Layers[k].UE == u {
				fds |= 1 << e.Layers[k].FreqCode
			}
		}
		n := e.formBeams(c, u, rx)
		noise := e.streamNoise()
		m.fit(u, noise/float64(m.size), bits.OnesCount8(fds), &e.priors[u], &e.seen[u])
		looks := float64(n*e.NumOccasions) * max(1, float64(m.beams)/2)
		e.power[u] = powerOf{m.total, m.totalNoise, int(looks)}
		e.measureTime(u, n, noise/float64(m.size))
	}
}

// formBeams correlates the pilots of UE u with every delay, in order of
// occasion first: entry n·numOcc+o of value belongs to occasion o. It returns
// the number of entries for one occasion.
//
// Beams of all antennas, layers and occasions are kept, since the correlation over time
// is measured on them too (measureTime): that is better than on pilots, because a beam
// without a path is left out there.
func (e *lmmse) formBeams(c, u, rx int) int {
	m := &e.profile
	clear(m.power[:m.beams])
	windows := 0
	for i := range e.noise.numBun {
		windows += e.noise.bundles[i].prbs * e.PilotsInPRB / m.size
	}
	// At most maxSpectra windows: neighbouring windows see the same delays, and more of
	// them only cost time.
	step := max(1, (windows+maxSpectra-1)/maxSpectra)
	n := 0
	cb := &e.Combs[c]
	for _, l := range cb.Layers[:cb.NumLayers] {
		ly := &e.Layers[l]
		if ly.UE != u {
			continue
		}
		for r := range rx {
			for w := 0; w < windows && (n+1)*e.NumOccasions <= len(m.value); w += step {
				first := e.windowAt(w)
				for o := range e.NumOccasions {
					m.beam(&m.value[n*e.NumOccasions+o], e.stream(c, ly.TimeCode, r, o)[first:], ly.FreqCode)
				}
				n++
			}
		}
	}
	for b := range m.beams {
		m.power[b] /= float64(n * e.NumOccasions)
	}
	return n
}

// largestBundle returns the PRBs of the largest bundle.
func (e *lmmse) largestBundle() int {
	most := 0
	for i := range e.noise.numBun {
		most = max(most, e.noise.bundles[i].prbs)
	}
	return most
}

// windowAt returns the first pilot of window w: windows lie within bundles.
func (e *lmmse) windowAt(w int) int {
	for i := range e.noise.numBun {
		b := &e.noise.bundles[i]
		n := b.prbs * e.PilotsInPRB / e.profile.size
		if w < n {
			return b.first*e.PilotsInPRB + w*e.profile.size
		}
		w -= n
	}
	return 0
}

// beam computes all beams of one window of pilots with a code.
func (m *profileMeter) beam(dst *[maxBeams]complex64, u []complex64, fd int) {
	in := m.input[:m.size]
	copy(in, u)
	if fd == 1 {
		for i := 1; i < len(in); i += 2 {
			in[i] = -in[i]
		}
	}
	mimo.LinComb(dst[:m.lanes], in, m.steer, m.rows[:m.size])
	for b, v := range dst[:m.beams] {
		m.power[b] += float64(real(v)*real(v) + imag(v)*imag(v))
	}
}

// fit writes the profile of UE u from the mean power of its beams. Where the UE
// uses both codes in frequency, the other one leaks in.
func (m *profileMeter) fit(u int, noise float64, codes int, known *nr.Prior, seen *nr.Seen) {
	// Everything is fitted over the greatest beam, so that single precision has room on
	// either side.
	gain := m.gain[u][:m.beams]
	top := noise
	for _, p := range m.power[:m.beams] {
		top = max(top, p)
	}
	top = max(top, 1e-30)
	noise = max(noise, 1e-7*top)
	m.iterate(float32(noise/top), 1/top, codes-1)
	// The profile gets the power that was measured: the distance of the fit
	// weighs ratios, and so leaves the sum to the weak beams.
	measured, modelled, total, shape := 0.0, 0.0, 0.0, 0.0
	for b := range gain {
		gain[b] = float64(m.shape[b]) * top
		shape += gain[b]
		measured += m.power[b] - noise
		modelled += float64(m.model[b]) * top
	}
	m.total, m.totalNoise = 0, 0
	// Total power and noise are those of the fit's shape, scaled from what the model
	// takes to what was measured.
	if modelled > 0 {
		m.total = max(0, measured) * shape / modelled
		m.totalNoise = float64(len(gain)) * noise * shape / modelled
	}
	scale := 1.0
	if measured > 0 && modelled > 0 {
		scale = measured / modelled
	}
	for b := range gain {
		gain[b] *= scale
		total += gain[b]
	}
	if total > 0 && measured > 0 {
		for i := range seen.Profile {
			seen.Profile[i] = float32(sampleAt(gain, i, nr.NumDelays))
		}
		normalize(seen.Profile[:])
	}
	// The prior has a share of it, so that no delay is ruled out; what earlier
	// slots have seen has a share like this slot's.
	share := float64(known.ProfileWeight) / (1 + float64(known.ProfileWeight))
	if share > 0 {
		sum := 0.0
		for b := range gain {
			m.known[b] = sampleAt(known.Profile[:], b, len(gain))
			sum += m.known[b]
		}
		for b := range gain {
			gain[b] = (1-share)*gain[b] + share*total*m.known[b]/max(sum, 1e-30)
		}
	}
	for b := range gain {
		gain[b] = (1-priorShare)*gain[b] + priorShare*total*m.prior[b]
	}
}

// sampleAt returns the value of x at point i of n that cover the same range, by
// straight lines.
func sampleAt[T float32 | float64](x []T, i, n int) float64 {
	at := float64(i) * float64(len(x)-1) / float64(n-1)
	k := min(int(at), len(x)-2)
	w := at - float64(k)
	return (1-w)*float64(x[k]) + w*float64(x[k+1])
}

// normalize makes the sum 1.
func normalize(x []float32) {
	sum := float32(0)
	for _, v := range x {
		sum += v
	}
	for i := range x {
		x[i] /= sum
	}
}

// iterate fits shape and model to the power times scale.
//
// The update is multiplicative: shape times (blur of measured/model²) over (blur of
// 1/model). Powers stay positive without a constraint, the likelihood rises from step to
// step as a rule, and a beam that the measurement does not want decays to nothing without
// ever becoming zero.
func (m *profileMeter) iterate(noise float32, scale float64, blur int) {
	n, lanes := m.beams, m.lanes
	shape, model := m.shape[:n], m.model[:lanes]
	up, down := m.grad[0][:lanes], m.grad[1][:lanes]
	// The start is the measured power, no less than a twentieth of the noise, over the
	// area of the blur, so that the model starts with about the right sum.
	least := 1 / float32(max(m.area[blur], 1))
	power := float32(0)
	for b := range n {
		shape[b] = max(float32(m.power[b]*scale)-noise, 0.05*noise) * least
		power += shape[b]
	}
	if m.size <= fewPilots { // too few to tell delays apart: the fit leaves what is usual only on evidence
		for b, v := range m.usual[:n] {
			shape[b] = power * float32(v)
		}
	}
	for range profileSteps {
		f32.RowComb(model, shape, m.blur[blur], blurStride)
		for b, y := range model[:n] {
			inv := 1 / (y + noise)
			m.ratio[0][b], m.ratio[1][b] = float32(m.power[b]*scale)*inv*inv, inv
		}
		f32.RowComb(up, m.ratio[0][:n], m.blur[blur], blurStride)
		f32.RowComb(down, m.ratio[1][:n], m.blur[blur], blurStride)
		for b := range shape {
			shape[b] *= up[b] / down[b]
		}
	}
	f32.RowComb(model, shape, m.blur[blur], blurStride)
}
