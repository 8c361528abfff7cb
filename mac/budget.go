// SPDX-License-Identifier: Apache-2.0

package mac

import "math"

// fitBudget makes the plans of a slot fit the budget of the receiver, as far as its work
// can be predicted:
//
//  1. Of the budget, the fixed work of a slot is set aside, and what predictions have been
//     short of so far: its quantile.
//  2. Retransmissions that fit stay, in their order, each bounded to little more LDPC iterations
//     than it is expected to take. Those that do not fit wait; one that would not fit into
//     an empty slot either, since the budget has been cut, is sent all the same.
//  3. What is left is a knapsack for new blocks. They are taken by worth over work, until the
//     budget is full; the last one gives up PRBs. All get the same bound on iterations, which
//     makes their work certain and costs so many dB ([Bounds]) that link adaptation takes a
//     lower MCS: of several bounds the one is taken with which the blocks are worth most.
//
// Worth are bits times the weight by which the policy has given groups away, or over the UE's
// past rate where the policy has no weights.
func (c *Cell) fitBudget() {
	if c.state.BudgetMicros == 0 || len(c.plans) == 0 {
		return
	}
	w := &c.state.Work
	whole := c.state.BudgetMicros/math.Exp(w.LogQuantile) - w.Factors[perSlot]
	left, n, fresh := whole, 0, 0
	for i := range c.plans {
		p := c.plans[i]
		if p.first {
			c.expect(&p)
			fresh++
		} else if cost := c.boundAgain(&p, left); cost <= left || left == whole && cost > whole {
			left -= cost
		} else {
			continue
		}
		c.plans[n] = p
		n++
	}
	c.plans = c.plans[:n]
	if fresh > 0 {
		c.shrink(c.plans[n-fresh:], left)
	}
}

// boundAgain bounds the iterations of a retransmission to what it needs at most, or to fewer
// where that makes it fit into what is left, µs, and returns its work.
func (c *Cell) boundAgain(p *plan, left float64) (cost float64) {
	configured := p.grant.MaxIterations
	bound := int(math.Ceil(float64(c.work.most(c.margin(p), c.transmissions(p)+1))))
	for ; ; bound-- {
		p.grant.MaxIterations = tighter(configured, bound)
		c.expect(p)
		if cost = c.cost(p); cost <= left || bound <= tightest {
			return cost
		}
	}
}

// tightest is the smallest bound on iterations that a budget sets.
const tightest = 3

// transmissions returns how often the block of a plan has been sent.
func (c *Cell) transmissions(p *plan) uint8 {
	if p.first {
		return 0
	}
	return c.ues[p.ue].Processes[p.process].Transmissions
}

// margin returns the SINR of a plan above what its MCS needs without a bound on iterations.
func (c *Cell) margin(p *plan) float32 {
	return p.sinrDB - c.inner.need(p.grant.MCSTable, p.grant.MCSIndex, p.bits)
}

// expect writes which iterations are expected of a plan, and which it is taken to need at most.
func (c *Cell) expect(p *plan) {
	margin, times := c.margin(p), c.transmissions(p)+1
	p.iterations = bounded(c.work.iterations(margin, times), p.grant.MaxIterations)
	p.most = bounded(c.work.most(margin, times), p.grant.MaxIterations)
}

// bounded returns iterations under a bound, where 0 is none.
func bounded(iterations float32, bound int) float32 {
	if bound == 0 {
		return iterations
	}
	return min(iterations, float32(bound))
}

