// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// scaleTime is the virtual time of the large run: 150 rounds.
const scaleTime = 3 * time.Second

// Size of a zone of the large run, and how many rounds of 20 ms a second has.
const (
	zoneNodes       = 200
	zoneUnits       = 400
	roundsPerSecond = 50
)

// scale runs 10 000 nodes, as zones of 200 one after the other, with a planner in each and
// without, and a central search on the same zones.
func (b *bench) scale() error {
	in, err := sim.Generate(sim.Recipe{Nodes: zoneNodes * b.zones, Units: zoneUnits * b.zones, Load: 0.6, Seed: 1, Zones: b.zones, Hop: 1})
	if err != nil {
		return err
	}
	watts, err := b.centralZones(in)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "%d nodes, %d units; central ruin and recreate: %.0f W\n", len(in.Nodes), len(in.Units), watts)
	for _, with := range []bool{true, false} {
		who := "with planners"
		if !with {
			who = "agents alone"
		}
		r, err := sim.Run(sim.Config{Policy: b.learned, Planner: with, Seed: 1, Loss: 0.01, Most: scaleTime, PlanBudget: 100000, NodeBudget: 5000}, in)
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "%s, %.1f s: %.0f W, %+.1f %% over central, %d without a place, %d violations, %d rejects, %d moves, %.1f letters per node and round, %.0f s of CPU, %.0f MiB at most\n",
			who, r.VirtualSeconds, r.EnergyW, percent(r.EnergyW, watts), r.Unplaced, r.Violations, r.Rejects, r.Moves, r.LettersPerS/roundsPerSecond, r.CPUSeconds, peakMiB())
	}
	return nil
}

// centralZones returns what ruin and recreate reaches on all zones of an instance.
func (b *bench) centralZones(in *plan.Instance) (float64, error) {
	s, _, err := onePass(in, b.learned)
	if err != nil {
		return 0, err
	}
	ruiner := plan.NewRuiner(s.View())
	for zone := range b.zones {
		ruiner.Zone(s, zone, centralBudget, 1)
	}
	return s.Energy(), nil
}

// centralBudget is how many places a central search prices per zone of the large run.
const centralBudget = 4000000
