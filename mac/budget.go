// SPDX-License-Identifier: Apache-2.0

package mac

import "math"

// fitBudget makes the plans of a slot fit the budget of the receiver, as far as its work
// can be predicted. Retransmissions that do not fit wait. Of the new blocks those stay that
// are worth most for their work, and all of these get the same: a few steps of MCS lower,
// where that saves more work (fewer bits, fewer iterations) than it costs bits, and the same
// share of their PRBs. Of all numbers of blocks and of steps that is taken which is worth
// most, in bits over past rate.
//
// One new block of a UE in probeEvery keeps its MCS, so that the outer loop goes on: it learns
// nothing from blocks with an MCS that was lowered.
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
func (c *Cell) cost(p *plan) float64 {
	x, sum := c.work.terms(p), 0.0
	for i := range x {
		sum += max(c.state.Work.Factors[i], 0) * x[i]
	}
	return sum
}

const (
	mostDown   = 8 // steps of MCS that a budget may take
	probeEvery = 8 // new blocks of a UE, of which one keeps its MCS
)

// shrink makes new blocks, which stand at the end of the plans, fit into what is left, µs.
func (c *Cell) shrink(fresh []plan, left float64) {
	first := len(c.plans) - len(fresh)
	if c.total(fresh) > left {
		c.rank(fresh)
		n, down, share := c.bestShare(fresh, left)
		fresh = fresh[:n]
		c.apply(fresh, down, share)
		for len(fresh) > 0 && c.total(fresh) > left { // rounding
			fresh = fresh[:len(fresh)-1]
		}
	}
	c.plans = c.plans[:first+len(fresh)]
}

// rank sorts new blocks by what they are worth for their work, the best first.
func (c *Cell) rank(fresh []plan) {
	for i := range fresh {
		p := &fresh[i]
		p.worth = float64(p.bits) / c.ues[p.ue].Average.Before(c.state.Slot, c.cfg.Discount)
		x := p.worth / c.cost(p)
		k := i
		for one := *p; ; k-- {
			if k == 0 || fresh[k-1].worth/c.cost(&fresh[k-1]) >= x {
				fresh[k] = one
				break
			}
			fresh[k] = fresh[k-1]
		}
	}
}

// bestShare returns how many new blocks stay, by how much their MCS goes down, and which share
// of their PRBs is left.
func (c *Cell) bestShare(fresh []plan, left float64) (n, down int, share float64) {
	var worth, work [mostDown]float64 // of the blocks so far, by steps
	f, most := &c.state.Work.Factors, 0.0
	for i := range fresh {
		p := &fresh[i]
		re := float64(c.rePerRB[p.ue]*p.grant.NumPRB*p.grant.NumLayers) / 1000
		room := left - float64(i+1)*max(f[perGrant], 0)
		for d := range mostDown {
			steps := c.down(p, d)
			mcs := max(p.grant.MCSIndex-steps, 0)
			row, _ := p.grant.MCSTable.Row(mcs)
			coded := re * float64(row.Modulation.BitsPerSymbol())
			x := p.worth * coded * row.Rate.Float() * 1000 / float64(p.bits)
			if steps == 0 {
				x *= 1 - c.cfg.TargetBLER
			}
			worth[d] += x
			iterations := float64(c.work.iterations(c.margin(p, steps), 1))
			work[d] += max(f[perKiloRE], 0)*re + max(f[perKiloBit], 0)*coded + max(f[perKiloBitIteration], 0)*coded*iterations
			s := 1.0
			if work[d] > room {
				s = max(room, 0) / work[d]
			}
			if s*worth[d] > most {
				most, n, down, share = s*worth[d], i+1, d, s
			}
		}
	}
	return n, down, share
}

// apply lowers MCS and PRBs of new blocks.
func (c *Cell) apply(fresh []plan, down int, share float64) {
	for i := range fresh {
		p := &fresh[i]
		g := &p.grant
		if d := min(c.down(p, down), g.MCSIndex); d > 0 {
			g.MCSIndex -= d
			p.lowered = true
		}
		if share < 1 {
			c.narrow(p, max(int(share*float64(g.NumPRB)), 1))
		}
		if p.shared {
			p.bits = c.blockBits(p.ue, g)
		} else {
			c.trim(p, g, g.NumPRB)
		}
		p.iterations = c.work.iterations(c.margin(p, 0), 1)
	}
}

// down returns by how much the MCS of a new block goes down, where that of others goes by d.
func (c *Cell) down(p *plan, d int) int {
	if c.ues[p.ue].Counts.New%probeEvery == 0 {
		return 0
	}
	return d
}

// narrow leaves the best num of a plan's PRBs: a block on shared PRBs keeps the first, as its
// partner does.
func (c *Cell) narrow(p *plan, num int) {
	g := &p.grant
	start, best := g.StartPRB, float32(math.Inf(-1))
	q := &c.ues[p.ue].Quality
	for i := range c.groups {
		at := max(c.groups[i].start, g.StartPRB)
		if at >= c.groups[i].end || at+num > g.StartPRB+g.NumPRB || p.shared {
			continue
		}
		if x := c.inner.effectiveDB(q, c.groups, at, num); x > best {
			start, best = at, x
		}
	}
	g.StartPRB, g.NumPRB = start, num
}

// total returns the predicted work of plans, µs.
func (c *Cell) total(plans []plan) float64 {
	sum := 0.0
	for i := range plans {
		sum += c.cost(&plans[i])
	}
	return sum
}
