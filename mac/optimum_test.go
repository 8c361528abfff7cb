// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"math"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// optimum is a scheduler that no cell can be: it knows the SINRs, gives any group to anybody,
// with any bound on iterations, gives parts of groups, pays for one grant per slot, and loses
// as many blocks as it may. What it carries under a budget is the optimum of the
// knapsack that a proportionally fair scheduler has to fill in every slot, relaxed to a linear
// programme: bits over past rate, of work that is bounded. So it is above what is possible.
type optimum struct {
	l       *loop
	perRE   [len(optimumBounds)][optimumSteps]optimumChoice // over the SINR, in tenths of a dB
	at      [][]int                                         // in perRE, of each group and UE
	past    []float64
	carried float64
}

var optimumBounds = [...]int{0, 10, 8, 6, 5, 4, 3}

const optimumSteps, optimumFrom = 600, -20

// optimumChoice is what a resource element carries and takes: bits and µs.
type optimumChoice struct{ bits, micros float64 }

func newOptimum(l *loop) *optimum {
	o := &optimum{l: l, past: make([]float64, len(l.order))}
	for u := range o.past {
		o.past[u] = 10
	}
	o.at = make([][]int, l.cell.NumRBGs())
	for r := range o.at {
		o.at[r] = make([]int, len(l.order))
	}
	for k, bound := range optimumBounds {
		for i := range o.perRE[k] {
			o.perRE[k][i] = choiceAt(bound, optimumFrom+float64(i)/10)
		}
	}
	return o
}

// choiceAt returns the choice of link adaptation at a SINR, and its work: with a bound nearly
// all blocks take as many iterations, and without one eleven, at a tenth of failures.
func choiceAt(bound int, sinrDB float64) optimumChoice {
	const bits, free = 4000, 11
	mcs := 28
	for mcs > 0 && mac.DefaultCurves().Needed(nr.MCSTable64QAM, mcs, bits, 0.1)+float64(mac.DefaultBounds().LossDB(nr.MCSTable64QAM, mcs, bound)) > sinrDB {
		mcs--
	}
	row, _ := nr.MCSTable64QAM.Row(mcs)
	qm, iterations := float64(row.Modulation.BitsPerSymbol()), float64(bound)
	if bound == 0 {
		iterations = free
	}
	return optimumChoice{row.Rate.Float() * qm, (measured.re + qm*(measured.bit+measured.iteration*iterations)) / 1000}
}

// step carries one slot with so much work beside that of any slot, µs.
func (o *optimum) step(slot nr.Slot, micros float64) {
	o.l.slot = slot
	for r := range o.at {
		start, num := o.l.cell.RBG(r)
		for u, t := range o.l.order {
			o.at[r][u] = int(min(max((o.l.sinr(t, start, num)-optimumFrom)*10, 0), optimumSteps-1))
		}
	}
	low, high, share := 0.0, 0.0, 0.0 // of the price of work at which it is just spent
	if o.take(0, 1, nil) > micros {
		for high = 1; o.take(high, 1, nil) > micros; high *= 2 {
		}
		for range 30 {
			if mid := (low + high) / 2; o.take(mid, 1, nil) > micros {
				low = mid
			} else {
				high = mid
			}
		}
		a, b := o.take(low, 1, nil), o.take(high, 1, nil)
		share = (a - micros) / (a - b)
	}
	got := make([]float64, len(o.past))
	o.take(low, 1-share, got)
	o.take(high, share, got)
	for u, bits := range got {
		o.past[u] = max(0.98*o.past[u]+0.02*bits, 1e-3)
		o.carried += bits
	}
}

// take gives every group away at a price of work, adds a share of the bits to got, unless that
// is nil, and returns the work.
func (o *optimum) take(price, share float64, got []float64) (micros float64) {
	for r := range o.at {
		_, num := o.l.cell.RBG(r)
		re := 144 * float64(num)
		best, who, worth := optimumChoice{}, -1, 0.0
		for u, i := range o.at[r] {
			for k := range o.perRE {
				if c := o.perRE[k][i]; re*(c.bits/o.past[u]-price*c.micros) > worth {
					best, who, worth = c, u, re*(c.bits/o.past[u]-price*c.micros)
				}
			}
		}
		if who < 0 {
			continue
		}
		micros += re * best.micros
		if got != nil {
			got[who] += share * re * best.bits
		}
	}
	return micros
}

// optimumRate returns the share of the rate without a budget that is left with one, µs, of
// which noise of the receiver's times takes away what one slot in a thousand exceeds.
func optimumRate(l *loop, budget float64, slots int) float64 {
	run := func(micros float64) float64 {
		o := newOptimum(l)
		for n := range slots {
			if n == slots/4 {
				o.carried = 0
			}
			o.step(nr.Slot(n+1), micros)
		}
		return o.carried
	}
	return run(budget/math.Exp(3.09*measured.noise)-measured.slot-measured.grant-mac.FirstPRBs*measured.first) / run(math.Inf(1))
}
