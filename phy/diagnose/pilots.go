// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"math"
	"math/bits"
	"slices"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// lag is the distance, in pilots of one comb, of those that are compared: two, so
// that the codes in frequency that tell two layers apart have the same sign at both.
const lag = 2

const (
	sure     = 14.0 // −ln of the chance of a transmission to fit by accident
	probable = 7.0  // the same of one symbol
	clear    = 60.0 // of a symbol beside which others of the slot would be seen, too
)

// order is what the pilots of one transmission, over a sequence, tell.
//
// With h(i) = y(i)·r(i)* the products h(i)*·h(i+2) of a channel all point the same
// way, which its delay gives; those of anything else point anywhere. Of n products with
// squared magnitudes of sum E, the squared magnitude of the sum over E is exponential
// with mean 1 where there is no order, and near n where the SNR is high.
type order struct {
	symbols [nr.MaxDMRSSymbols]float64 // statistic of each symbol with DM-RS
	at      [nr.MaxDMRSSymbols]int     // which symbols
	counts  [nr.MaxDMRSSymbols]int     // products of each
	num     int                        // how many symbols
	all     float64                    // statistic of all together

	compared  bool    // there is more than one occasion of DM-RS
	coherence float64 // correlation of h between occasions, noise included
}

// fits reports whether the pilots are there, and missing in no symbol.
func (o *order) fits() bool { return o.all > sure && o.missing() == 0 }

// tells reports whether there are enough pilots to tell. Of few even the clearest may
// be in order by chance.
func (o *order) tells() bool {
	n := 0
	for _, k := range o.counts[:o.num] {
		n += k
	}
	return n > 2*sure
}

// missing returns in how many symbols pilots are missing that would be seen, since
// those of another symbol are clear. What is weak may be seen here and not there.
func (o *order) missing() int {
	for i, x := range o.symbols[:o.num] {
		if x > clear && x > 0.2*float64(o.counts[i]) {
			return o.num - o.fitting()
		}
	}
	return 0
}

// fitting returns in how many symbols pilots are there.
func (o *order) fitting() int {
	n := 0
	for _, x := range o.symbols[:o.num] {
		if x > probable {
			n++
		}
	}
	return n
}

// sequences holds the values of one symbol's pilots, with room for the largest.
type sequences [nr.MaxPRB * 6]complex64

// measure compares the pilots of a grant with what was received.
func (q *sequences) measure(c *nr.Carrier, grid *nr.Grid, g *nr.Grant) order {
	var o order
	var total complex128
	var energy float64
	d := &g.DMRS
	n := g.NumPRB * dmrs.PilotsPerPRB(d.ConfigType)
	var between coherence
	for mask := g.DMRSMask(); mask != 0; mask &= mask - 1 {
		l := bits.TrailingZeros16(mask)
		dmrs.Sequence(q[:n], d.ConfigType, c.StartCRB+g.StartPRB, dmrs.CInit(c.Numerology(), grid.Slot, l, d.NID[d.NSCID], d.NSCID))
		var sum complex128
		var squares float64
		count := 0
		for _, delta := range combs(g) {
			for r := range grid.RE.Dim(0) {
				h := raw(grid.RE.Row(r, l)[nr.SubcarriersPerPRB*g.StartPRB:], q[:n], d.ConfigType, delta)
				s, e := products(h)
				sum, squares, count = sum+s, squares+e, count+len(h)-lag
				between.add([3]int{r, delta, o.num % d.Length}, h)
			}
		}
		o.symbols[o.num], o.counts[o.num], o.at[o.num] = ratio(sum, squares), count, l
		o.num++
		total, energy = total+sum, energy+squares
	}
	o.all = ratio(total, energy)
	o.compared, o.coherence = between.value()
	return o
}

// combs returns the subcarrier shifts of a grant's layers, each once: the layers of a
// comb are there together.
func combs(g *nr.Grant) []int {
	var list []int
	for _, port := range g.DMRS.Ports[:g.NumLayers] {
		if delta := dmrs.Delta(g.DMRS.ConfigType, int(port)); !slices.Contains(list, delta) {
			list = append(list, delta)
		}
	}
	return list
}