// tighter returns the smaller of two bounds, where 0 is none.
func tighter(a, b int) int {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// cost returns the work that is kept free for a plan, µs.
func (c *Cell) cost(p *plan) float64 {
	x, sum := p.terms(p.most), 0.0
	for i := range x {
		sum += max(c.state.Work.Factors[i], 0) * x[i]
	}
	return sum
}

// total returns the work that is kept free for plans, µs.
func (c *Cell) total(plans []plan) float64 {
	sum := 0.0
	for i := range plans {
		sum += c.cost(&plans[i])
	}
	return sum
}

// priceStep is how fast the price of work follows that of the last slots.
const priceStep = 0.1

// triedBounds are the bounds on iterations among which new blocks have a choice, and usualBound
// is the one by which they are ranked.
var triedBounds = [...]int{0, 10, 8, 6, 5, 4, tightest}

const usualBound = 6

// shrink makes new blocks, which stand at the end of the plans, fit into what is left, µs.
func (c *Cell) shrink(fresh []plan, left float64) {
	first := len(c.plans) - len(fresh)
	for i := range fresh {
		fresh[i].weight = c.weightOf(fresh[i].ue)
	}
	c.rank(fresh)
	best := filling{}
	for _, bound := range triedBounds {
		if f := c.fill(fresh, bound, left); f.worth > best.worth {
			best = f
		}
	}
	c.state.WorkPrice += priceStep * (best.price - c.state.WorkPrice)
	fresh = fresh[:best.blocks]
	for i := range fresh {
		c.bound(&fresh[i], best.bound)
	}
	for len(fresh) > 0 {
		p := &fresh[len(fresh)-1]
		over := c.total(fresh) - left
		if over <= 0 {
			break
		}
		fixed := c.state.Work.grant(p.grant.NumPRB)
		each := (c.cost(p) - fixed) / float64(p.grant.NumPRB)
		num := p.grant.NumPRB - max(int(math.Ceil(over/max(each, 1e-3))), 1)
		if num < 1 || p.shared {
			fresh = fresh[:len(fresh)-1]
			continue
		}
		c.narrow(p, num)
		c.bound(p, best.bound)
	}
	c.plans = c.plans[:first+len(fresh)]
}

// weightOf returns what a bit of a UE is worth.
func (c *Cell) weightOf(ue int) float64 {
	for i := range c.view.UEs {
		if u := &c.view.UEs[i]; u.index == ue {
			if w := c.view.weights[i]; w > 0 {
				return w
			}
			return 1 / u.PastRate
		}
	}
	return 0
}

// rank sorts new blocks by what they are worth for their work, the best first.
func (c *Cell) rank(fresh []plan) {
	for i := range fresh {
		p := &fresh[i]
		worth, work := c.estimate(p, usualBound)
		p.rank = worth / (c.state.Work.grant(p.grant.NumPRB) + work)
		k := i
		for one := *p; ; k-- {
			if k == 0 || fresh[k-1].rank >= one.rank {
				fresh[k] = one
				break
			}
			fresh[k] = fresh[k-1]
		}
	}
}

// filling is what of the ranked blocks fits with a bound on their iterations.
type filling struct {
	bound, blocks int
	worth         float64
	price         float64 // worth over work of what did not fit any more; 0 where everything did
}

// fill takes blocks as long as they fit, of the last one a part.
func (c *Cell) fill(fresh []plan, bound int, left float64) filling {
	f := filling{bound: bound}
	for i := range fresh {
		worth, work := c.estimate(&fresh[i], bound)
		if left -= c.state.Work.grant(fresh[i].grant.NumPRB); left < work {
			f.price = worth / max(work, 1) // a receiver may take no longer for more bits
		}
		if left <= 0 {
			break
		}
		share := min(left/work, 1)
		f.blocks, f.worth = i+1, f.worth+share*worth
		if left -= work; left <= 0 {
			break
		}
	}
	return f
}

// estimate returns about what a new block is worth with a bound on its iterations, and the work
// that it takes, µs, less that of any grant of its PRBs.
func (c *Cell) estimate(p *plan, bound int) (worth, work float64) {
	g, f := &p.grant, &c.state.Work.Factors
	re := float64(c.settled[p.ue].rePerRB * g.NumPRB * g.NumLayers)
	loss := c.inner.bounds.LossDB(g.MCSTable, g.MCSIndex, bound)
	bits, coded := c.inner.bitsAt(g.MCSTable, p.sinrDB-loss), c.inner.codedAt(g.MCSTable, p.sinrDB-loss)
	iterations := bounded(c.work.most(c.margin(p)+loss, 1), bound)
	worth = p.weight * min(re*float64(bits), float64(p.wanted)) * (1 - c.cfg.TargetBLER)
	work = re / 1000 * (max(f[perKiloRE], 0) + float64(coded)*(max(f[perKiloBit], 0)+max(f[perKiloBitIteration], 0)*float64(iterations)))
	return worth, work
}

// bound bounds the iterations of a new block and adapts its MCS to that.
func (c *Cell) bound(p *plan, bound int) {
	g := &p.grant
	g.MaxIterations = tighter(c.ues[p.ue].Config.Grant.MaxIterations, bound)
	p.bits = c.inner.choose(g, c.settled[p.ue].rePerRB, p.sinrDB)
	if !p.shared {
		c.trim(p, g.NumPRB)
	}
	c.expect(p)
}

// narrow leaves the best num of a plan's PRBs.
func (c *Cell) narrow(p *plan, num int) {
	g := &p.grant
	start, best := g.StartPRB, float32(math.Inf(-1))
	u := &c.ues[p.ue]
	for i := range c.groups {
		at := max(c.groups[i].start, g.StartPRB)
		if at >= c.groups[i].end || at+num > g.StartPRB+g.NumPRB {
			continue
		}
		if x := c.effectiveDB(u, at, num); x > best {
			start, best = at, x
		}
	}
	g.StartPRB, g.NumPRB = start, num
	if best > float32(math.Inf(-1)) {
		p.sinrDB = best - float32(u.Loop.OffsetDB)
	}
}
