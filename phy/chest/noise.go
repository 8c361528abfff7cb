// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/bits"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	windowPilots = 36   // most pilots in one noise window
	maxWindows   = 48   // most windows that are looked at
	maxFree      = 1024 // most free elements that are looked at
	residualEps  = 1e-6 // regularisation of the residual filter against unit signal power
	delayPoints  = 24   // points of the assumed delay profile
	batchWindows = 16   // windows that are filtered at once, at most
	batchLanes   = 64   // the same, times antennas
	batchSize    = windowPilots * batchWindows
	keptTables   = 8 // geometries whose tables are kept
)

// noiseMeter measures noise where no layer can be: in the part of the pilots
// that no channel within the assumed range of delays can produce, and in CDM
// groups that are free.
//
// With R the covariance of pilots of a channel of uniform profile over that
// range, M = ε(R+ε)⁻¹ removes the channel and leaves the noise: the estimate
// is Σ|M·u|² / tr(M·Mᴴ).
type noiseMeter struct {
	*noiseFilter // the one at hand
	filters      [keptTables]noiseFilter
	oldest       int

	work  [windowPilots * windowPilots]complex128
	col   [windowPilots]complex128
	in    [windowPilots * batchLanes]complex64 // [pilot of the window, antenna, window]
	out   [batchLanes]complex64                // one pilot of the residuals
	rows  [windowPilots]int                    // rows of in
	res   [maxRx][batchSize]complex64          // residuals of each antenna
	sum   [maxRx * maxRx]complex128
	count float64
	lag   [12 * windowPilots]complex128
}

// noiseFilter is M for one geometry. A slot has groups of several sizes, so a few
// are kept.
type noiseFilter struct {
	key  noiseKey
	size int     // pilots in a window
	dims float64 // tr(M·Mᴴ)
	m    [windowPilots * windowPilots]complex64
}

// noiseKey is what M depends on.
type noiseKey struct {
	configType, size int
	fdMask           uint8
	mu               nr.Numerology
}

// measureNoise fills noiseCov and noiseVar.
func (e *Estimator) measureNoise(view *nr.View) {
	m := &e.noise
	rx := view.NumRx
	clear(m.sum[:rx*rx])
	m.count = 0
	for c := range e.numCombs {
		e.residualNoise(c, rx)
	}
	e.freeNoise(view)
	if m.count < 0.5 {
		e.differenceNoise(rx)
	}
	e.shrinkNoise(rx)
}

// residualNoise adds the residuals of comb c, many windows at a time.
func (e *Estimator) residualNoise(c, rx int) {
	m := &e.noise
	m.prepare(&e.plan, c)
	windows := e.numPilots / m.size * e.numSyms
	step := max(1, (windows+maxWindows-1)/maxWindows)
	most := min(batchWindows, batchLanes/rx, (windows+step-1)/step)
	for w := 0; w < windows; {
		n := 0
		for ; n < most && w < windows; w += step {
			for r := range rx {
				e.loadWindow(c, r, w%e.numSyms, w/e.numSyms*m.size, r*most+n)
			}
			n++
		}
		m.filter(rx, most, n)
		m.accumulate(rx, m.size*n, e.beta*e.beta)
		m.count += m.dims * float64(n)
	}
}

// loadWindow puts the pilots of a noise window into a lane of the batch: those
// of symbol s, or for double symbols the sum or difference of both, scaled to
// the same noise.
func (e *Estimator) loadWindow(c, r, s, first, lane int) {
	m := &e.noise
	if e.group.Length == 1 {
		for i, v := range e.u[c][r][s][first : first+m.size] {
			m.in[i*batchLanes+lane] = v
		}
		return
	}
	a := e.u[c][r][s&^1][first : first+m.size]
	b := e.u[c][r][s|1][first : first+m.size]
	sign := complex(float32(1-2*(s&1)), 0)
	for i := range a {
		v := a[i] + sign*b[i]
		m.in[i*batchLanes+lane] = complex(real(v)*math.Sqrt2/2, imag(v)*math.Sqrt2/2)
	}
}

