// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"
	"math/bits"
	"slices"

	"github.com/neuroran/neuroran/internal/lookup"
	"github.com/neuroran/neuroran/phy/nr"
)

// thresholds is the inner loop of link adaptation: the SINR that each MCS needs for the
// target of the cell, for blocks of every size, worked out in advance.
type thresholds struct {
	bounds  *Bounds                                                     // what bounds on iterations add
	needed  [nr.MCSTableLowSE + 1][nr.MaxMCSIndex + 1][numSizes]float32 // dB
	least   [nr.MCSTableLowSE + 1][nr.MaxMCSIndex + 1]float32           // the smallest of needed over all sizes
	rows    [nr.MCSTableLowSE + 1][nr.MaxMCSIndex + 1]nr.MCS            // modulation and rate
	highest [nr.MCSTableLowSE + 1]int                                   // last MCS that is not reserved
	likely  [nr.MCSTableLowSE + 1][numSteps]uint8                       // no higher MCS is worth a look over the SINR
	bits    [nr.MCSTableLowSE + 1][numSteps]float32                     // information bits per data RE and layer over the SINR
	coded   [nr.MCSTableLowSE + 1][numSteps]float32                     // coded bits per data RE and layer over the SINR
	shannon [numSteps]float32                                           // log2(1 + γ) over the SINR
	level   *lookup.Table                                               // and the other way round, dB
}

// Sizes of blocks for which thresholds are kept, in powers of the square root of two from
// 2^minSize bits; those in between take the next larger one.
const (
	minSize  = 4
	numSizes = 2*(21-minSize) + 1

	stepsPerDB = 8 // of the bits over the SINR
	minDB      = -20
	maxDB      = 45
	numSteps   = (maxDB-minDB)*stepsPerDB + 1
)

// newThresholds works out the thresholds of a target.
func newThresholds(c *Curves, bounds *Bounds, target float64) *thresholds {
	t := &thresholds{bounds: bounds}
	for table := nr.MCSTable64QAM; table <= nr.MCSTableLowSE; table++ {
		for mcs := range t.needed[table] {
			row, _ := table.Row(mcs)
			if row.Reserved() {
				break
			}
			t.rows[table][mcs], t.highest[table] = row, mcs
			for size := range numSizes {
				tbs := fittingTBS(math.Exp2(minSize+float64(size)/2), row)
				t.needed[table][mcs][size] = float32(c.Needed(table, mcs, tbs, target))
			}
			t.least[table][mcs] = slices.Min(t.needed[table][mcs][:])
		}
		t.fillBits(table)
		t.fillLikely(table)
	}
	for i := range t.shannon {
		x := minDB + float64(i)/stepsPerDB
		t.shannon[i] = float32(math.Log2(1 + math.Exp2(x*dbToLog2)))
	}
	t.level = lookup.New(-7, 4, func(bits float64) float64 { return math.Log2(math.Exp2(bits)-1) / dbToLog2 })
	return t
}

// fittingTBS returns a transport block size near the given one that the rules of
// TS 38.214 §5.1.3.2 can give.
func fittingTBS(bits float64, row nr.MCS) int {
	re := int(bits / (row.Rate.Float() * float64(row.Modulation.BitsPerSymbol())))
	return nr.TransportBlockSize(1, max(re, 1), 1, row)
}

// fillBits writes the bits per resource element that a UE of the table can expect over the
// SINR: those of the highest MCS that fits, and between two MCSs a straight line, so that a
// small difference of SINR is a small difference of rate.
func (t *thresholds) fillBits(table nr.MCSTable) {
	const size = 2 * (12 - minSize) // blocks of about 4 000 bits
	mcs := 0
	for i := range numSteps {
		x := float32(minDB) + float32(i)/stepsPerDB
		for mcs < t.highest[table] && t.needed[table][mcs+1][size] <= x {
			mcs++
		}
		row, _ := table.Row(mcs)
		t.coded[table][i] = float32(row.Modulation.BitsPerSymbol())
		low, b := t.needed[table][mcs][size], spectral(table, mcs)
		switch {
		case x < low:
			b *= float32(math.Pow(10, float64(x-low)/10)) // below the table: what repetition would give
		case mcs < t.highest[table]:
			high := t.needed[table][mcs+1][size]
			b += (x - low) / (high - low) * (spectral(table, mcs+1) - b)
		}
		t.bits[table][i] = b
	}
}

