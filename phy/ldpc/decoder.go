// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"slices"

	"github.com/neuroran/neuroran/internal/simd/llr"
	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/nr"
)

// DefaultIterations is the largest number of iterations when none is given.
const DefaultIterations = 10

// DecoderConfig selects the code of the next blocks and when to stop.
//
// TS 38.212 §5.3.2.
type DecoderConfig struct {
	// Config is the code. Rows decides the work: see [Config.ForLength].
	Config
	// MaxIterations is the largest number of iterations, 1 and more; 0 stands
	// for [DefaultIterations]. One iteration is one pass over all rows.
	MaxIterations int
	// CRC is the CRC at the end of the K − Filler bits, or none. With a CRC,
	// decoding also stops as soon as it holds for bits that are not all 0 and
	// that satisfy the core rows: parity bits that are of no use to the block
	// need not come right.
	CRC crc.Poly
}

// check validates c and resolves the default of MaxIterations.
func (c *DecoderConfig) check(maxZ int) error {
	if err := checkLimits(c.Config, maxZ); err != nil {
		return err
	}
	if c.MaxIterations == 0 {
		c.MaxIterations = DefaultIterations
	}
	if c.MaxIterations < 0 {
		return &nr.FieldError{Field: "ldpc.iterations", Got: c.MaxIterations, Want: "1 and more, or 0 for the default"}
	}
	if c.CRC != crc.None && (!c.CRC.Valid() || c.CRC.Len() > c.PayloadBits()) {
		return &nr.FieldError{Field: "ldpc.crc", Got: int(c.CRC), Want: "a polynomial not longer than the block"}
	}
	return nil
}

// Result says how the decoding of one block went.
//
// The checks are those of TS 38.212 §5.3.2 and, for the CRC, §5.1.
type Result struct {
	// Iterations is how many passes over all rows were made.
	Iterations int
	// Converged reports whether the decision satisfies all parity checks of the
	// rows in use.
	Converged bool
	// CRC reports whether the CRC of the configuration holds, which may be
	// before all parity checks do; without a CRC it repeats Converged.
	CRC bool
}

// Decoder decodes code blocks by layered min-sum on int8 LLRs, with messages
// corrected by [messageRule].
//
// A Decoder is for one goroutine at a time.
//
// The code is that of TS 38.212 §5.3.2. Layers: D. E. Hocevar, "A Reduced Complexity
// Decoder Architecture via Layered Decoding of LDPC Codes", 2004.
type Decoder struct {
	maxZ     int
	cfg      DecoderConfig
	graph    graph
	plan     plan
	sets     *[2][47]ruleSet
	rules    *ruleSet // of the present code
	soft     []int8
	messages []int8
	order    []int8 // soft bits in the codeword's order
	packed   []byte // decisions that a CRC is tried on
	done     int    // iterations made on this block
}

// NewDecoder returns a decoder for lifting sizes up to the limit. It returns a
// [*nr.FieldError] when the limit is out of range. It needs a call of Configure
// before the first block.
func NewDecoder(l Limits) (*Decoder, error) {
	maxZ, err := l.maxZ()
	if err != nil {
		return nil, err
	}
	return &Decoder{
		maxZ:     maxZ,
		sets:     ruleSets(),
		soft:     make([]int8, 2*maxColumns*llr.ColumnSize(maxZ)),
		messages: make([]int8, maxEdges*llr.RowBlocks(maxZ)*llr.Lanes),
		order:    make([]int8, maxColumns*maxZ),
		packed:   make([]byte, (BG1.K(maxZ)+7)/8),
	}, nil
}

// maxColumns is the number of columns of base graph 1.
const maxColumns = 68

// Configure selects the code of the next blocks. It returns a [*nr.FieldError],
// and keeps the former code, when c is not valid or above the limits. It does
// not allocate when it succeeds.
func (d *Decoder) Configure(c DecoderConfig) error {
	if err := c.check(d.maxZ); err != nil {
		return err
	}
	d.cfg = c
	d.graph.fill(c.BaseGraph, c.Z)
	d.plan.fill(&d.graph, c.rows())
	d.rules = &d.sets[c.BaseGraph-1][c.rows()]
	return nil
}

