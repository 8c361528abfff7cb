// SPDX-License-Identifier: Apache-2.0

package chest

import (
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
// The sums are kept for each noise cell, a few PRBs next to each other, so that noise
// that differs over the allocation shows. It has nothing to do with a radio cell; where
// this package says cell, it means one of these.
//
// Why not simply the difference of neighbouring pilots: it calls a long channel noise,
// and at high SNR, where noise matters most for what antennas are worth, the channel
// wins. A projection that removes every channel within a range of delays has no such
// bias; its price is dimensions: a window of n pilots leaves tr(M·Mᴴ) of them, fewer than
// n.
type noiseMeter struct {
	in    [windowPilots * batchLanes]complex64 // [pilot of the window, antenna, window]
	out   [batchLanes]complex64                // one pilot of the residuals
	rows  [windowPilots]int                    // rows of in
	res   [maxRx][batchSize]complex64          // residuals of each antenna, [window, pilot]
	owner [batchWindows]*noiseCell             // cell of each window in the batch
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
//  1. It looks at a few large noise cells. Where they are alike, as they are with thermal
//     noise, the allocation is one bundle, and unless its antennas are correlated that
//     is all.
//  2. Otherwise it looks at small cells: the direction of an interferer may change
//     within a large one, or all over a short allocation, which is one cell. Where the
//     small ones are alike too, the covariance of the large ones stands, since they
//     leave more room for noise.
//  3. Otherwise neighbours are joined as long as they could have the same noise.
func (e *front) measureNoise(view *nr.View) {
	m, rx := &e.noise, view.NumRx
	window := min(e.Group.NumPRB, windowPilots/e.PilotsInPRB)
	positions := e.Group.NumPRB / window
	cells := min(coarseCells, (positions+1)/2)
	e.measureCells(view, cells, window, func(i int) int { return i * positions / cells * window })
	// No dimension is left: one PRB, or all codes in use. The channel is then assumed to
	// be one path per layer.
	if m.count < 0.5 {
		m.used = 1
		m.begin(0, 0, e.Group.NumPRB)
		e.pathNoise(rx)
	}
	one, count := m.alike(rx), m.count
	if one {
		m.mergeAll(rx)
		if !m.bundles[0].Related || e.Group.NumPRB == 1 {
			return
		}
	}
	size := (e.Group.NumPRB + fineCells - 1) / fineCells
	// The second look is at small cells. It replaces the first, whose covariance was only
	// good for the question whether there is more to see; the sums of the large cells are
	// kept aside in bundles where they stand.
	e.measureCells(view, (e.Group.NumPRB+size-1)/size, min(size, window), func(i int) int { return i * size })
	switch {
	case !m.alike(rx):
		m.merge(rx)
	case one:
		m.count = count
	default:
		m.mergeAll(rx)
	}
}

// begin clears cell i, which starts at a PRB and reaches to prbs until the next
// one begins.
//
// Cells are begun in the order of the band, and each ends where the next begins.
func (m *noiseMeter) begin(i, first, prbs int) {
	c := &m.cells[i]
	c.first, c.prbs = first, prbs-first
	c.Reset()
	if i > 0 {
		m.cells[i-1].prbs = first - m.cells[i-1].first
	}
}

// measureCells fills so many cells, which begin at the given PRBs, with noise windows
// of so many PRBs.
func (e *front) measureCells(view *nr.View, cells, window int, first func(i int) int) {
	m := &e.noise
	m.used, m.count = cells, 0
	for i := range cells {
		m.begin(i, first(i), e.Group.NumPRB)
	}
	for c := range e.NumCombs {
		e.residualNoise(c, view.NumRx, window)
	}
	for i := range m.used {
		e.freeNoise(&m.cells[i], view)
		m.count += m.cells[i].Count
	}
}

// accumulate adds some residuals of each antenna, which count as so many independent
// values.
//
// The scale is what the values were multiplied by: sums of a window filtered with M count
// as dims values, not as size values, since M took the rest away.
func (m *noiseMeter) accumulate(cell *noiseCell, rx, first, last int, scale, count float64) {
	var rows noise.Rows
	for r := range rx {
		rows[r] = m.res[r][first:last]
	}
	cell.Add(&rows, rx, scale, count)
}

// freeNoise adds elements of CDM groups that no layer uses.
//
// A CDM group without layers carries nothing but noise, and each of its elements is a
// value of its own. The step keeps their number bounded, so that a wide group costs no
// more than a narrow one.
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
				m.accumulate(cell, view.NumRx, 0, n, e.scale*e.scale, float64(n))
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