// raw returns what stands at the place of pilots over their sequence.
func raw(row, seq []complex64, configType, delta int) []complex128 {
	h := make([]complex128, len(seq))
	for i, r := range seq {
		y, s := complex128(row[dmrs.Subcarrier(configType, delta, i)]), complex128(r)
		h[i] = y * complex(real(s), -imag(s))
	}
	return h
}

// products returns the sum of h(i)*·h(i+lag) and that of their squared magnitudes.
func products(h []complex128) (sum complex128, squares float64) {
	for i := lag; i < len(h); i++ {
		a := h[i-lag]
		p := complex(real(a), -imag(a)) * h[i]
		sum += p
		squares += power(p)
	}
	return sum, squares
}

// coherence compares the occasions of DM-RS of a slot: an antenna and comb, and which
// symbol of a double one, with what it was before.
type coherence struct {
	last   map[[3]int][]complex128
	sum    complex128
	energy float64
}

func (c *coherence) add(key [3]int, h []complex128) {
	if c.last == nil {
		c.last = map[[3]int][]complex128{}
	}
	for i, a := range c.last[key] {
		c.sum += complex(real(a), -imag(a)) * h[i]
		c.energy += (power(a) + power(h[i])) / 2
	}
	c.last[key] = h
}

func (c *coherence) value() (bool, float64) {
	if !(c.energy > 0) {
		return false, 0
	}
	return true, math.Sqrt(power(c.sum)) / c.energy
}

func ratio(sum complex128, squares float64) float64 {
	if !(squares > 0) {
		return 0
	}
	return power(sum) / squares
}

func power(z complex128) float64 { return real(z)*real(z) + imag(z)*imag(z) }

// maxSubcarriers is by how many subcarriers, both ways, pilots are searched.
const maxSubcarriers = 72

// findSubcarriers returns by how many subcarriers higher than stated the pilots of a
// grant are, 0 where they fit nowhere better than where they should.
func (q *sequences) findSubcarriers(c *nr.Carrier, grid *nr.Grid, g *nr.Grant) int {
	best, at := 0.0, 0
	first := nr.SubcarriersPerPRB * g.StartPRB
	n := g.NumPRB * dmrs.PilotsPerPRB(g.DMRS.ConfigType)
	for k := -maxSubcarriers; k <= maxSubcarriers; k++ {
		if first+k < 0 || first+k+nr.SubcarriersPerPRB*g.NumPRB > c.NumSubcarriers() {
			continue
		}
		if x := q.compare(c, grid, g, c.StartCRB+g.StartPRB, first+k, n); x > best {
			best, at = x, k
		}
	}
	if best < sure+5 { // of some hundred tries
		return 0
	}
	return at
}

// findCRB returns the common resource block at which the carrier begins by the
// sequence of the pilots, or −1 where none fits.
func (q *sequences) findCRB(c *nr.Carrier, grid *nr.Grid, g *nr.Grant) int {
	const last = 2199
	best, at := 0.0, -1
	n := g.NumPRB * dmrs.PilotsPerPRB(g.DMRS.ConfigType)
	for crb := 0; crb <= last; crb++ {
		if x := q.compare(c, grid, g, crb+g.StartPRB, nr.SubcarriersPerPRB*g.StartPRB, n); x > best {
			best, at = x, crb
		}
	}
	if best < sure+8 { // of some thousand tries
		return -1
	}
	return at
}

// compare returns the statistic of a grant's pilots in its first symbol with DM-RS, for a sequence from a common resource block on and pilots from a subcarrier
// on.
func (q *sequences) compare(c *nr.Carrier, grid *nr.Grid, g *nr.Grant, crb, subcarrier, n int) float64 {
	d := &g.DMRS
	l := bits.TrailingZeros16(g.DMRSMask())
	dmrs.Sequence(q[:n], d.ConfigType, crb, dmrs.CInit(c.Numerology(), grid.Slot, l, d.NID[d.NSCID], d.NSCID))
	var sum complex128
	var squares float64
	for _, delta := range combs(g) {
		for r := range grid.RE.Dim(0) {
			s, e := products(raw(grid.RE.Row(r, l)[subcarrier:], q[:n], d.ConfigType, delta))
			sum, squares = sum+s, squares+e
		}
	}
	return ratio(sum, squares)
}
