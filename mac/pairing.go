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
	past := c.ues[p.ue].Average.Before(c.view.Slot, c.cfg.Discount)
	alone, together := float64(p.bits)/past, float64(one.bits)/past
	can := c.partner(p, alone-together)
	if can == nil {
		return
	}
	other := c.newPlan(can)
	other.grant.StartPRB, other.grant.NumPRB = p.grant.StartPRB, p.grant.NumPRB
	if !c.share(other, secondCDMGroup) || together+float64(other.bits)/can.PastRate <= alone {
		c.plans = c.plans[:len(c.plans)-1]
		return
	}
	*p, c.inSlot[other.ue] = one, true
}

// partner returns the UE that would send most together with a plan, measured by past rates, if
// that is more than a given value; nil otherwise.
func (c *Cell) partner(p *plan, most float64) (best *Candidate) {
	key := c.settled[p.ue].partners
	if key == (pairKey{}) {
		return nil
	}
	from, to := c.edge(p.grant.StartPRB), c.edge(p.grant.StartPRB+p.grant.NumPRB)
	for k := range c.view.UEs {
		can := &c.view.UEs[k]
		if can.partners != key || can.MaxPRB < p.grant.NumPRB || c.inSlot[can.index] {
			continue
		}
		sums := &c.sums[can.index]
		bits := float64(to.of(sums) - from.of(sums))
		if bits > most*can.PastRate && bits <= float64(can.Backlog) {
			best, most = can, bits/can.PastRate
		}
	}
	return best
}

// refreshShared works out about what a UE would send together with another: the sum over all
// groups below each one, so that what any PRBs carry is a difference of two sums.
func (c *Cell) refreshShared(at int) {
	u, sums := &c.ues[at], &c.sums[at]
	re := float32(c.settled[at].rePerRB * u.Config.Grant.NumLayers)
	loss := float32(c.cfg.Pairing.LossDB + u.PairedLoop.OffsetDB)
	for i, prbs := range c.prbs {
		sums[i+1] = sums[i] + float32(prbs)*re*c.inner.bitsAt(u.Config.Grant.MCSTable, u.Quality[i]-loss)
	}
}

// edge is a place between PRBs: it lies in a group, of which a part is below it.
type edge struct {
	group int
	part  float32
}

// edge returns the place below a PRB.
func (c *Cell) edge(prb int) edge {
	i := int(c.groupOf[max(prb-1, 0)])
	return edge{i, float32(prb-c.groups[i].start) / float32(c.prbs[i])}
}

// of returns the sum over all that is below a place.
func (e edge) of(sums *[MaxRBGs + 1]float32) float32 {
	return sums[e.group] + e.part*(sums[e.group+1]-sums[e.group])
}

// secondCDMGroup is what a partner's DM-RS ports count up from.
const secondCDMGroup = 2

// pairKey is in what the grants of two UEs must be alike for a receiver to detect both
// together, the second one on ports of the other CDM group. It is zero where a UE shares PRBs
// with nobody: with more layers than half of [nr.MaxGroupLayers], with ports of the second
// group, or where that has data.
type pairKey struct {
	mapping                   nr.Mapping
	start, symbols            uint8
	kind, length              uint8 // of DM-RS
	additional, typeA, noData uint8
}

func pairKeyOf(g *nr.Grant) pairKey {
	d := &g.DMRS
	if g.NumLayers > nr.MaxGroupLayers/2 || d.NumCDMGroupsWithoutData < 2 {
		return pairKey{}
	}
	for _, p := range d.Ports[:g.NumLayers] {
		if p >= secondCDMGroup {
			return pairKey{}
		}
	}
	return pairKey{
		g.Mapping, uint8(g.StartSymbol), uint8(g.NumSymbols), uint8(d.ConfigType), uint8(d.Length),
		uint8(d.AdditionalPosition), uint8(d.TypeAPosition), uint8(d.NumCDMGroupsWithoutData),
	}
}

// share makes a plan one on shared PRBs, with ports that count up from the given one. It
// reports whether its SINR and its data are enough.
func (c *Cell) share(p *plan, port uint8) bool {
	u, g := &c.ues[p.ue], &p.grant
	quality := c.effectiveDB(u, g.StartPRB, g.NumPRB)
	if float64(quality) < c.cfg.Pairing.MinSINRdB {
		return false
	}
	for l := range g.DMRS.Ports[:g.NumLayers] {
		g.DMRS.Ports[l] += port
	}
	p.shared = true
	p.sinrDB = quality - float32(c.cfg.Pairing.LossDB+u.PairedLoop.OffsetDB)
	p.bits = c.inner.choose(g, c.settled[p.ue].rePerRB, p.sinrDB)
	return p.bits < p.wanted // so that one PRB less would not hold it
}
