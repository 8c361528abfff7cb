// SPDX-License-Identifier: Apache-2.0

package ldpc

import "github.com/neuroran/neuroran/internal/simd/llr"

// load puts the received LLRs into the columns' vectors, rotated as the first
// iteration expects them, and clears the messages.
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
		llr.Scale(v[:z-rot], src[rot:], d.factor)
		llr.Scale(v[z-rot:z], src[:rot], d.factor)
		d.fillers(c, v, rot)
		copy(v[z:], v[:llr.Lanes])
	}
	clear(d.messages[:int(d.graph.first[d.cfg.rows()])*d.plan.blockSize])
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

// decide writes the systematic bits of the columns' vectors, without filler.
func (d *Decoder) decide(dst []byte) {
	z := d.cfg.Z
	for c := 0; c*z < len(dst); c++ {
		d.decideColumn(d.word[:z], c)
		copy(dst[c*z:], d.word[:z])
	}
}

// decideColumn writes the hard decisions of one column in the codeword's order.
func (d *Decoder) decideColumn(dst []byte, c int) {
	z, rot := d.cfg.Z, d.plan.last[c]
	base := d.plan.base(c, d.plan.buffer(c, d.done))
	v := d.soft[base : base+z]
	llr.HardDecide(dst[rot:], v[:z-rot])
	llr.HardDecide(dst[:rot], v[z-rot:])
}

// isCodeword checks the hard decisions against all rows in use.
func (d *Decoder) isCodeword() bool {
	z := d.cfg.Z
	for c := range d.columns() {
		d.decideColumn(d.word[c*z:(c+1)*z], c)
	}
	return d.graph.unsatisfied(d.word, d.cfg.rows()) == 0
}
