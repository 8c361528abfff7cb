// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/bits"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	beamPilots   = 96   // most pilots in a window of the delay spectrum
	maxBeams     = 64   // most points of the delay spectrum
	maxSpectra   = 8    // most windows that are looked at
	delayBefore  = 0.5  // profile starts this many cyclic prefixes before the measured delay
	delayAfter   = 1.1  // and ends this many after it
	profileSteps = 12   // iterations of the fit
	priorShare   = 0.05 // of the power that the prior profile gets
)

// profileMeter estimates the power delay profile of a comb.
//
// A beam is the correlation of a window of pilots with one delay. The power of
// the beams is the true profile, blurred by the window, plus noise. The profile
// that makes the measured powers most likely (each is exponentially
// distributed: the Itakura-Saito distance) is found by multiplicative updates
// (Févotte, Bertin and Durrieu 2009).
type profileMeter struct {
	*beamTables // the ones at hand
	tables      [keptTables]beamTables
	oldest      int

	value [][maxBeams]complex64 // beams of each code, antenna, occasion and window
	power [maxBeams]float64     // their mean power
	gain  [nr.MaxUEs][]float64  // profile of each UE: power of each beam's delay
	ratio [2][maxBeams]float64  // scratch
	num   [maxBeams]float64     // scratch
}

// beamTables are the delays of the beams for one geometry.
type beamTables struct {
	key   profileKey
	beams int
	size  int                      // pilots in a window
	tau   [maxBeams]float64        // delay of each beam, s
	steer [2][maxBeams][]complex64 // exp(−j2πΔf·k·τ)/size over the pilots of a window, with each code
	blur  [2][maxBeams]float64     // response of a beam to a delay that many beams away, of the same code and the other
}

// profileKey is what the steering tables depend on.
type profileKey struct {
	configType, size int
	mu               nr.Numerology
}

func (m *profileMeter) init() {
	for i := range m.tables {
		for fd := range m.tables[i].steer {
			for b := range m.tables[i].steer[fd] {
				m.tables[i].steer[fd][b] = make([]complex64, beamPilots)
			}
		}
	}
	m.beamTables = &m.tables[0]
	for u := range m.gain {
		m.gain[u] = make([]float64, maxBeams)
	}
	m.value = make([][maxBeams]complex64, 2*maxRx*maxOccasions*maxSpectra*2)
}

// prepare computes the tables for the comb's geometry unless they are kept.
func (m *profileMeter) prepare(p *plan) {
	prbs := min(p.group.NumPRB, beamPilots/p.perPRB)
	key := profileKey{p.group.ConfigType, prbs * p.perPRB, p.group.Mu}
	for i := range m.tables {
		if m.tables[i].key == key {
			m.beamTables = &m.tables[i]
			return
		}
	}
	m.beamTables = &m.tables[m.oldest]
	m.oldest = (m.oldest + 1) % keptTables
	m.key, m.size = key, key.size
	span := float64(prbs*nr.SubcarriersPerPRB) * p.spacing // Hz
	width := (delayBefore + delayAfter) * p.cp
	m.beams = min(maxBeams, max(12, int(2*width*span)+1))
	step := width / float64(m.beams-1)
	for b := range m.beams {
		m.tau[b] = -delayBefore*p.cp + float64(b)*step
		for i := range m.size {
			sin, cos := math.Sincos(-2 * math.Pi * p.spacing * m.tau[b] * float64(p.pilotAt(i)))
			v := complex(float32(cos/float64(m.size)), float32(sin/float64(m.size)))
			m.steer[0][b][i] = v
			if i&1 == 1 {
				v = -v
			}
			m.steer[1][b][i] = v
		}
		for code := range 2 {
			sum := complex128(0)
			for i := range m.size {
				sin, cos := math.Sincos(2 * math.Pi * p.spacing * step * float64(b*p.pilotAt(i)))
				sign := float64(1 - 2*(i&code))
				sum += complex(cos*sign, sin*sign)
			}
			sum /= complex(float64(m.size), 0)
			m.blur[code][b] = real(sum)*real(sum) + imag(sum)*imag(sum)
		}
	}
}

