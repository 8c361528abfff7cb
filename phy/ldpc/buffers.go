// SPDX-License-Identifier: Apache-2.0

package ldpc

import "github.com/neuroran/neuroran/internal/simd/llr"

// load puts the received LLRs into the columns' vectors, rotated as the first
// iteration expects them.
func (d *Decoder) load(soft []int8) {
	z, columns := d.cfg.Z, d.columns()
	for c := range columns {
		base := d.plan.base(c, 0)
		v := d.soft[base : base+z+llr.Lanes]
		if c < numPunctured {
			clear(v)
			continue
		}
		src := soft[(c-numPunctured)*z:][:z]
		rot := d.plan.last[c]
		llr.Scale(v[:z-rot], src[rot:], loadFactor, loadLimit)
		llr.Scale(v[z-rot:z], src[:rot], loadFactor, loadLimit)
		d.fillers(c, v, rot)
		copy(v[z:], v[:llr.Lanes])
	}
}

// fillers sets the known zeros of column c, whose vector is v rotated by rot.
func (d *Decoder) fillers(c int, v []int8, rot int) {
	z, k := d.cfg.Z, d.cfg.K()
	lo, hi := max(c*z, k-d.cfg.Filler), min((c+1)*z, k)
	for i := lo; i < hi; i++ {
		v[(i-c*z-rot+z)%z] = 127
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

// decide writes the hard decisions of the systematic bits, without filler.
func (d *Decoder) decide(dst []byte) {
	z := d.cfg.Z
	c := 0
	for ; (c+1)*z <= len(dst); c++ {
		v, rot := d.column(c)
		llr.HardDecide(dst[c*z+rot:(c+1)*z], v[:z-rot])
		llr.HardDecide(dst[c*z:c*z+rot], v[z-rot:])
	}
	if rest := dst[c*z:]; len(rest) > 0 {
		v, rot := d.column(c)
		for i := range rest {
			rest[i] = byte(v[(i-rot+z)%z]) >> 7
		}
	}
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
