// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// hopFactors are by what the processor time of a hop is multiplied.
var hopFactors = [...]float64{0, 1, 3}

// hops prints what the price of a hop changes: watts of the best placement found, how many
// links are hops in it, and what agents take more than it, with a planner and without.
func (b *bench) hops() error {
	fmt.Fprintln(b.out, "| hop, load | best found W | links that are hops | planner, over it | planner dead | central, same CPU |\n|---|---|---|---|---|---|")
	for _, load := range []float64{0.6, 0.2} {
		for _, factor := range hopFactors {
			in, err := sim.Generate(sim.Recipe{Nodes: 20, Units: 40, Load: load, Seed: 2, Hop: factor})
			if err != nil {
				return err
			}
			if err := b.hop(in, factor, load); err != nil {
				return err
			}
		}
	}
	return nil
}

// hop prints one line: the best state found takes the place of the bound.
func (b *bench) hop(in *plan.Instance, factor, load float64) error {
	best, err := bestOfThree(in, b.learned, b.budget)
	if err != nil {
		return err
	}
	in.BoundW = best.Energy()
	var with, dead, central gaps
	if err := b.simulate(in, sim.Config{Policy: b.learned, Planner: true}, &with); err != nil {
		return err
	}
	if err := b.simulate(in, sim.Config{Policy: b.learned}, &dead); err != nil {
		return err
	}
	cpu := with.cpu / float64(with.n)
	s, err := recreate(in, b.learned, int(cpu*pricesPerSecond), 4)
	if err != nil {
		return err
	}
	central.add(s.Energy(), in.BoundW, cpu, s.Unplaced())
	fmt.Fprintf(b.out, "| %g x, %g | %.1f | %d of %d | %v | %v | %v |\n", factor, load, in.BoundW, hopsOf(in, best), len(in.Links), &with, &dead, &central)
	return nil
}

// hopsOf returns how many links of an instance have their ends at two nodes.
func hopsOf(in *plan.Instance, s *plan.State) (n int) {
	node := make(map[string]int32, len(in.Units))
	for u := range in.Units {
		node[in.Units[u].ID] = s.Place(u).Node
	}
	for _, l := range in.Links {
		if node[l.From] != node[l.To] {
			n++
		}
	}
	return n
}
