// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/internal/simd/mimo"
)

// residualNoise adds the residuals of comb c.
//
// The pilots of double symbols are despread over time. As a rule what the layers of
// either code may have sent is taken out of both, since a carrier offset mixes them;
// where that leaves no room for noise, only what the layers of the same code may.
//
// Which tables serve depends on what must be removed: the codes in use, all of them or
// those of this code in time. A free code in frequency leaves half the dimensions for
// noise at once.
func (e *front) residualNoise(c, rx, prbs int) {
	tables := &noiseTables[e.Group.ConfigType-1][prbs-1]
	t := tables[e.Combs[c].FreqCodes-1]()
	for td := range e.Group.Length {
		if mask := e.sameTime(&e.Combs[c], td); t.dims < leastDims && mask != 0 && mask != e.Combs[c].FreqCodes {
			e.addResiduals(c, td, tables[mask-1](), rx, prbs)
			continue
		}
		e.addResiduals(c, td, t, rx, prbs)
	}
}

// leastDims is the dimensions of a window that must be left for noise.
const leastDims = 0.1

// addResiduals adds to all cells what table t leaves of the windows of comb c, despread
// with a code in time, many windows at a time.
//
// Windows of all cells go into one batch until it is full, so that a short cell costs no
// pass of its own; owner says which cell each lane belongs to, in rising order, which
// addBatch uses to add stretches of one cell at once.
func (e *front) addResiduals(c, td int, t *noiseTable, rx, prbs int) {
	m := &e.noise
	symbols, total := e.NumSymbols/e.Group.Length, 0
	for i := range m.used {
		windows := m.cells[i].prbs / prbs * symbols
		total += (windows + e.windowStep(windows, rx, t) - 1) / e.windowStep(windows, rx, t)
	}
	if total == 0 {
		return
	}
	most, n := min(batchWindows, batchLanes/rx, total), 0
	for i := range m.used {
		cell := &m.cells[i]
		windows := cell.prbs / prbs * symbols
		for w := 0; w < windows; w += e.windowStep(windows, rx, t) {
			first := cell.first*e.PilotsInPRB + w/symbols*t.size
			for r := range rx {
				e.loadWindow(c, r, w%symbols*e.Group.Length+td, first, t.size, r*most+n)
			}
			m.owner[n] = cell
			if n++; n == most {
				m.addBatch(t, rx, most, n, e.Beta*e.Beta)
				n = 0
			}
		}
	}
	m.addBatch(t, rx, most, n, e.Beta*e.Beta)
}

// windowStep returns of how many windows of a cell one is looked at: there are
// maxWindows for all large cells, and for each small one as many as leave four times as
// many values as there are antennas.
func (e *front) windowStep(windows, rx int, t *noiseTable) int {
	m := &e.noise
	if m.used > coarseCells {
		return max(1, int(float64(windows)*t.dims/float64(4*rx)))
	}
	return max(1, (windows*m.used*e.Group.Length+maxWindows-1)/maxWindows)
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

// addBatch filters n windows of at most so many, and adds what is left to their cells.
//
// Windows are filtered together since a filter is a matrix product: with sixteen windows
// per antenna its rows are read once for all of them.
func (m *noiseMeter) addBatch(t *noiseTable, rx, most, n int, scale float64) {
	if n == 0 {
		return
	}
	m.filter(t, rx, most, n)
	for first := 0; first < n; {
		last := first + 1
		for last < n && m.owner[last] == m.owner[first] {
			last++
		}
		m.accumulate(m.owner[first], rx, first*t.size, last*t.size, scale, t.dims*float64(last-first))
		first = last
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
			res := m.res[r][k:]
			for w, v := range m.out[r*most : r*most+n] {
				res[w*t.size] = v
			}
		}
	}
}

// pathNoise is the last resort of very few pilots with all codes in use: the channel
// of each layer is taken to be one path with the delay of its UE.
func (e *front) pathNoise(rx int) {
	m := &e.noise
	cell := &m.cells[0]
	prbs := min(e.Group.NumPRB, windowPilots/e.PilotsInPRB)
	for c := range e.NumCombs {
		for td := range e.Group.Length {
			e.fillPathTable(c, td, prbs*e.PilotsInPRB)
			if m.path.dims > 0.5 {
				e.addResiduals(c, td, &m.path, rx, prbs)
			}
		}
	}
	m.count = cell.Count
}

// fillPathTable makes M = I − V·Vᴴ with V an orthonormal basis of the steering
// vectors of the layers of comb c with a code in time.
//
// M takes out the steering vectors one after the other (Gram–Schmidt): v is what M leaves
// of the next one, and M loses the projection on it. A vector of which nothing is left,
// such as that of a UE with the delay of its partner, costs no dimension.
func (e *front) fillPathTable(c, td, size int) {
	t := &e.noise.path
	t.size, t.dims, t.m = size, float64(size), t.m[:size*size]
	clear(t.m)
	for i := range size {
		t.m[i*size+i] = 1
	}
	var v [windowPilots]complex128
	cb := &e.Combs[c]
	for _, l := range cb.Layers[:cb.NumLayers] {
		ly := &e.Layers[l]
		if ly.TimeCode != td {
			continue
		}
		turn, power := -2*math.Pi*e.SpacingHz*(e.off.DelaySeconds[ly.UE]-e.delay[c]), 0.0
		for i := range size { // what M leaves of the vector
			v[i] = 0
			for k := range size {
				x := cmplx.Rect(float64(1-2*(k&ly.FreqCode)), turn*float64(e.PilotAt(k)))
				v[i] += complex128(t.m[i*size+k]) * x
			}
			power += real(v[i])*real(v[i]) + imag(v[i])*imag(v[i])
		}
		if power < 1e-3*float64(size) {
			continue
		}
		t.dims--
		for i := range size {
			for k := range size {
				t.m[i*size+k] -= complex64(v[i] * cmplx.Conj(v[k]) / complex(power, 0))
			}
		}
	}
}