// filter applies M to the first n of every most lanes.
func (m *noiseMeter) filter(rx, most, n int) {
	for i := range m.size {
		m.rows[i] = i * batchLanes
	}
	lanes := rx * most
	for k := range m.size {
		mimo.LinComb(m.out[:lanes], m.m[k*m.size:(k+1)*m.size], m.in[:], m.rows[:m.size])
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

// prepare computes M for comb c unless it is kept. The assumed range
// of delays, from half a cyclic prefix before the measured delay to a little
// more than one after it, narrows where few pilots would leave no room for
// noise.
func (m *noiseMeter) prepare(p *plan, c int) {
	cb := &p.combs[c]
	prbs := min(p.group.NumPRB, windowPilots/p.perPRB)
	key := noiseKey{configType: p.group.ConfigType, size: prbs * p.perPRB, fdMask: cb.fdMask, mu: p.group.Mu}
	for i := range m.filters {
		if m.filters[i].key == key {
			m.noiseFilter = &m.filters[i]
			return
		}
	}
	m.noiseFilter = &m.filters[m.oldest]
	m.oldest = (m.oldest + 1) % keptTables
	m.key, m.size = key, key.size
	for _, width := range [...]float64{1, 0.5, 0.25, 0.1, 0.03} {
		m.build(p, cb.fdMask, width*p.cp)
		if m.dims >= 0.2*float64(m.size) {
			return
		}
	}
}

// build computes M for delays from −cp/2 to 1.1·cp.
func (m *noiseMeter) build(p *plan, fdMask uint8, cp float64) {
	n := m.size
	codes := bits.OnesCount8(fdMask)
	span := p.pilotAt(n-1) + 1
	for d := range m.lag[:span] {
		m.lag[d] = 0
		for i := range delayPoints {
			tau := cp * (-0.5 + 1.6*float64(i)/(delayPoints-1))
			sin, cos := math.Sincos(-2 * math.Pi * p.spacing * tau * float64(d))
			m.lag[d] += complex(cos/delayPoints, sin/delayPoints)
		}
	}
	for i := range n {
		for k := range i + 1 {
			r := m.lag[p.pilotAt(i)-p.pilotAt(k)]
			odd := (i+k)&1 == 1
			switch {
			case codes == 2 && odd:
				r = 0
			case fdMask == 2 && odd:
				r = -r
			}
			if codes == 2 {
				r *= 2
			}
			m.work[i*n+k] = r
		}
		m.work[i*n+i] += residualEps
	}
	mimo.Cholesky(m.work[:n*n], n)
	m.dims = 0
	for k := range n {
		col := m.col[:n]
		clear(col)
		col[k] = residualEps
		mimo.Solve(m.work[:n*n], n, col)
		for i, v := range col {
			m.m[i*n+k] = complex64(v)
			m.dims += real(v)*real(v) + imag(v)*imag(v)
		}
	}
}

// freeNoise adds elements of CDM groups that no layer uses.
func (e *Estimator) freeNoise(view *nr.View) {
	m := &e.noise
	step := max(1, (e.numPilots*e.numSyms+maxFree-1)/maxFree)
	for lambda := range 3 {
		if e.freeMask>>lambda&1 == 0 {
			continue
		}
		for s := range e.numSyms {
			for first := s % step; first < e.numPilots; first += step * batchSize {
				n := 0
				for r := range view.NumRx {
					row := view.Row(r, s)[lambda*e.group.ConfigType:]
					n = e.gatherFree(m.res[r][:], row, first, step)
				}
				m.accumulate(view.NumRx, n, 1)
				m.count += float64(n)
			}
		}
	}
}

// gatherFree copies every step-th pilot from the first on and returns how many.
func (e *Estimator) gatherFree(dst, row []complex64, first, step int) int {
	n := 0
	for i := first; i < e.numPilots && n < len(dst); i += step {
		dst[n] = row[e.pilotAt(i)]
		n++
	}
	return n
}

// differenceNoise is the last resort of very few pilots with all codes in use:
// neighbouring pilots of one code in one symbol are taken to be equal.
func (e *Estimator) differenceNoise(rx int) {
	m := &e.noise
	for c := range e.numCombs {
		for s := range e.numSyms {
			n := 0
			for i := 2; i < min(e.numPilots, windowPilots); i++ {
				for r := range rx {
					d := e.u[c][r][s][i] - e.u[c][r][s][i-2]
					m.res[r][n] = complex(real(d)*math.Sqrt2/2, imag(d)*math.Sqrt2/2)
				}
				n++
			}
			m.accumulate(rx, n, e.beta*e.beta)
			m.count += float64(n) / 2
		}
	}
}

// shrinkNoise turns the sums into a covariance. Few samples make it closer to a
// multiple of the identity (Ledoit and Wolf 2004, with the variance of a
// complex Gaussian sample covariance, doubled so that white noise ends as
// exactly white).
func (e *Estimator) shrinkNoise(rx int) {
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
	if spread := norm - trace*trace/float64(rx); spread > 0 && !e.cfg.WhiteNoise {
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
