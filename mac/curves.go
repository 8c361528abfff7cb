// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"cmp"
	_ "embed"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/nr"
)

// Curves are block error rates of a receiver over the effective SINR after equalization,
// as package phy/link measures them without fading. They are immutable and shared.
//
// The block error rate of a code block at x dB is taken as Q((x − µ)/σ), Q the tail of
// the normal distribution; µ, where half of the blocks fail, and σ depend on modulation,
// code rate and bits of the code block, over the logarithm of which they are interpolated.
// A transport block of C code blocks fails where any of them does.
type Curves struct {
	tables [nr.MCSTableLowSE + 1][nr.MaxMCSIndex + 1][]curvePoint // by MCS, ascending in bits
}

// curvePoint is what was measured of one modulation, rate and size.
type curvePoint struct {
	logBits, mu, sigma float64
}

//go:embed curves.csv
var defaultCurves string

// DefaultCurves returns the curves of this library's receiver, which stand in curves.csv.
var DefaultCurves = sync.OnceValue(func() *Curves {
	c, err := ReadCurves(strings.NewReader(defaultCurves))
	if err != nil {
		panic(err) // the file is a part of the package, and a test reads it
	}
	return c
})

// curveColumns is the first line of a file of curves.
const curveColumns = "qm,rate2048,block_bits,snr50_db,sigma_db,low_db,high_db,blocks"

// ReadCurves reads a file of curves: comma-separated values, one modulation, code rate and
// size per line.
//
//   - qm, rate2048: modulation order and 2048 times the code rate, as in TS 38.214 tables
//     5.1.3.1-1 to -3
//   - block_bits: bits of the code block with its CRC (K' of TS 38.212 §5.2.2)
//   - snr50_db, sigma_db: µ and σ of [Curves], dB
//   - low_db, high_db: confidence interval of µ
//   - blocks: how many were measured
//
// Lines that begin with # are comments. Every row of every MCS table must be there in at
// least one size. It returns a [*nr.FieldError] that names the line otherwise.
func ReadCurves(r io.Reader) (*Curves, error) {
	c := new(Curves)
	if err := readTable(r, "mac.curves", curveColumns, c.add); err != nil {
		return nil, err
	}
	return c, missing("mac.curves", func(t nr.MCSTable, mcs int) bool { return len(c.tables[t][mcs]) > 0 })
}

// add takes one line into every MCS that has its modulation and rate.
func (c *Curves) add(v []float64) *nr.FieldError {
	if !(v[2] >= 24 && v[2] <= 8448) {
		return &nr.FieldError{Field: "block_bits", Got: v[2], Want: "24…8448 (TS 38.212 §5.2.2)"}
	}
	if !(math.Abs(v[3]) <= 100) {
		return &nr.FieldError{Field: "snr50_db", Got: v[3], Want: "±100 dB"}
	}
	if !(v[4] >= 1e-3 && v[4] <= 20) {
		return &nr.FieldError{Field: "sigma_db", Got: v[4], Want: "0.001…20 dB"}
	}
	return c.insert(v[0], v[1], curvePoint{math.Log2(v[2]), v[3], v[4]})
}

func (c *Curves) insert(qm, rate float64, p curvePoint) (err *nr.FieldError) {
	unknown := eachMCS(qm, rate, func(t nr.MCSTable, mcs int) {
		points := &c.tables[t][mcs]
		at, twice := slices.BinarySearchFunc(*points, p, func(a, b curvePoint) int { return cmp.Compare(a.logBits, b.logBits) })
		if twice {
			err = &nr.FieldError{Field: "block_bits", Got: math.Exp2(p.logBits), Want: "each size once"}
			return
		}
		*points = slices.Insert(*points, at, p)
	})
	if err == nil {
		err = unknown
	}
	return err
}

// at returns µ and σ of a code block.
func (c *Curves) at(t nr.MCSTable, mcs int, blockBits float64) (mu, sigma float64) {
	points := c.tables[t][mcs]
	x, last := math.Log2(blockBits), len(points)-1
	i := 0
	for i < last && points[i+1].logBits < x {
		i++
	}
	a := &points[i]
	if i == last || x <= a.logBits {
		return a.mu, a.sigma
	}
	b := &points[i+1]
	w := (x - a.logBits) / (b.logBits - a.logBits)
	return a.mu + w*(b.mu-a.mu), a.sigma + w*(b.sigma-a.sigma)
}

// Curve is the curve of transport blocks of one MCS and size. It is a value of fixed size.
type Curve struct {
	blocks    int     // code blocks
	mu, sigma float64 // of each of them, dB
}

// Of returns the curve of transport blocks of tbs bits with the MCS of the given row, which must
// not be a reserved one. It does not allocate, and may be called by several goroutines at once.
func (c *Curves) Of(t nr.MCSTable, mcs, tbs int) Curve {
	blocks, blockBits := codeBlocks(t, mcs, tbs)
	mu, sigma := c.at(t, mcs, blockBits)
	return Curve{blocks, mu, sigma}
}

// BLER returns the share of transport blocks that fail at an effective SINR of sinrDB.
func (c *Curve) BLER(sinrDB float64) float64 {
	p := 0.5 * math.Erfc((sinrDB-c.mu)/(c.sigma*math.Sqrt2))
	return -math.Expm1(float64(c.blocks) * math.Log1p(-p))
}

// Needed returns the effective SINR in dB at which a share target of transport blocks fails.
func (c *Curve) Needed(target float64) float64 {
	p := target
	if c.blocks > 1 {
		p = -math.Expm1(math.Log1p(-target) / float64(c.blocks))
	}
	return c.mu + c.sigma*math.Sqrt2*math.Erfinv(1-2*p)
}

// BLER returns [Curve.BLER] of the curve [Curves.Of].
func (c *Curves) BLER(t nr.MCSTable, mcs, tbs int, sinrDB float64) float64 {
	one := c.Of(t, mcs, tbs)
	return one.BLER(sinrDB)
}

// Needed returns [Curve.Needed] of the curve [Curves.Of].
func (c *Curves) Needed(t nr.MCSTable, mcs, tbs int, target float64) float64 {
	one := c.Of(t, mcs, tbs)
	return one.Needed(target)
}

// codeBlocks returns into how many code blocks a transport block is cut, and their bits.
func codeBlocks(t nr.MCSTable, mcs, tbs int) (blocks int, bits float64) {
	m, _ := t.Row(mcs)
	s, err := ldpc.Segment(tbs, ldpc.Select(tbs, m.Rate.Float()))
	if err != nil {
		return 1, float64(max(tbs, 24))
	}
	return s.NumBlocks, float64(s.KPrime)
}
