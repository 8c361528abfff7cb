// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/neuroran/neuroran/placement/sim"

// recipes are the instances of which references are computed: sixteen, each at high and at
// low load.
func recipes() (all []sim.Recipe) {
	for _, r := range [][3]int{
		{10, 20, 1}, {10, 20, 2}, {12, 24, 1}, {15, 30, 1}, {20, 40, 1}, {20, 40, 2}, {20, 60, 3}, {20, 80, 4},
		{25, 50, 1}, {25, 50, 2}, {30, 60, 1}, {30, 60, 2}, {40, 80, 1}, {40, 80, 2}, {50, 100, 1}, {50, 100, 2},
	} {
		for _, load := range []float64{0.6, 0.2} {
			all = append(all, sim.Recipe{Nodes: r[0], Units: r[1], Load: load, Seed: uint64(r[2]), Hop: 1})
		}
	}
	return all
}
