// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"github.com/neuroran/neuroran/internal/simd/llr"
	"github.com/neuroran/neuroran/phy/nr"
)

// load puts the received LLRs into the columns' vectors, rotated as the first
// iteration expects them. Punctured bits are unknown, filler bits known zeros.
func (d *Decoder) load(soft []int8) {
	z, n := d.cfg.Z, d.columns()*d.cfg.Z
	sent := d.order[numPunctured*z : n]
	clear(d.order[:numPunctured*z])
	llr.Scale(sent, soft[:len(sent)], loadFactor, loadLimit)
	fillers := d.order[d.cfg.PayloadBits():d.cfg.K()]
	for i := range fillers {
		fillers[i] = nr.FillerLLR
	}
	for c := range d.columns() {
		src, rot := d.order[c*z:(c+1)*z], d.plan.last[c]
		base := d.plan.base(c, 0)
		v := d.soft[base : base+z+llr.Lanes]
		copy(v, src[rot:])
		copy(v[z-rot:], src[:rot])
		copy(v[z:], v[:llr.Lanes])
	}
}

// columns returns how many columns the rows in use touch.
func (d *Decoder) columns() int { return d.cfg.BaseGraph.InfoColumns() + d.cfg.rows() }

// column returns the soft bits of column c, which start at bit rot of the
// column and wrap.
func (d *Decoder) column(c int) (v []int8, rot int) {
	base := d.plan.base(c, d.plan.buffer(c, d.done))
	return d.soft[base : base+d.cfg.Z], d.plan.last[c]
}

// gather puts the first n systematic soft bits into the codeword's order.
func (d *Decoder) gather(n int) []int8 {
	z := d.cfg.Z
	for c := 0; c*z < n; c++ {
		v, rot := d.column(c)
		dst := d.order[c*z : (c+1)*z]
		copy(dst[rot:], v)
		copy(dst[:rot], v[z-rot:])
	}
	return d.order[:n]
}

// isCodeword checks the hard decisions against all rows in use.
func (d *Decoder) isCodeword() bool {
	checks := &d.plan.checks[d.done%2]
	for r := range d.cfg.rows() {
		if !llr.ParityRow(d.soft, checks[d.graph.first[r]:d.graph.first[r+1]], d.cfg.Z) {
			return false
		}
	}
	return true
}