// Decode decodes one code block.
//
//   - dst: [K−Filler] bits of the code block, CRC included, one per byte, 0 or 1
//   - soft: [N] int8 LLRs, positive means bit 0, in units of 1/8, within ±120;
//     filler positions +127; positions that were not received 0
//
// It stops at the first codeword, or when the CRC holds. It reports the
// iterations used and whether parity checks and CRC hold; a failed block is a result, not an error, and dst then holds the last decision.
//
// Decode returns a [*nr.ShapeError] if a length disagrees with the configuration.
// It does not allocate; soft is only read.
//
// TS 38.212 §5.3.2, inverted.
func (d *Decoder) Decode(dst []byte, soft []int8) (Result, error) {
	if err := checkLen("Decode: dst", len(dst), d.cfg.PayloadBits()); err != nil {
		return Result{}, err
	}
	if err := checkLen("Decode: soft", len(soft), d.cfg.N()); err != nil {
		return Result{}, err
	}
	d.load(soft)
	res := d.iterate()
	llr.HardDecide(dst, d.gather(len(dst)))
	res.CRC = res.Converged
	if d.cfg.CRC != crc.None {
		res.CRC = d.cfg.CRC.CheckBits(dst)
	}
	return res, nil
}

// DecodePacked is [Decoder.Decode] with the decisions packed.
//
//   - dst: [⌈(K−Filler)/8⌉] bytes, most significant bit first; spare bits of the
//     last byte become 0
//   - soft: [N] as for Decode
func (d *Decoder) DecodePacked(dst []byte, soft []int8) (Result, error) {
	if err := checkLen("DecodePacked: dst", len(dst), (d.cfg.PayloadBits()+7)/8); err != nil {
		return Result{}, err
	}
	if err := checkLen("DecodePacked: soft", len(soft), d.cfg.N()); err != nil {
		return Result{}, err
	}
	d.load(soft)
	res := d.iterate()
	n := d.cfg.PayloadBits()
	llr.PackSigns(dst, d.gather(n))
	res.CRC = res.Converged
	if d.cfg.CRC != crc.None {
		res.CRC = d.cfg.CRC.CheckPacked(dst, n)
	}
	return res, nil
}

// iterate passes over the rows until the decisions form a codeword, or their CRC
// says that they are right.
func (d *Decoder) iterate() Result {
	for d.done = 0; d.done < d.cfg.MaxIterations; {
		core, all := d.pass()
		d.done++
		// Later rows may have changed what earlier rows found satisfied, so
		// only a full check tells.
		if all && d.isCodeword() {
			return Result{Iterations: d.done, Converged: true}
		}
		if core && d.cfg.CRC != crc.None && d.isIntact() {
			return Result{Iterations: d.done}
		}
	}
	return Result{Iterations: d.done, Converged: d.isCodeword()}
}

// isIntact reports whether the CRC holds for the present decisions. All zeros,
// for which every CRC holds, do not count: a decoder without evidence, as after
// a lost first transmission, starts there.
func (d *Decoder) isIntact() bool {
	n := d.cfg.PayloadBits()
	packed := d.packed[:(n+7)/8]
	llr.PackSigns(packed, d.gather(n))
	return d.cfg.CRC.CheckPacked(packed, n) && slices.ContainsFunc(packed, func(b byte) bool { return b != 0 })
}

// pass makes one iteration and reports whether the core rows, and all rows, were
// satisfied when they were left.
func (d *Decoder) pass() (core, all bool) {
	edges := &d.plan.edges[d.done%2]
	update := llr.MinSumRow
	if d.done == 0 {
		update = llr.MinSumFirst
	}
	core, all = true, true
	rows, rules := d.cfg.rows(), d.rules.at(d.done)
	for i := range rows {
		r := rowAt(i, rows)
		lo, hi := int(d.graph.first[r]), int(d.graph.first[r+1])
		msgs := d.messages[lo*d.plan.blockSize : hi*d.plan.blockSize]
		if !update(d.soft, msgs, edges[lo:hi], d.cfg.Z, rules[r]) {
			all = false
			core = core && r >= numCore
		}
	}
	return core, all
}
