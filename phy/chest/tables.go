// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"sync"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// Tables depend on the pattern of the pilots alone: delays count in cyclic
// prefixes, which are the same share of a symbol in every numerology. They are
// made once, when an estimator is that needs them, and shared.

const (
	beamPilots   = 96                       // most pilots in a window of the delay spectrum
	maxBeams     = 64                       // most points of the delay spectrum
	maxBeamPRBs  = beamPilots / 4           // most PRBs in such a window
	maxNoisePRBs = windowPilots / 4         // most PRBs in a noise window
	cpShare      = 144.0 / 2048             // cyclic prefix times subcarrier spacing
	beamLanes    = 16                       // the beams are padded to a multiple of this
	turnOfCP     = -2 * math.Pi * cpShare   // phase of one subcarrier after a delay of one cyclic prefix
	delayWidth   = delayBefore + delayAfter // of the profile, in cyclic prefixes
	maxLag       = filterSpan               // most subcarriers between two that a filter joins
	lagStride    = maxLag + 1               // of beamTable.lag
	blurStride   = maxBeams                 // of beamTable.blur
	beamsPerCell = 2 * delayWidth * cpShare // two beams for each delay that a subcarrier resolves
	fewestBeams  = 12                       // also in narrow windows
	subcarriers  = float64(nr.SubcarriersPerPRB)
)

// beamTable describes the beams of one geometry: windows of so many PRBs.
//
// Beams are twice as close as delays can be told apart in the window, so that a path
// between two of them raises both and is not lost between them.
type beamTable struct {
	size  int               // pilots in a window
	beams int               // delays
	lanes int               // beams, padded
	tau   [maxBeams]float64 // delay of each beam, cyclic prefixes
	prior [maxBeams]float64 // profile that decays from a little before the measured delay on, of sum 1
	usual [maxBeams]float64 // the same, of a usual delay spread
	steer []complex64       // [pilot][lane] exp(j2πΔf·k·τ)/size over the pilots of a window
	lag   []float64         // [beam][part][distance] real and imaginary part of exp(j2πΔf·d·τ) over subcarriers
	blur  [2][]float32      // [beam][delay] response of a beam to a delay, with one code in use and with both
	area  [2]float64        // half the sum of all responses to one beam, at both sides
	rows  [beamPilots]int   // rows of steer
	lags  [maxBeams]int     // rows of lag
}

var beamTables = func() (t [2][maxBeamPRBs]func() *beamTable) {
	for ct := range t {
		for prb := range beamPilots / dmrs.PilotsPerPRB(ct+1) {
			t[ct][prb] = sync.OnceValue(func() *beamTable { return newBeamTable(ct+1, prb+1) })
		}
	}
	return t
}()

func newBeamTable(configType, prbs int) *beamTable {
	t := &beamTable{size: prbs * dmrs.PilotsPerPRB(configType)}
	t.beams = min(maxBeams, max(fewestBeams, int(beamsPerCell*subcarriers*float64(prbs))+1))
	t.lanes = (t.beams + beamLanes - 1) / beamLanes * beamLanes
	t.steer = make([]complex64, t.size*t.lanes)
	t.lag = make([]float64, t.beams*2*lagStride)
	step := delayWidth / float64(t.beams-1)
	for b := range t.beams {
		t.tau[b] = -delayBefore + float64(b)*step
		z := phasor(-turnOfCP * t.tau[b])
		for i := range t.size {
			v := z.at(dmrs.Subcarrier(configType, 0, i))
			t.steer[i*t.lanes+b] = complex64(v / complex(float64(t.size), 0))
		}
		t.lags[b] = 2 * b * lagStride
		re, im := t.lag[t.lags[b]:], t.lag[t.lags[b]+lagStride:]
		z = phasor(-turnOfCP * t.tau[b])
		for d := range lagStride {
			v := z.at(d)
			re[d], im[d] = real(v), imag(v)
		}
	}
	for i := range t.size {
		t.rows[i] = i * t.lanes
	}
	t.setBlur(configType, step)
	t.fillDecay(t.prior[:], t.tau[t.beams-1]/4)
	t.fillDecay(t.usual[:], usualSpread)
	return t
}

// setBlur computes the response of a beam to delays that are steps away. With
// both codes in use, the layer of the other one leaks in.
//
// Delays are equally spaced, so the response depends on the difference alone, and a row
// of blur is one response shifted.
func (t *beamTable) setBlur(configType int, step float64) {
	var response [2][maxBeams]float64 // of the same code and the other
	for b := range t.beams {
		z := phasor(turnOfCP * step * float64(b))
		var sum [2]complex128
		for i := range t.size {
			sum[i&1] += z.at(dmrs.Subcarrier(configType, 0, i))
		}
		same, other := sum[0]+sum[1], sum[0]-sum[1]
		n := float64(t.size * t.size)
		response[0][b] = (real(same)*real(same) + imag(same)*imag(same)) / n
		response[1][b] = response[0][b] + (real(other)*real(other)+imag(other)*imag(other))/n
	}
	for code := range t.blur {
		r := response[code][:t.beams]
		t.blur[code] = make([]float32, t.beams*blurStride)
		for b := range r {
			for d := range r {
				t.blur[code][b*blurStride+d] = float32(r[max(b-d, d-b)])
			}
			t.area[code] += r[b]
		}
		t.area[code] -= r[0] / 2
	}
}

// usualSpread is the decay of a usual power delay profile, in cyclic prefixes: 190 ns
// at 30 kHz.
const usualSpread = 0.08

// fillDecay writes a profile of sum 1 that decays by e in so many cyclic prefixes
// after the measured delay, and twice as fast before it.
func (t *beamTable) fillDecay(profile []float64, scale float64) {
	sum := 0.0
	for b, tau := range t.tau[:t.beams] {
		if tau < 0 {
			tau *= -2
		}
		profile[b] = math.Exp(-tau / scale)
		sum += profile[b]
	}
	for b := range t.beams {
		profile[b] /= sum
	}
}

// powers returns exp(j·step·k) for rising k, by recurrence.
type powers struct {
	turn, z complex128
	k       int
}

func phasor(step float64) powers {
	sin, cos := math.Sincos(step)
	return powers{turn: complex(cos, sin), z: 1}
}

// at returns the value at k, which must not be below that of the last call.
func (p *powers) at(k int) complex128 {
	for ; p.k < k; p.k++ {
		p.z *= p.turn
	}
	return p.z
}

var noiseTables = func() (t [2][maxNoisePRBs][3]func() *noiseTable) {
	for ct := range t {
		for prb := range windowPilots / dmrs.PilotsPerPRB(ct+1) {
			for mask := range t[ct][prb] {
				t[ct][prb][mask] = sync.OnceValue(func() *noiseTable {
					return newNoiseTable(ct+1, prb+1, uint8(mask+1))
				})
			}
		}
	}
	return t
}()
