// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/neuroran/neuroran/placement/sim"
)

// dayRecipes are the days of the tables: the load of a recipe is that at which all units do
// the most that they do in the day.
func dayRecipes() (all []sim.Recipe) {
	for _, load := range []float64{0.6, 0.3} {
		for seed := range uint64(2) {
			all = append(all, sim.Recipe{Nodes: 20, Units: 40, Load: load, Seed: seed + 1, Hop: 1})
		}
	}
	return all
}

// days prints what agents take in a day, and how many times that others take.
func (b *bench) days() error {
	fmt.Fprintln(b.out, "| day | kWh | of it moves | static at peak | MostAllocated each step | all on | central each step | moves per unit-hour, late / all | settles s, median / worst | violations | CPU s |\n|---|---|---|---|---|---|---|---|---|---|---|")
	for _, recipe := range dayRecipes() {
		in, err := sim.Generate(recipe)
		if err != nil {
			return err
		}
		r, err := sim.RunDay(sim.Config{Policy: b.learned, Planner: true, Seed: 1, Loss: 0.01, StepBudget: b.perStep}, in)
		if err != nil {
			return err
		}
		d := r.Day
		fmt.Fprintf(b.out, "| %s | %.2f | %.2f | %.2f x | %.2f x | %.2f x | %.2f x | %.2f / %.2f | %.2f / %.2f | %d | %.0f |\n",
			in.Name, d.KWh, d.KWhMoves, d.KWhStatic/d.KWh, d.KWhMostAllocated/d.KWh, d.KWhAllOn/d.KWh, d.KWhCentral/d.KWh,
			d.MovesPerUnitHour, d.AllPerUnitHour, d.SettleP50, d.SettleWorst, r.Violations, r.CPUSeconds)
	}
	return nil
}
