// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
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
	in, line, head := bufio.NewScanner(r), 0, false
	for in.Scan() {
		line++
		text := strings.TrimSpace(in.Text())
		switch {
		case text == "" || text[0] == '#':
			continue
		case !head:
			if head = text == curveColumns; !head {
				return nil, &nr.FieldError{Field: "mac.curves: line " + strconv.Itoa(line), Got: text, Want: curveColumns}
			}
			continue
		}
		if err := c.add(text); err != nil {
			err.Field = fmt.Sprintf("mac.curves: line %d: %s", line, err.Field)
			return nil, err
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("mac: curves: line %d: %w", line+1, err)
	}
	return c, c.complete()
}

// add takes one line into every MCS that has its modulation and rate.
func (c *Curves) add(text string) *nr.FieldError {
	fields := strings.Split(text, ",")
	names := strings.Split(curveColumns, ",")
	if len(fields) != len(names) {
		return &nr.FieldError{Field: "columns", Got: len(fields), Want: strconv.Itoa(len(names))}
	}
	var v [8]float64
	for i, f := range fields {
		x, err := strconv.ParseFloat(strings.TrimSpace(f), 64)
		if err != nil || math.IsNaN(x) || math.Abs(x) > 1e9 {
			return &nr.FieldError{Field: names[i], Got: f, Want: "a number"}
		}
		v[i] = x
	}
	if !(v[2] >= 24 && v[2] <= 8448) {
		return &nr.FieldError{Field: names[2], Got: v[2], Want: "24…8448 (TS 38.212 §5.2.2)"}
	}
	if !(math.Abs(v[3]) <= 100) {
		return &nr.FieldError{Field: names[3], Got: v[3], Want: "±100 dB"}
	}
	if !(v[4] >= 1e-3 && v[4] <= 20) {
		return &nr.FieldError{Field: names[4], Got: v[4], Want: "0.001…20 dB"}
	}
	return c.insert(v[0], v[1], curvePoint{math.Log2(v[2]), v[3], v[4]})
}

func (c *Curves) insert(qm, rate float64, p curvePoint) *nr.FieldError {
	known := false
	for t := nr.MCSTable64QAM; t <= nr.MCSTableLowSE; t++ {
		for i := range c.tables[t] {
			m, _ := t.Row(i)
			if m.Reserved() || float64(m.Modulation) != qm || float64(m.Rate) != rate {
				continue
			}
			known = true
			points := &c.tables[t][i]
			at, twice := slices.BinarySearchFunc(*points, p, func(a, b curvePoint) int {
				switch {
				case a.logBits < b.logBits:
					return -1
				case a.logBits > b.logBits:
					return 1
				}
				return 0
			})
			if twice {
				return &nr.FieldError{Field: "block_bits", Got: math.Exp2(p.logBits), Want: "each size once"}
			}
			*points = slices.Insert(*points, at, p)
		}
	}
	if !known {
		return &nr.FieldError{Field: "qm,rate2048", Got: [2]float64{qm, rate}, Want: "a row of TS 38.214 tables 5.1.3.1-1 to -3"}
	}
	return nil
}

// complete reports the first MCS without a curve.
func (c *Curves) complete() error {
	for t := nr.MCSTable64QAM; t <= nr.MCSTableLowSE; t++ {
		for i := range c.tables[t] {
			if m, _ := t.Row(i); !m.Reserved() && len(c.tables[t][i]) == 0 {
				return &nr.FieldError{Field: "mac.curves", Got: fmt.Sprintf("no line for table %d, index %d", t, i), Want: "every row of every MCS table"}
			}
		}
	}
	return nil
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

// BLER returns the share of transport blocks of tbs bits that fail at an effective SINR
// of sinrDB, with the MCS of the given row, which must not be a reserved one. It does not
// allocate, and may be called by several goroutines at once.
func (c *Curves) BLER(t nr.MCSTable, mcs, tbs int, sinrDB float64) float64 {
	blocks, blockBits := codeBlocks(t, mcs, tbs)
	mu, sigma := c.at(t, mcs, blockBits)
	p := 0.5 * math.Erfc((sinrDB-mu)/(sigma*math.Sqrt2))
	return -math.Expm1(float64(blocks) * math.Log1p(-p))
}

// Needed returns the effective SINR in dB at which a share target of transport blocks of
// tbs bits fails. It does not allocate, and may be called by several goroutines at once.
func (c *Curves) Needed(t nr.MCSTable, mcs, tbs int, target float64) float64 {
	blocks, blockBits := codeBlocks(t, mcs, tbs)
	mu, sigma := c.at(t, mcs, blockBits)
	p := -math.Expm1(math.Log1p(-target) / float64(blocks))
	return mu + sigma*math.Sqrt2*math.Erfinv(1-2*p)
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
