// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

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
	used  int     // cells
	count float64 // independent values of each antenna, of all cells
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
		e.differenceNoise(view.NumRx)
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

// residualNoise adds the residuals of comb c, many windows at a time.
func (e *front) residualNoise(cell *noiseCell, c, rx, prbs int) {
	m := &e.noise
	t := noiseTables[e.Group.ConfigType-1][prbs-1][e.Combs[c].FreqCodes-1]()
	windows := cell.prbs / prbs * e.NumSymbols
	step := max(1, (windows*m.used+maxWindows-1)/maxWindows)
	if m.used > coarseCells { // few windows in each
		step = 1
	}
	most := min(batchWindows, batchLanes/rx, (windows+step-1)/step)
	for w := 0; w < windows; {
		n := 0
		for ; n < most && w < windows; w += step {
			first := cell.first*e.PilotsInPRB + w/e.NumSymbols*t.size
			for r := range rx {
				e.loadWindow(c, r, w%e.NumSymbols, first, t.size, r*most+n)
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

// differenceNoise is the last resort of very few pilots with all codes in use:
// neighbouring pilots of one code in one symbol are taken to be equal.
func (e *front) differenceNoise(rx int) {
	m := &e.noise
	cell := &m.cells[0]
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
			m.accumulate(cell, rx, n, e.Beta*e.Beta, float64(n)/2)
		}
	}
	m.count = cell.Count
}