// fillLikely writes the highest MCS that a block of any size can have up to the end of each
// step of the SINR.
func (t *thresholds) fillLikely(table nr.MCSTable) {
	for i := range numSteps {
		end := float32(minDB) + float32(i+2)/stepsPerDB // one step more than it takes, for rounding
		for mcs := range t.highest[table] + 1 {
			if i == numSteps-1 || t.least[table][mcs] <= end {
				t.likely[table][i] = uint8(mcs)
			}
		}
	}
}

// spectral returns the information bits per resource element and layer of an MCS.
func spectral(table nr.MCSTable, mcs int) float32 {
	m, _ := table.Row(mcs)
	return float32(m.Rate.Float()) * float32(m.Modulation.BitsPerSymbol())
}

// bitsAt returns the information bits per data RE and layer that a UE of the table can
// expect at x dB.
func (t *thresholds) bitsAt(table nr.MCSTable, x float32) float32 { return between(&t.bits[table], x) }

// codedAt returns the coded bits per data RE and layer that a UE of the table has at x dB.
func (t *thresholds) codedAt(table nr.MCSTable, x float32) float32 { return t.coded[table][stepAt(x)] }

// stepAt returns the step of the SINR in which x dB is, the first or last one beyond the ends.
func stepAt(x float32) int {
	f := (x - minDB) * stepsPerDB
	if !(f > 0) { // no number is beyond the ends too
		return 0
	}
	return int(min(f, numSteps-1))
}

// between returns the value of a table over the SINR at x dB.
func between(values *[numSteps]float32, x float32) float32 {
	f := (x - minDB) * stepsPerDB
	if !(f > 0) {
		return values[0]
	}
	if f >= numSteps-1 {
		return values[numSteps-1]
	}
	i := int(f)
	w := f - float32(i)
	return values[i]*(1-w) + values[i+1]*w
}

// need returns the SINR in dB that an MCS needs for a block of tbs bits.
func (t *thresholds) need(table nr.MCSTable, mcs, tbs int) float32 {
	return t.needed[table][mcs][sizeOf(tbs)]
}

// sizeOf returns the size of which a block of tbs bits is: the smallest s with
// tbs ≤ 2^(minSize + s/2).
func sizeOf(tbs int) int {
	k := bits.Len(uint(max(tbs, 1) - 1)) // tbs ≤ 2^k
	size := 2 * (k - minSize)
	if k > 0 && tbs*tbs <= 1<<(2*k-1) {
		size--
	}
	return min(max(size, 0), numSizes-1)
}

// choose writes the highest MCS into a grant whose threshold is at most x dB, for the block
// that the grant holds with it, and with its bound on iterations, 0 where none is. It returns
// the size of the block.
//
//   - re: data resource elements per PRB of the grant, less the overhead
func (t *thresholds) choose(g *nr.Grant, re int, x float32) (bits int) {
	table := g.MCSTable
	for mcs := int(t.likely[table][stepAt(x)]); mcs > 0; mcs-- {
		y := x - t.bounds.LossDB(table, mcs, g.MaxIterations)
		if !(t.least[table][mcs] <= y) {
			continue // whatever the size of the block is
		}
		bits = nr.TransportBlockSize(re, g.NumPRB, g.NumLayers, t.rows[table][mcs])
		if t.need(table, mcs, bits) <= y {
			g.MCSIndex = mcs
			return bits
		}
	}
	g.MCSIndex = 0
	return nr.TransportBlockSize(re, g.NumPRB, g.NumLayers, t.rows[table][0])
}

// effectiveDB returns the effective SINR in dB of PRBs of unequal quality: the SINR of
// an even channel of the same capacity, mean log2(1 + γ).
//
//   - quality: dB, of each group that the PRBs lie in
//   - groups: those groups
//   - start, num: the PRBs
func (t *thresholds) effectiveDB(quality []float32, groups []rbg, start, num int) float32 {
	if even(quality) {
		return quality[0]
	}
	sum, end := float32(0), start+num
	for i := range groups {
		n := min(end, groups[i].end) - max(start, groups[i].start)
		sum += float32(n) * between(&t.shannon, quality[i])
	}
	return t.level.At(sum / float32(num))
}

// even reports whether all values are equal.
func even(values []float32) bool {
	for _, x := range values[1:] {
		if x != values[0] {
			return false
		}
	}
	return true
}

// dbToLog2 turns dB into a binary logarithm: log2(10)/10.
const dbToLog2 = 0.33219280948873623
