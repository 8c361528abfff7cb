// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"fmt"

	"github.com/neuroran/neuroran/placement/sim"
)

func ExampleGenerate() {
	recipe, err := sim.ParseRecipe("nodes=20,units=40,load=0.6,seed=1")
	if err != nil {
		fmt.Println(err)
		return
	}
	in, err := sim.Generate(recipe)
	if err != nil {
		fmt.Println(err)
		return
	}
	first := in.Units[0]
	fmt.Println(len(in.Nodes), "nodes,", len(in.Units), "units, the first one a", first.Kind)
	// Output: 20 nodes, 40 units, the first one a cell-106-low
}
