// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/neuroran/neuroran/placement/sim"
)

// starts writes the best of three runs per instance, each of as many places as -budget says.
func (b *bench) starts() error {
	file, err := os.Create(b.file)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, recipe := range recipes() {
		if recipe.Nodes < b.least || recipe.Nodes > b.most {
			continue
		}
		in, err := sim.Generate(recipe)
		if err != nil {
			return err
		}
		best, err := bestOfThree(in, b.learned, b.budget)
		if err != nil {
			return err
		}
		line := struct {
			Name  string       `json:"name"`
			BestW float64      `json:"best_w"`
			Units []sim.Placed `json:"units"`
		}{in.Name, best.Energy(), sim.PlacesOf(best)}
		if err := json.NewEncoder(file).Encode(line); err != nil {
			return err
		}
		fmt.Fprintf(b.out, "%s: %.2f W\n", in.Name, best.Energy())
	}
	return nil
}
