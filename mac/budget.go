// SPDX-License-Identifier: Apache-2.0

package mac

import "math"

// fitBudget makes the plans of a slot fit the budget of the receiver, as far as its work
// can be predicted. Retransmissions that do not fit wait. New blocks all get the same: a
// few steps of MCS lower, where that saves more work (fewer bits, fewer iterations) than
// it costs bits, and the same share of their PRBs; of several ways the one with most bits
// is taken. Where the share would be small, blocks of the lowest rate over past rate go.
func (c *Cell) fitBudget() {
	if c.state.BudgetMicros == 0 || len(c.plans) == 0 {
		return
	}
	w := &c.state.Work
	left := c.state.BudgetMicros/math.Exp(w.LogQuantile) - w.Factors[perSlot]
	n, fresh := 0, 0
	for i := range c.plans {
		p := c.plans[i]
		p.iterations = c.work.iterations(c.margin(&p, 0), c.transmissions(&p)+1)
		if cost := c.cost(&p); p.first || cost <= left {
			if p.first {
				fresh++
			} else {
				left -= cost
			}
			c.plans[n] = p
			n++
		}
	}
	c.plans = c.plans[:n]
	if fresh > 0 {
		c.shrink(c.plans[n-fresh:], left)
	}
}

// transmissions returns how often the block of a plan has been sent.
func (c *Cell) transmissions(p *plan) uint8 {
	if p.first {
		return 0
	}
	return c.ues[p.ue].Processes[p.process].Transmissions
}

// margin returns the SINR above what a plan needs, with an MCS that is lower by down.
func (c *Cell) margin(p *plan, down int) float32 {
	g := &p.grant
	return p.sinrDB - c.inner.need(g.MCSTable, max(g.MCSIndex-down, 0), p.bits)
}

// cost returns the predicted work of a plan, µs.
func (c *Cell) cost(p *plan) float64 { return c.state.Work.predict(c.work.terms(p)) }

const (
	mostDown   = 8    // steps of MCS that a budget may take
	leastShare = 0.25 // of the PRBs, before blocks are left out
)

// shrink makes new blocks, which stand at the end of the plans, fit into what is left.
func (c *Cell) shrink(fresh []plan, left float64) {
	first := len(c.plans) - len(fresh)
	for len(fresh) > 0 {
		fixed := float64(len(fresh)) * c.state.Work.Factors[perGrant]
		down, share := c.bestShare(fresh, left-fixed)
		if down == 0 && share >= 1 {
			break
		}
		if share >= leastShare || len(fresh) == 1 && share > 0 {
			c.apply(fresh, down, share)
			break
		}
		fresh = c.dropWorst(fresh)
	}
	for len(fresh) > 0 && c.total(fresh) > left {
		fresh = c.dropWorst(fresh)
	}
	c.plans = c.plans[:first+len(fresh)]
}

// bestShare returns by how much the MCS goes down and which share of the PRBs stays, so
// that most bits fit into left, µs without what a grant costs by itself.
func (c *Cell) bestShare(fresh []plan, left float64) (down int, share float64) {
	most := 0.0
	for d := range mostDown {
		bits, work := 0.0, 0.0
		for i := range fresh {
			p := &fresh[i]
			mcs := max(p.grant.MCSIndex-d, 0)
			row, _ := p.grant.MCSTable.Row(mcs)
			re := float64(c.rePerRB[p.ue]*p.grant.NumPRB*p.grant.NumLayers) / 1000
			coded := re * float64(row.Modulation.BitsPerSymbol())
			iterations := float64(c.work.iterations(c.margin(p, d), 1))
			bits += coded * row.Rate.Float()
			work += c.state.Work.Factors[perKiloRE]*re + c.state.Work.Factors[perKiloBitIteration]*coded*iterations
		}
		s := 1.0
		if work > left {
			s = max(left, 0) / work
		}
		if s*bits > most {
			most, down, share = s*bits, d, s
		}
	}
	return down, share
}

// apply lowers MCS and PRBs of new blocks.
func (c *Cell) apply(fresh []plan, down int, share float64) {
	for i := range fresh {
		p := &fresh[i]
		g := &p.grant
		g.MCSIndex = max(g.MCSIndex-down, 0)
		g.NumPRB = max(int(share*float64(g.NumPRB)), 1)
		if p.shared {
			p.bits = c.blockBits(p.ue, g)
		} else {
			c.trim(p, g, g.NumPRB)
		}
		p.iterations = c.work.iterations(c.margin(p, 0), 1)
	}
}

// total returns the predicted work of plans, µs.
func (c *Cell) total(plans []plan) float64 {
	sum := 0.0
	for i := range plans {
		sum += c.cost(&plans[i])
	}
	return sum
}

// dropWorst leaves out the new block that is worth least.
func (c *Cell) dropWorst(fresh []plan) []plan {
	worst, least := 0, math.Inf(1)
	for i := range fresh {
		p := &fresh[i]
		if x := float64(p.bits) / c.ues[p.ue].Average.Before(c.state.Slot, c.cfg.Discount); x < least {
			worst, least = i, x
		}
	}
	copy(fresh[worst:], fresh[worst+1:])
	return fresh[:len(fresh)-1]
}
