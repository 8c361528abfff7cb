// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	windowPilots = 36   // most pilots in one noise window
	maxWindows   = 48   // most windows that are looked at
	maxFree      = 1024 // most free elements that are looked at
	batchWindows = 16   // windows that are filtered at once, at most
	batchLanes   = 64   // the same, times antennas
	batchSize    = windowPilots * batchWindows
)

// noiseMeter measures noise where no layer can be: in the part of the pilots
// that no channel within the assumed range of delays can produce, and in CDM
// groups that are free. It is the scratch for that.
type noiseMeter struct {
	in    [windowPilots * batchLanes]complex64 // [pilot of the window, antenna, window]
	out   [batchLanes]complex64                // one pilot of the residuals
	rows  [windowPilots]int                    // rows of in
	res   [maxRx][batchSize]complex64          // residuals of each antenna
	sum   [maxRx * maxRx]complex128
	count float64
}

// initNoise makes the tables that groups within the limits need.
func initNoise(lim nr.GroupLimits) {
	for ct := range noiseTables {
		for prb := range noiseTables[ct] {
			for _, table := range noiseTables[ct][prb] {
				if table != nil && prb < lim.MaxPRB {
					table()
				}
			}
		}
	}
}

// measureNoise fills noiseCov and noiseVar.
func (e *front) measureNoise(view *nr.View) {
	m := &e.noise
	rx := view.NumRx
	clear(m.sum[:rx*rx])
	m.count = 0
	for c := range e.NumCombs {
		e.residualNoise(c, rx)
	}
	e.freeNoise(view)
	if m.count < 0.5 {
		e.differenceNoise(rx)
	}
	e.shrinkNoise(rx)
}

// residualNoise adds the residuals of comb c, many windows at a time.
func (e *front) residualNoise(c, rx int) {
	m := &e.noise
	prbs := min(e.Group.NumPRB, windowPilots/e.PilotsInPRB)
	t := noiseTables[e.Group.ConfigType-1][prbs-1][e.Combs[c].FreqCodes-1]()
	windows := e.Group.NumPRB / prbs * e.NumSymbols
	step := max(1, (windows+maxWindows-1)/maxWindows)
	most := min(batchWindows, batchLanes/rx, (windows+step-1)/step)
	for w := 0; w < windows; {
		n := 0
		for ; n < most && w < windows; w += step {
			for r := range rx {
				e.loadWindow(c, r, w%e.NumSymbols, w/e.NumSymbols*t.size, t.size, r*most+n)
			}
			n++
		}
		m.filter(t, rx, most, n)
		m.accumulate(rx, t.size*n, e.Beta*e.Beta)
		m.count += t.dims * float64(n)
	}
}

// loadWindow puts the pilots of a noise window into a lane of the batch: those
// of symbol s, or for double symbols the sum or difference of both, scaled to
// the same noise.
func (e *front) loadWindow(c, r, s, first, size, lane int) {
	m := &e.noise
	if e.Group.Length == 1 {
		for i, v := range e.u[c][r][s][first : first+size] {
			m.in[i*batchLanes+lane] = v
		}
		return
	}
	a := e.u[c][r][s&^1][first : first+size]
	b := e.u[c][r][s|1][first : first+size]
	sign := complex(float32(1-2*(s&1)), 0)
	for i := range a {
		v := a[i] + sign*b[i]
		m.in[i*batchLanes+lane] = complex(real(v)*math.Sqrt2/2, imag(v)*math.Sqrt2/2)
	}
}

// filter applies M to the first n of every most lanes.
func (m *noiseMeter) filter(t *noiseTable, rx, most, n int) {
	for i := range t.size {
		m.rows[i] = i * batchLanes
	}
	lanes := rx * most
	for k := range t.size {
		mimo.LinComb(m.out[:lanes], t.m[k*t.size:(k+1)*t.size], m.in[:], m.rows[:t.size])
		for r := range rx {
			copy(m.res[r][k*n:(k+1)*n], m.out[r*most:])
		}
	}
}

// accumulate adds the outer product of the first n residuals over antennas.
func (m *noiseMeter) accumulate(rx, n int, scale float64) {
	for a := range rx {
		for b := range a + 1 {
			v := mimo.DotConj(m.res[a][:n], m.res[b][:n])
			m.sum[a*rx+b] += complex(real(v)*scale, imag(v)*scale)
		}
	}
}

// freeNoise adds elements of CDM groups that no layer uses.
func (e *front) freeNoise(view *nr.View) {
	m := &e.noise
	step := max(1, (e.NumPilots*e.NumSymbols+maxFree-1)/maxFree)
	for lambda := range 3 {
		if e.FreeGroups>>lambda&1 == 0 {
			continue
		}
		for s := range e.NumSymbols {
			for first := s % step; first < e.NumPilots; first += step * batchSize {
				n := 0
				for r := range view.NumRx {
					row := view.Row(r, s)[lambda*e.Group.ConfigType:]
					n = e.gatherFree(m.res[r][:], row, first, step)
				}
				m.accumulate(view.NumRx, n, 1)
				m.count += float64(n)
			}
		}
	}
}

// gatherFree copies every step-th pilot from the first on and returns how many.
func (e *front) gatherFree(dst, row []complex64, first, step int) int {
	n := 0
	for i := first; i < e.NumPilots && n < len(dst); i += step {
		dst[n] = row[e.PilotAt(i)]
		n++
	}
	return n
}

// differenceNoise is the last resort of very few pilots with all codes in use:
// neighbouring pilots of one code in one symbol are taken to be equal.
func (e *front) differenceNoise(rx int) {
	m := &e.noise
	for c := range e.NumCombs {
		for s := range e.NumSymbols {
			n := 0
			for i := 2; i < min(e.NumPilots, windowPilots); i++ {
				for r := range rx {
					d := e.u[c][r][s][i] - e.u[c][r][s][i-2]
					m.res[r][n] = complex(real(d)*math.Sqrt2/2, imag(d)*math.Sqrt2/2)
				}
				n++
			}
			m.accumulate(rx, n, e.Beta*e.Beta)
			m.count += float64(n) / 2
		}
	}
}

// shrinkNoise turns the sums into a covariance. Few samples make it closer to a
// multiple of the identity (Ledoit and Wolf 2004, with the variance of a
// complex Gaussian sample covariance, doubled so that white noise ends as
// exactly white).
func (e *front) shrinkNoise(rx int) {
	m := &e.noise
	n := max(m.count, 1)
	trace, norm := 0.0, 0.0
	for a := range rx {
		for b := range a + 1 {
			v := m.sum[a*rx+b] / complex(n, 0)
			e.noiseCov[a*rx+b] = v
			e.noiseCov[b*rx+a] = complex(real(v), -imag(v))
			sq := real(v)*real(v) + imag(v)*imag(v)
			if a == b {
				trace += real(v)
				norm += sq
			} else {
				norm += 2 * sq
			}
		}
	}
	mean := trace / float64(rx)
	e.noiseVar = mean
	rho := 1.0
	if spread := norm - trace*trace/float64(rx); spread > 0 {
		rho = min(1, 2*trace*trace/n/spread)
	}
	for i := range e.noiseCov[:rx*rx] {
		e.noiseCov[i] *= complex(1-rho, 0)
	}
	for r := range rx {
		e.noiseCov[r*rx+r] = complex(real(e.noiseCov[r*rx+r])+rho*mean, 0)
	}
	if rho == 1 { // exactly equal entries, so that a detector sees white noise
		for r := range rx {
			e.noiseCov[r*rx+r] = complex(mean, 0)
		}
	}
}