// measureComb fills profile and time model of the UEs of comb c.
func (e *Estimator) measureComb(c, rx int) {
	m := &e.lmmse.profile
	m.prepare(&e.plan)
	cb := &e.combs[c]
	for i, l := range cb.layers[:cb.numLayers] {
		u := e.layers[l].ue
		if i > 0 && e.layers[cb.layers[i-1]].ue == u {
			continue
		}
		fds := uint8(0)
		for _, k := range cb.layers[:cb.numLayers] {
			if e.layers[k].ue == u {
				fds |= 1 << e.layers[k].fd
			}
		}
		n := e.formBeams(c, u, rx)
		noise := e.streamNoise()
		m.fit(u, noise/float64(m.size), bits.OnesCount8(fds))
		e.measureTime(u, n, noise/float64(m.size))
	}
}

// formBeams correlates the pilots of UE u with every delay, in order of
// occasion first: entry n·numOcc+o of value belongs to occasion o. It returns
// the number of entries for one occasion.
func (e *Estimator) formBeams(c, u, rx int) int {
	m := &e.lmmse.profile
	clear(m.power[:m.beams])
	windows := e.numPilots / m.size
	step := max(1, (windows+maxSpectra-1)/maxSpectra)
	n := 0
	cb := &e.combs[c]
	for _, l := range cb.layers[:cb.numLayers] {
		ly := &e.layers[l]
		if ly.ue != u {
			continue
		}
		for r := range rx {
			for w := 0; w < windows && (n+1)*e.numOcc <= len(m.value); w += step {
				for o := range e.numOcc {
					m.beam(&m.value[n*e.numOcc+o], e.stream(c, ly.td, r, o)[w*m.size:], ly.fd)
				}
				n++
			}
		}
	}
	for b := range m.beams {
		m.power[b] /= float64(n * e.numOcc)
	}
	return n
}

// beam computes all beams of one window of pilots with a code.
func (m *profileMeter) beam(dst *[maxBeams]complex64, u []complex64, fd int) {
	for b := range m.beams {
		v := complex64(mimo.DotConj(u[:m.size], m.steer[fd][b]))
		dst[b] = v
		m.power[b] += float64(real(v)*real(v) + imag(v)*imag(v))
	}
}

// fit writes the profile of UE u from the mean power of its beams. Where the UE
// uses both codes in frequency, the other one leaks in.
func (m *profileMeter) fit(u int, noise float64, codes int) {
	n := m.beams
	blur := m.num[:n]
	for d := range n {
		blur[d] = m.blur[0][d]
		if codes == 2 {
			blur[d] += m.blur[1][d]
		}
	}
	area := 0.0
	for d := -(n - 1); d < n; d++ {
		area += blur[max(d, -d)]
	}
	area /= 2
	gain := m.gain[u][:n]
	top := 0.0
	for b := range n {
		top = max(top, m.power[b])
	}
	noise = max(noise, 1e-7*top, 1e-30)
	for b := range n {
		gain[b] = max(m.power[b]-noise, 0.05*noise) / max(area, 1)
	}
	for range profileSteps {
		for b := range n {
			y := noise
			for d, g := range gain {
				y += g * blur[max(b-d, d-b)]
			}
			m.ratio[0][b] = m.power[b] / (y * y)
			m.ratio[1][b] = 1 / y
		}
		for b := range n {
			var up, down float64
			for d := range n {
				k := blur[max(b-d, d-b)]
				up += k * m.ratio[0][d]
				down += k * m.ratio[1][d]
			}
			gain[b] *= up / down
		}
	}
	m.rescale(gain, blur, noise)
	m.addPrior(gain)
}

// rescale gives the profile the power that was measured: the distance of the
// fit weighs ratios, and so leaves the sum to the weak beams.
func (m *profileMeter) rescale(gain, blur []float64, noise float64) {
	measured, modelled := 0.0, 0.0
	for b := range gain {
		measured += m.power[b] - noise
		for d, g := range gain {
			modelled += g * blur[max(b-d, d-b)]
		}
	}
	if measured <= 0 || modelled <= 0 {
		return
	}
	for b := range gain {
		gain[b] *= measured / modelled
	}
}

// addPrior gives a share of the power to a profile that decays from a little
// before the measured delay on, so that no delay is ruled out.
func (m *profileMeter) addPrior(gain []float64) {
	total, weight := 0.0, 0.0
	for b := range gain {
		total += gain[b]
		weight += m.prior(b)
	}
	for b := range gain {
		gain[b] = (1-priorShare)*gain[b] + priorShare*total*m.prior(b)/weight
	}
}

func (m *profileMeter) prior(b int) float64 {
	scale := m.tau[m.beams-1] / 4
	if m.tau[b] < 0 {
		return math.Exp(2 * m.tau[b] / scale)
	}
	return math.Exp(-m.tau[b] / scale)
}
