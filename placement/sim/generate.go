// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/placement/plan"
)

// A Recipe says what instance to generate. Equal recipes give equal instances, byte by
// byte, on every machine.
type Recipe struct {
	Nodes int     // nodes, 1 or more
	Units int     // units, 1 or more
	Load  float64 // work of all units by the processors that may be busy, above 0
	Seed  uint64  // of the random numbers
	Zones int     // zones of equal size, 1 if 0
	Hop   float64 // factor of the processor time of a hop, 1 if 0
}

// ParseRecipe reads a recipe as the command line has it:
// "nodes=20,units=40,load=0.6,seed=1", and, if wanted, "zones=50" and "hop=3".
func ParseRecipe(text string) (Recipe, error) {
	r := Recipe{Zones: 1, Hop: 1}
	seen := make(map[string]bool)
	for field := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(field, "=")
		if seen[name] {
			return r, fmt.Errorf("sim: recipe %q: got %s twice, want it once", text, name)
		}
		seen[name] = true
		var err error
		switch name {
		case "nodes":
			r.Nodes, err = strconv.Atoi(value)
		case "units":
			r.Units, err = strconv.Atoi(value)
		case "load":
			r.Load, err = strconv.ParseFloat(value, 64)
		case "seed":
			r.Seed, err = strconv.ParseUint(value, 10, 64)
		case "zones":
			r.Zones, err = strconv.Atoi(value)
		case "hop":
			r.Hop, err = strconv.ParseFloat(value, 64)
		default:
			return r, fmt.Errorf("sim: recipe %q: got %q, want nodes, units, load, seed, zones or hop", text, name)
		}
		if err != nil {
			return r, fmt.Errorf("sim: recipe %q: %s: got %q, want a number", text, name, value)
		}
	}
	return r, r.validate()
}

func (r Recipe) validate() error {
	switch {
	case r.Nodes < 1 || r.Nodes > plan.MaxNodes:
		return fmt.Errorf("sim: recipe: nodes: got %d, want 1 to %d", r.Nodes, plan.MaxNodes)
	case r.Units < 1 || r.Units > plan.MaxUnits:
		return fmt.Errorf("sim: recipe: units: got %d, want 1 to %d", r.Units, plan.MaxUnits)
	case !(r.Load > 0 && r.Load <= 10):
		return fmt.Errorf("sim: recipe: load: got %g, want above 0 and at most 10", r.Load)
	case r.Zones < 1 || r.Zones > r.Nodes || r.Nodes%r.Zones != 0 || r.Units%r.Zones != 0:
		return fmt.Errorf("sim: recipe: zones: got %d, want a divisor of %d nodes and %d units", r.Zones, r.Nodes, r.Units)
	case !(r.Hop >= 0 && r.Hop <= 100):
		return fmt.Errorf("sim: recipe: hop: got %g, want 0 to 100", r.Hop)
	}
	return nil
}

// String returns the recipe as [ParseRecipe] reads it.
func (r Recipe) String() string {
	text := fmt.Sprintf("nodes=%d,units=%d,load=%g,seed=%d", r.Nodes, r.Units, r.Load, r.Seed)
	if r.Zones > 1 {
		text += fmt.Sprintf(",zones=%d", r.Zones)
	}
	if r.Hop != 1 {
		text += fmt.Sprintf(",hop=%g", r.Hop)
	}
	return text
}

// Steps is the number of steps of a day: one per quarter of an hour.
const Steps = 96

// Generate returns the instance of a recipe, or an error if the recipe is out of its
// range. Nodes are of the five kinds of docs/placement.md, at sites within 12 km; units
// are cells of three sizes, whole or cut at the soft bits, their standbys, and what works
// on their results. Work is scaled until the load is that of the recipe.
func Generate(r Recipe) (*plan.Instance, error) {
	if r.Zones == 0 {
		r.Zones = 1
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	in := &plan.Instance{
		Version: plan.InstanceVersion, Name: r.String(), SlotUS: 500,
		Hop: plan.Hop{
			CPUMicros: 15 * r.Hop, CPUMicrosPerKB: 0.3 * r.Hop,
			LatencyMicros: 35, LatencyMicrosPerKB: 0.2, MicrosPerKM: 5, NanojoulesPerBit: 1,
		},
		Limits: plan.Limits{CPU: 0.75, Accelerator: 0.65, MarginMicros: 50},
		Move:   plan.MoveCost{Joules: 5, FedSlots: 4, Horizon: 900},
	}
	for zone := range r.Zones {
		g := &generator{in: in, zone: zone, random: rand.New(rand.NewPCG(r.Seed, uint64(zone)))}
		g.nodes(r.Nodes / r.Zones)
		g.units(r.Units/r.Zones, r.Load)
	}
	return in, in.Validate()
}

// generator makes one zone of an instance.
type generator struct {
	in     *plan.Instance
	zone   int
	random *rand.Rand
	sites  [][2]float64
	first  int     // number of the zone's first node
	cores  float64 // of the zone, weighed by speed
}

// between returns a number between two, rounded so that files are short.
func (g *generator) between(least, most, step float64) float64 {
	return round(least+(most-least)*g.random.Float64(), step)
}

// round rounds to a multiple of a step. Steps are 1/n: so the result is the nearest number
// to a short decimal fraction.
func round(v, step float64) float64 {
	n := math.Round(1 / step)
	return math.Round(v*n) / n
}

// nodeKinds are the nodes that exist, with their shares in a zone. Watts and cores are
// those of docs/placement.md.
func nodeKinds() []struct {
	share float64
	node  plan.Node
} {
	type kind = struct {
		share float64
		node  plan.Node
	}
	server := plan.Node{Cores: 48, Speed: 1, Memory: 196608, SleepW: 8, IdleW: 112, MaxW: 385, WakeJoules: 6000}
	gpu, ldpc := server, server
	gpu.Accelerator = &plan.Accelerator{Kind: "gpu", IdleW: 36, MaxW: 250, Memory: 16384}
	ldpc.Accelerator = &plan.Accelerator{Kind: "ldpc", IdleW: 18, MaxW: 45, Memory: 4096}
	return []kind{
		{0.30, plan.Node{Cores: 16, Speed: 0.8, Memory: 65536, SleepW: 5, IdleW: 45, MaxW: 110, WakeJoules: 1800}},
		{0.25, plan.Node{
			Cores: 12, Speed: 0.6, Memory: 32768, SleepW: 2, IdleW: 9, MaxW: 30, WakeJoules: 300,
			Accelerator: &plan.Accelerator{Kind: "gpu", IdleW: 3, MaxW: 30, Memory: 16384},
		}},
		{0.15, server},
		{0.15, gpu},
		{0.15, ldpc},
	}
}

// nodes makes the nodes of the zone: about four at each site.
func (g *generator) nodes(n int) {
	const radius = 12.0 // kilometres
	g.first = len(g.in.Nodes)
	for range (n + 3) / 4 {
		g.sites = append(g.sites, [2]float64{g.between(-radius, radius, 0.1), g.between(-radius, radius, 0.1)})
	}
	for i := range n {
		draw := g.random.Float64()
		kinds := nodeKinds()
		k := 0
		for draw >= kinds[k].share && k < len(kinds)-1 {
			draw -= kinds[k].share
			k++
		}
		node := kinds[k].node
		node.ID, node.Zone = fmt.Sprintf("n%d", g.first+i), g.zone
		site := g.sites[i%len(g.sites)]
		node.X, node.Y = site[0], site[1]
		g.cores += node.Cores * node.Speed
		g.in.Nodes = append(g.in.Nodes, node)
	}
}
