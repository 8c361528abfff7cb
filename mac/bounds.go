// SPDX-License-Identifier: Apache-2.0

package mac

import (
	_ "embed"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/neuroran/neuroran/phy/nr"
)

// Bounds say what a bound on the LDPC iterations of a block costs: by how many dB its curve,
// see [Curves], lies higher than without one. They are immutable and shared.
//
// The other way round they say how many iterations a block takes that is received so many dB
// above the least SINR at which it passes at all.
type Bounds struct {
	loss [nr.MCSTableLowSE + 1][nr.MaxMCSIndex + 1][mostIterations + 1]float32 // dB, descending in iterations
}

// mostIterations is from how many iterations on a bound costs nothing: what the receiver makes
// without one, [sch.DefaultIterations].
const mostIterations = 20

// leastIterations is the smallest bound that was measured. One iteration less is taken to
// cost what the step before it cost.
const leastIterations = 2

//go:embed bounds.csv
var defaultBounds string

// DefaultBounds returns the bounds of this library's decoder, which stand in bounds.csv.
var DefaultBounds = sync.OnceValue(func() *Bounds {
	b, err := ReadBounds(strings.NewReader(defaultBounds))
	if err != nil {
		panic(err) // the file is a part of the package, and a test reads it
	}
	return b
})

// boundColumns is the first line of a file of bounds.
const boundColumns = "qm,rate2048,loss2_db,loss3_db,loss4_db,loss5_db,loss6_db,loss7_db,loss8_db,loss10_db,loss12_db,loss16_db,loss20_db,std_db"

// boundsOf are the iterations of the columns of loss.
var boundsOf = [...]int{2, 3, 4, 5, 6, 7, 8, 10, 12, 16, mostIterations}

// ReadBounds reads a file of bounds: comma-separated values, one modulation and code rate per
// line.
//
//   - qm, rate2048: as in [ReadCurves]
//   - loss2_db to loss20_db: by how many dB the curve moves up with at most so many
//     iterations, where a tenth of the blocks fail; not ascending, 0 for the last
//   - std_db: standard deviation of the error of each
//
// Lines that begin with # are comments. Every row of every MCS table must be there. It returns
// a [*nr.FieldError] that names the line otherwise.
func ReadBounds(r io.Reader) (*Bounds, error) {
	b := new(Bounds)
	if err := readTable(r, "mac.bounds", boundColumns, b.add); err != nil {
		return nil, err
	}
	return b, missing("mac.bounds", func(t nr.MCSTable, mcs int) bool { return b.loss[t][mcs][0] > 0 })
}

// add takes one line into every MCS that has its modulation and rate.
func (b *Bounds) add(v []float64) *nr.FieldError {
	losses := v[2 : 2+len(boundsOf)]
	for k, x := range losses {
		if !(x >= 0 && x <= 100) || k > 0 && x > losses[k-1] {
			return &nr.FieldError{Field: strings.Split(boundColumns, ",")[2+k], Got: x, Want: "0…100 dB, no more than with fewer iterations"}
		}
	}
	if losses[0] == 0 || losses[len(losses)-1] != 0 {
		return &nr.FieldError{Field: "loss2_db, loss20_db", Got: [2]float64{losses[0], losses[len(losses)-1]}, Want: "more than 0, and 0"}
	}
	return eachMCS(v[0], v[1], func(t nr.MCSTable, mcs int) { fillLoss(&b.loss[t][mcs], losses) })
}

// fillLoss writes the loss of every number of iterations: straight lines between those that
// were measured.
func fillLoss(dst *[mostIterations + 1]float32, losses []float64) {
	for k := range len(boundsOf) - 1 {
		low, high := boundsOf[k], boundsOf[k+1]
		for n := low; n <= high; n++ {
			w := float64(n-low) / float64(high-low)
			dst[n] = float32(losses[k] + w*(losses[k+1]-losses[k]))
		}
	}
	for n := leastIterations - 1; n >= 0; n-- {
		dst[n] = 2*dst[n+1] - dst[n+2]
	}
}

// LossDB returns by how many dB a bound on the iterations moves the curve of an MCS up; 0 and
// [nr.Grant].MaxIterations of what the decoder makes anyway cost nothing. It does not allocate.
func (b *Bounds) LossDB(t nr.MCSTable, mcs, iterations int) float32 {
	if iterations <= 0 || iterations >= mostIterations {
		return 0
	}
	return b.loss[t][mcs][iterations]
}

// Iterations returns how many iterations a block takes that is received spareDB above the
// least SINR at which it passes without a bound: the fewest that cost no more than that. A
// block below it fails after as many as are made. It does not allocate.
func (b *Bounds) Iterations(t nr.MCSTable, mcs int, spareDB float32) int {
	loss := &b.loss[t][mcs]
	n := 1
	for n < mostIterations && !(loss[n] <= spareDB) {
		n++
	}
	return n
}

// meanIterations are the iterations of a block without a bound over the margin, the SINR above
// what its MCS needs for a tenth of the blocks to fail: from −1 dB on, in steps of half a dB,
// means over all MCSs of bounds.csv. Above they fall towards 2.
var meanIterations = [...]float64{20, 19.8, 14.3, 8.3, 6.0, 4.8, 4.0, 3.4, 3.0, 2.7, 2.4}

// usualIterations returns what is expected at a margin before anything was measured.
func usualIterations(marginDB float64) float64 {
	x := min(max((marginDB+1)*2, 0), float64(len(meanIterations)-1))
	i := min(int(x), len(meanIterations)-2)
	return math.Max(meanIterations[i]+(x-float64(i))*(meanIterations[i+1]-meanIterations[i]), 2)
}
