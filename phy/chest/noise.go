// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/noise"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	windowPilots = 36  // most pilots in one noise window
	maxWindows   = 16  // most windows that are looked at, of all cells
	maxFree      = 768 // most free elements that are looked at, of all cells
	batchWindows = 16  // windows that are filtered at once, at most
	batchLanes   = 64  // the same, times antennas
	batchSize    = windowPilots * batchWindows
	coarseCells  = 4  // parts of the allocation that are compared
	fineCells    = 48 // and parts where these differ
)

// noiseMeter measures noise where no layer can be: in the part of the pilots
// that no channel within the assumed range of delays can produce, and in CDM
// groups that are free. It is the scratch for that.
//
// The sums are kept for each cell, a few PRBs next to each other, so that noise
// that differs over the allocation shows.
type noiseMeter struct {
	in    [windowPilots * batchLanes]complex64 // [pilot of the window, antenna, window]
	out   [batchLanes]complex64                // one pilot of the residuals
	rows  [windowPilots]int                    // rows of in
	res   [maxRx][batchSize]complex64          // residuals of each antenna
	cells [fineCells]noiseCell
	path  noiseTable // of pathNoise
	used  int        // cells
	count float64    // independent values of each antenna, of all cells
	merger
}

// noiseCell is what was measured in some PRBs.
type noiseCell struct {
	first, prbs int
	noise.Sums
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

// measureNoise finds the bundles of PRBs and the covariance of each.
//
// First it looks at a few large cells. Where they are alike, as they are with
// thermal noise, the allocation is one bundle. Otherwise it looks at small cells,
// and joins neighbours as long as they could have the same noise.
func (e *front) measureNoise(view *nr.View) {
	m := &e.noise
	window := min(e.Group.NumPRB, windowPilots/e.PilotsInPRB)
	positions := e.Group.NumPRB / window
	cells := min(coarseCells, (positions+1)/2)
	m.used = cells
	for i := range cells {
		m.begin(i, i*positions/cells*window, e.Group.NumPRB)
	}
	e.measureCells(view, window)
	if m.count < 0.5 {
		m.used = 1
		m.begin(0, 0, e.Group.NumPRB)
		e.pathNoise(view.NumRx)
	}
	if m.alike(view.NumRx) {
		m.mergeAll(view.NumRx)
		return
	}
	size := (e.Group.NumPRB + fineCells - 1) / fineCells
	m.used = (e.Group.NumPRB + size - 1) / size
	for i := range m.used {
		m.begin(i, i*size, e.Group.NumPRB)
	}
	e.measureCells(view, min(size, window))
	m.merge(view.NumRx)
}

// begin clears cell i, which starts at a PRB and reaches to prbs until the next
// one begins.
func (m *noiseMeter) begin(i, first, prbs int) {
	c := &m.cells[i]
	c.first, c.prbs = first, prbs-first
	c.Reset()
	if i > 0 {
		m.cells[i-1].prbs = first - m.cells[i-1].first
	}
}

// measureCells fills all cells, with noise windows of so many PRBs.
func (e *front) measureCells(view *nr.View, window int) {
	m := &e.noise
	m.count = 0
	for i := range m.used {
		cell := &m.cells[i]
		for c := range e.NumCombs {
			e.residualNoise(cell, c, view.NumRx, window)
		}
		e.freeNoise(cell, view)
		m.count += cell.Count
	}
}

// residualNoise adds the residuals of comb c.
//
// The pilots of double symbols are despread over time. As a rule what the layers of
// either code may have sent is taken out of both, since a carrier offset mixes them;
// where that leaves no room for noise, only what the layers of the same code may.
func (e *front) residualNoise(cell *noiseCell, c, rx, prbs int) {
	tables := &noiseTables[e.Group.ConfigType-1][prbs-1]
	t := tables[e.Combs[c].FreqCodes-1]()
	for td := range e.Group.Length {
		if mask := e.sameTime(&e.Combs[c], td); t.dims < leastDims && mask != 0 && mask != e.Combs[c].FreqCodes {
			e.addResiduals(cell, c, td, tables[mask-1](), rx, prbs)
			continue
		}
		e.addResiduals(cell, c, td, t, rx, prbs)
	}
}

// leastDims is the dimensions of a window that must be left for noise.
const leastDims = 0.1

// addResiduals adds what table t leaves of the windows of comb c, despread with a
// code in time, many windows at a time.
func (e *front) addResiduals(cell *noiseCell, c, td int, t *noiseTable, rx, prbs int) {
	m := &e.noise
	symbols := e.NumSymbols / e.Group.Length
	windows := cell.prbs / prbs * symbols
	step := max(1, (windows*m.used*e.Group.Length+maxWindows-1)/maxWindows)
	if m.used > coarseCells { // few windows in each
		step = 1
	}
	most := min(batchWindows, batchLanes/rx, (windows+step-1)/step)
	for w := 0; w < windows; {
		n := 0
		for ; n < most && w < windows; w += step {
			first := cell.first*e.PilotsInPRB + w/symbols*t.size
			for r := range rx {
				e.loadWindow(c, r, w%symbols*e.Group.Length+td, first, t.size, r*most+n)
			}
			n++
		}
		m.filter(t, rx, most, n)
		m.accumulate(cell, rx, t.size*n, e.Beta*e.Beta, t.dims*float64(n))
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

// accumulate adds the first n residuals of each antenna, which count as so many
// independent values.
func (m *noiseMeter) accumulate(cell *noiseCell, rx, n int, scale, count float64) {
	var rows noise.Rows
	for r := range rx {
		rows[r] = m.res[r][:n]
	}
	cell.Add(&rows, rx, scale, count)
}

// freeNoise adds elements of CDM groups that no layer uses.
func (e *front) freeNoise(cell *noiseCell, view *nr.View) {
	m := &e.noise
	step := max(1, (e.NumPilots*e.NumSymbols+maxFree-1)/maxFree)
	begin, end := cell.first*e.PilotsInPRB, (cell.first+cell.prbs)*e.PilotsInPRB
	for lambda := range 3 {
		if e.FreeGroups>>lambda&1 == 0 {
			continue
		}
		for s := range e.NumSymbols {
			for first := begin + s%step; first < end; first += step * batchSize {
				n := 0
				for r := range view.NumRx {
					row := view.Row(r, s)[lambda*e.Group.ConfigType:]
					n = e.gatherFree(m.res[r][:], row, first, end, step)
				}
				m.accumulate(cell, view.NumRx, n, e.scale*e.scale, float64(n))
			}
		}
	}
}

// gatherFree copies every step-th pilot from the first on and returns how many.
func (e *front) gatherFree(dst, row []complex64, first, end, step int) int {
	n := 0
	for i := first; i < end && n < len(dst); i += step {
		dst[n] = row[e.PilotAt(i)]
		n++
	}
	return n
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
				e.addResiduals(cell, c, td, &m.path, rx, prbs)
			}
		}
	}
	m.count = cell.Count
}

// fillPathTable makes M = I − V·Vᴴ with V an orthonormal basis of the steering
// vectors of the layers of comb c with a code in time.
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
