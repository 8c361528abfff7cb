// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// policies compares them in one central pass, and as what agents without a planner order by.
func (b *bench) policies() error {
	fmt.Fprintln(b.out, "| policy | one pass, high | low | agents alone, high | low |\n|---|---|---|---|---|")
	for _, policy := range append(plan.Policies(), b.learned) {
		fmt.Fprintf(b.out, "| %s ", policy.Name())
		for _, agents := range []bool{false, true} {
			for _, load := range loads {
				g, err := b.each(load, func(in *plan.Instance, g *gaps) error { return b.onePolicy(in, policy, agents, g) })
				if err != nil {
					return err
				}
				fmt.Fprintf(b.out, "| %v ", g)
			}
		}
		fmt.Fprintln(b.out, "|")
	}
	return nil
}

func (b *bench) onePolicy(in *plan.Instance, policy plan.Policy, agents bool, g *gaps) error {
	if agents {
		return b.simulate(in, sim.Config{Policy: policy}, g)
	}
	s, unplaced, err := onePass(in, policy)
	if err != nil {
		return err
	}
	g.add(s.Energy(), in.BoundW, 0, unplaced)
	return nil
}

// onePass places all units of an instance, one after the other. It returns how many find no
// place.
func onePass(in *plan.Instance, policy plan.Policy) (s *plan.State, unplaced int, err error) {
	v, err := plan.NewView(in)
	if err != nil {
		return nil, 0, err
	}
	s = plan.NewState(v)
	return s, (&plan.Choice{Policy: policy}).PlaceAll(s), nil
}

// each lets a method run on all instances of a load.
func (b *bench) each(load string, method func(in *plan.Instance, g *gaps) error) (*gaps, error) {
	all, err := b.instances(load)
	if err != nil {
		return nil, err
	}
	g := new(gaps)
	for _, in := range all {
		if err := method(in, g); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// simulate runs agents for all seeds.
func (b *bench) simulate(in *plan.Instance, cfg sim.Config, g *gaps) error {
	for seed := range b.seeds {
		cfg.Seed, cfg.Loss = seed+1, 0.01
		r, err := sim.Run(cfg, in)
		if err != nil {
			return err
		}
		if r.Violations > 0 {
			fmt.Fprintf(b.out, "%s, seed %d: %d violations\n", in.Name, cfg.Seed, r.Violations)
		}
		g.add(r.EnergyW, in.BoundW, r.CPUSeconds, r.Unplaced)
		if in.BestW > 0 {
			g.best += percent(r.EnergyW, in.BestW)
		}
	}
	return nil
}
