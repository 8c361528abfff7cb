// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
)

// gaps is what a method takes over the bound, over several runs.
type gaps struct {
	sum, worst, cpu float64
	best            float64 // sum of what it takes over the best assignment known, where there is one
	n, unplaced     int
}

func (g *gaps) add(watts, bound, cpu float64, unplaced int) {
	gap := percent(watts, bound)
	g.sum, g.worst, g.cpu = g.sum+gap, math.Max(g.worst, gap), g.cpu+cpu
	g.n++
	g.unplaced += unplaced
}

func (g *gaps) String() string {
	if g.n == 0 {
		return "-"
	}
	text := fmt.Sprintf("%.1f / %.1f", g.sum/float64(g.n), g.worst)
	if g.unplaced > 0 {
		text += fmt.Sprintf(" (%d without a place)", g.unplaced)
	}
	return text
}

// loads are the two that are reported apart.
var loads = [...]string{"load=0.6", "load=0.2"}

// percent returns by how many per cent a is more than b.
func percent(a, b float64) float64 { return 100 * (a/b - 1) }
