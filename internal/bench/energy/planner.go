// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// planner prints each instance: with planner, planner dead, and central.
func (b *bench) planner() error {
	fmt.Fprintln(b.out, "| instance | bound W | best known % | planner, mean / worst % | over the best known % | CPU s | planner dead | central, same CPU |\n|---|---|---|---|---|---|---|---|")
	for _, load := range loads {
		var sums [3]gaps
		_, err := b.each(load, func(in *plan.Instance, _ *gaps) error {
			var one [3]gaps
			if err := b.simulate(in, sim.Config{Policy: b.learned, Planner: true}, &one[0]); err != nil {
				return err
			}
			if err := b.simulate(in, sim.Config{Policy: b.learned}, &one[1]); err != nil {
				return err
			}
			cpu := one[0].cpu / float64(one[0].n)
			watts, err := central(in, b.learned, int(cpu*pricesPerSecond))
			if err != nil {
				return err
			}
			one[2].add(watts, in.BoundW, cpu, 0)
			fmt.Fprintf(b.out, "| %s | %.1f | %.1f | %v | %.1f | %.1f | %v | %v |\n", in.Name, in.BoundW, percent(in.BestW, in.BoundW), &one[0], one[0].best/float64(one[0].n), cpu, &one[1], &one[2])
			for i := range sums {
				sums[i].sum, sums[i].n = sums[i].sum+one[i].sum, sums[i].n+one[i].n
				sums[i].worst, sums[i].best = math.Max(sums[i].worst, one[i].worst), sums[i].best+one[i].best
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "| all, %s | | | %v | %.1f | | %v | %v |\n", load, &sums[0], sums[0].best/float64(sums[0].n), &sums[1], &sums[2])
	}
	return nil
}

// pricesPerSecond is about how many places a second of a processor prices.
const pricesPerSecond = 8e6

// central returns what ruin and recreate reaches that sees everything and moves for
// nothing.
func central(in *plan.Instance, policy plan.Policy, budget int) (float64, error) {
	s, err := recreate(in, policy, budget, 1)
	if err != nil {
		return 0, err
	}
	return s.Energy(), nil
}

func recreate(in *plan.Instance, policy plan.Policy, budget int, seed uint64) (*plan.State, error) {
	s, _, err := onePass(in, policy)
	if err != nil {
		return nil, err
	}
	plan.NewRuiner(s.View()).Zone(s, 0, budget, seed)
	return s, nil
}

// bestOfThree returns the state that takes least of those that three seeds reach.
func bestOfThree(in *plan.Instance, policy plan.Policy, budget int) (best *plan.State, err error) {
	for seed := range uint64(3) {
		s, err := recreate(in, policy, budget, seed)
		if err != nil {
			return nil, err
		}
		if best == nil || s.Energy() < best.Energy() {
			best = s
		}
	}
	return best, nil
}
