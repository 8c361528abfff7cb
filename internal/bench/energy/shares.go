// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/bits"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// The three things by which a day takes less. With none of them units are where they have
// room at their peaks, all nodes stay on, and all work is done on processors.
const (
	consolidation = 1 << iota // units are placed anew at each step
	sleep                     // a node without units sleeps
	accelerators              // units may use them
	allThree      = consolidation | sleep | accelerators
)

// shares prints what a day takes with each subset of the three, placed by a central search,
// and how the whole saving is shared out among them.
func (b *bench) shares() error {
	for _, recipe := range dayRecipes() {
		in, err := sim.Generate(recipe)
		if err != nil {
			return err
		}
		var kwh [allThree + 1]float64
		for with := range kwh {
			if kwh[with], err = b.day(in, with, stepBudget); err != nil {
				return err
			}
		}
		fmt.Fprintf(b.out, "%s: kWh of a day, all nodes on, static, on processors alone: %.2f\n", in.Name, kwh[0])
		for with := 1; with < len(kwh); with++ {
			fmt.Fprintf(b.out, "  with%s: %.2f\n", nameOf(with), kwh[with])
		}
		saved := kwh[0] - kwh[allThree]
		for i, share := range shapley(kwh) {
			fmt.Fprintf(b.out, "  share of%s: %.2f kWh, %.0f %% of what is saved\n", nameOf(1<<i), share, 100*share/saved)
		}
	}
	return nil
}

func nameOf(with int) (text string) {
	for i, name := range []string{" consolidation", " sleep", " accelerators"} {
		if with&(1<<i) != 0 {
			text += name
		}
	}
	return text
}

// shapley shares out what all three save together: to each the mean of what it saves when
// it comes to those that are there already, over all orders of coming (Shapley, A value for
// n-person games, 1953). The shares add up to the whole.
func shapley(cost [allThree + 1]float64) (share [3]float64) {
	weight := [...]float64{1. / 3, 1. / 6, 1. / 3} // by how many are there already
	for with := range cost {
		for i := range share {
			if with&(1<<i) == 0 {
				share[i] += weight[bits.OnesCount(uint(with))] * (cost[with] - cost[with|1<<i])
			}
		}
	}
	return share
}

// stepBudget is how many places are priced for each step of a day, and peakShare how many
// times that for the peak.
const (
	stepBudget = 200000
	peakShare  = 10
)

// day returns the kilowatt-hours of a day with some of the three, moves for nothing. Budget
// is how many places are priced per step.
func (b *bench) day(in *plan.Instance, with, budget int) (float64, error) {
	in, on := without(in, with)
	v, err := plan.NewView(in)
	if err != nil {
		return 0, err
	}
	choice := plan.Choice{Policy: b.learned}
	ruiner := plan.NewRuiner(v)
	s := plan.NewState(v.Peak())
	choice.PlaceAll(s)
	ruiner.Zone(s, 0, peakShare*budget, 1)
	now := plan.NewState(v)
	kwh := 0.0
	for t := range v.Steps() {
		now.Reset(v.At(t))
		for u := range in.Units {
			now.Put(u, s.Place(u))
		}
		if with&consolidation != 0 {
			if len(now.Violations(nil)) > 0 { // there is more to do than at the last step
				now.Reset(v.At(t))
				choice.PlaceAll(now)
			}
			ruiner.Zone(now, 0, budget, uint64(t))
			s.Copy(now)
		}
		if n := now.Unplaced(); n > 0 {
			return 0, fmt.Errorf("energy: %s: step %d: %d units without a place", in.Name, t, n)
		}
		kwh += (now.Energy() + on) * 24 / float64(v.Steps()) / 1000
	}
	return kwh, nil
}

// without returns the instance in which there are only some of the three, and the watts
// that nodes which never sleep take all the time.
func without(in *plan.Instance, with int) (*plan.Instance, float64) {
	out, on := *in, 0.0
	out.Nodes = append([]plan.Node(nil), in.Nodes...)
	out.Units = append([]plan.Unit(nil), in.Units...)
	for j := range out.Nodes {
		n := &out.Nodes[j]
		if with&sleep == 0 { // what is always taken decides nothing
			idle := n.IdleW - n.SleepW
			on, n.IdleW, n.MaxW = on+idle, n.SleepW, n.MaxW-idle
		}
		if with&accelerators == 0 {
			n.Accelerator = nil
		}
	}
	if with&accelerators == 0 {
		for u := range out.Units {
			out.Units[u].Modes = out.Units[u].Modes[:1] // of generated units the one on processors
		}
	}
	return &out, on
}
