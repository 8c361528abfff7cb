// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"github.com/neuroran/neuroran/phy/nr"
)

// PairingConfig says when two UEs transmit on the same PRBs with different DM-RS ports, to be
// detected jointly. The zero value never pairs.
//
// Two UEs can be paired whose grants are alike in symbols and DM-RS, have ports of the first
// CDM group (0 and 1) and leave the second one free (numCDMGroupsWithoutData of at least 2),
// which the partner then gets. Nothing is known of how far apart their channels are; that
// LossDB is right on average is left to an outer loop of its own.
type PairingConfig struct {
	Enabled   bool    // whether UEs are paired
	MinSINRdB float64 // least expected SINR of both
	LossDB    float64 // what joint detection is taken to cost each of them, dB
}

// pair looks for a partner for every new block that has PRBs of its own.
func (c *Cell) pair() {
	if !c.cfg.Pairing.Enabled {
		return
	}
	for i, n := 0, len(c.plans); i < n && len(c.plans) < c.cfg.MaxGrants; i++ {
		if p := &c.plans[i]; p.first {
			c.pairWith(i)
		}
	}
}

// pairWith adds the partner with which plan i carries most, measured by past rates, if that
// is more than alone.
func (c *Cell) pairWith(i int) {
	p := &c.plans[i]
	one := *p
	if !c.share(&one, 0) {
		return
	}
	slot := c.view.Slot
	past := c.ues[p.ue].Average.Before(slot, c.cfg.Discount)
	alone, together := float64(p.bits)/past, float64(one.bits)/past
	best, most := -1, alone-together
	for k := range c.view.UEs {
		can := &c.view.UEs[k]
		if c.inSlot[can.index] || can.MaxPRB < p.grant.NumPRB || !fitTogether(&p.grant, &c.ues[can.index].Config.Grant) {
			continue
		}
		if bits := c.roughBits(can.index, &p.grant); bits <= float64(can.Backlog) && bits/can.PastRate > most {
			best, most = k, bits/can.PastRate
		}
	}
	if best < 0 {
		return
	}
	can := &c.view.UEs[best]
	v := &c.ues[can.index]
	g := v.Config.Grant
	g.RNTI, g.HARQProcess, g.NewData, g.RV = v.RNTI, v.free(), true, 0
	g.StartPRB, g.NumPRB = p.grant.StartPRB, p.grant.NumPRB
	other := plan{grant: g, ue: can.index, process: g.HARQProcess, first: true, wanted: can.Backlog, kiloRE: c.kiloRE(can.index)}
	if !c.share(&other, secondCDMGroup) || together+float64(other.bits)/can.PastRate <= alone {
		return
	}
	c.inSlot[other.ue] = true
	c.plans[i] = one
	c.plans = append(c.plans, other)
}

// roughBits returns about what a UE would send on the PRBs of a grant together with another.
func (c *Cell) roughBits(ue int, g *nr.Grant) float64 {
	u := &c.ues[ue]
	loss := float32(c.cfg.Pairing.LossDB + u.PairedLoop.OffsetDB)
	sum := float32(0)
	for i := range c.groups {
		if n := min(g.StartPRB+g.NumPRB, c.groups[i].end) - max(g.StartPRB, c.groups[i].start); n > 0 {
			sum += float32(n) * c.inner.bitsAt(u.Config.Grant.MCSTable, u.Quality[i]-loss)
		}
	}
	return float64(sum) * float64(c.rePerRB[ue]*u.Config.Grant.NumLayers)
}

// secondCDMGroup is what a partner's DM-RS ports count up from.
const secondCDMGroup = 2

// fitTogether reports whether a receiver can detect two UEs with such grants together, the
// second one on ports of the other CDM group.
func fitTogether(a, b *nr.Grant) bool {
	x, y := a.DMRS, b.DMRS
	return a.NumLayers <= 2 && b.NumLayers <= 2 && a.NumLayers+b.NumLayers <= nr.MaxGroupLayers &&
		a.Mapping == b.Mapping && a.StartSymbol == b.StartSymbol && a.NumSymbols == b.NumSymbols &&
		x.ConfigType == y.ConfigType && x.Length == y.Length && x.AdditionalPosition == y.AdditionalPosition &&
		x.TypeAPosition == y.TypeAPosition && x.NumCDMGroupsWithoutData == y.NumCDMGroupsWithoutData &&
		x.NumCDMGroupsWithoutData >= 2 && firstGroup(&x, a.NumLayers) && firstGroup(&y, b.NumLayers)
}

// firstGroup reports whether all ports are 0 or 1.
func firstGroup(d *nr.DMRS, layers int) bool {
	for _, p := range d.Ports[:layers] {
		if p > 1 {
			return false
		}
	}
	return true
}

// share makes a plan one on shared PRBs, with ports that count up from the given one. It
// reports whether its SINR and its data are enough.
func (c *Cell) share(p *plan, port uint8) bool {
	u, g := &c.ues[p.ue], &p.grant
	quality := c.inner.effectiveDB(&u.Quality, c.groups, g.StartPRB, g.NumPRB)
	if float64(quality) < c.cfg.Pairing.MinSINRdB {
		return false
	}
	for l := range g.DMRS.Ports[:g.NumLayers] {
		g.DMRS.Ports[l] += port
	}
	p.shared = true
	p.sinrDB = quality - float32(c.cfg.Pairing.LossDB+u.PairedLoop.OffsetDB)
	c.inner.choose(g, c.rePerRB[p.ue], p.sinrDB)
	p.bits = c.blockBits(p.ue, g)
	return p.bits < p.wanted // so that one PRB less would not hold it
}
