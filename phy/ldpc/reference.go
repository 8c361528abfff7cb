// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/phy/crc"
)

// Reference decodes by belief propagation (sum-product) in float32: slow, and
// what the fixed-point [Decoder] is measured against.
//
// A Reference is for one goroutine at a time.
//
// F. R. Kschischang, B. J. Frey and H.-A. Loeliger, "Factor Graphs and the Sum-Product
// Algorithm", 2001.
type Reference struct {
	maxZ     int
	cfg      DecoderConfig
	flooding bool
	graph    graph
	soft     []float32 // [columns·Z] a-posteriori LLRs
	prior    []float32 // [columns·Z] a-posteriori LLRs of the pass before, for flooding
	messages []float32 // [edges·Z]
	node     checkNode
	word     []byte
}

// NewReference returns a layered decoder: every row uses what the rows before
// it found in the same iteration. It returns a [*nr.FieldError] when the limit is
// out of range.
func NewReference(l Limits) (*Reference, error) {
	maxZ, err := l.maxZ()
	if err != nil {
		return nil, err
	}
	return &Reference{
		maxZ:     maxZ,
		soft:     make([]float32, maxColumns*maxZ),
		messages: make([]float32, maxEdges*maxZ),
		node:     newCheckNode(maxZ),
		word:     make([]byte, maxColumns*maxZ),
	}, nil
}

// NewFloodingReference is [NewReference] with the flooding schedule: every row
// uses what the iteration before found, as most simulators do. It needs about
// twice the iterations.
func NewFloodingReference(l Limits) (*Reference, error) {
	r, err := NewReference(l)
	if err != nil {
		return nil, err
	}
	r.flooding = true
	r.prior = make([]float32, len(r.soft))
	return r, nil
}

// Configure selects the code of the next blocks, as [Decoder.Configure] does.
func (r *Reference) Configure(c DecoderConfig) error {
	if err := c.check(r.maxZ); err != nil {
		return err
	}
	r.cfg = c
	r.graph.fill(c.BaseGraph, c.Z)
	return nil
}

// Decode decodes one code block.
//
//   - dst: [K−Filler] bits of the code block, CRC included, one per byte, 0 or 1
//   - llrs: [N] LLRs in natural units, positive means bit 0; filler positions
//     are ignored, positions that were not received are 0
//
// It returns the same as [Decoder.Decode] and does not allocate.
//
// TS 38.212 §5.3.2, inverted; F. R. Kschischang et al., "Factor graphs and the
// sum-product algorithm", 2001.
func (r *Reference) Decode(dst []byte, llrs []float32) (Result, error) {
	if err := checkLen("Decode: dst", len(dst), r.cfg.PayloadBits()); err != nil {
		return Result{}, err
	}
	if err := checkLen("Decode: llrs", len(llrs), r.cfg.N()); err != nil {
		return Result{}, err
	}
	r.load(llrs)
	var res Result
	for res.Iterations < r.cfg.MaxIterations && !res.Converged {
		r.pass()
		res.Iterations++
		res.Converged = r.isCodeword()
	}
	copy(dst, r.word)
	res.CRC = res.Converged
	if r.cfg.CRC != crc.None {
		res.CRC = r.cfg.CRC.CheckBits(dst)
	}
	return res, nil
}

// fillerBelief is the LLR of a known bit.
const fillerBelief = 1000

func (r *Reference) load(llrs []float32) {
	z := r.cfg.Z
	clear(r.soft[:numPunctured*z])
	copy(r.soft[numPunctured*z:], llrs)
	k := r.cfg.K()
	for i := k - r.cfg.Filler; i < k; i++ {
		r.soft[i] = fillerBelief
	}
	clear(r.messages)
}

// pass makes one iteration.
func (r *Reference) pass() {
	if !r.flooding {
		for i := range r.cfg.rows() {
			r.updateRow(rowAt(i, r.cfg.rows()), r.soft, r.soft)
		}
		return
	}
	copy(r.prior, r.soft)
	for row := range r.cfg.rows() {
		r.updateRow(row, r.soft, r.prior)
	}
}

// updateRow replaces the messages of a row's edges, computed from the beliefs
// in prior, in the beliefs of soft.
func (r *Reference) updateRow(row int, soft, prior []float32) {
	cols, shift := r.graph.row(row)
	z, first := r.cfg.Z, int(r.graph.first[row])
	r.node.begin(z)
	for e, c := range cols {
		r.node.in(e, prior[int(c)*z:][:z], r.messages[(first+e)*z:][:z], int(shift[e]))
	}
	r.node.turn()
	for e, c := range slices.Backward(cols) {
		r.node.out(e, soft[int(c)*z:][:z], r.messages[(first+e)*z:][:z], int(shift[e]))
	}
}

func (r *Reference) isCodeword() bool {
	n := (r.cfg.BaseGraph.InfoColumns() + r.cfg.rows()) * r.cfg.Z
	for i, x := range r.soft[:n] {
		r.word[i] = byte(math.Float32bits(x) >> 31)
	}
	return r.graph.unsatisfied(r.word, r.cfg.rows()) == 0
}
