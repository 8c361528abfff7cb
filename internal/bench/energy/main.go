// SPDX-License-Identifier: Apache-2.0

// Command energy prints the tables of docs/placement.md: what policies, agents and
// planners reach over the bound of an exact solver.
//
//	go run ./internal/bench/energy                      # all, about an hour of CPU
//	go run ./internal/bench/energy -case policies       # one pass, and agents by themselves
//	go run ./internal/bench/energy -case planner -seeds 5
//	go run ./internal/bench/energy -case hops
//	go run ./internal/bench/energy -case scale          # 10 000 nodes, 20 000 units
//	go run ./internal/bench/energy -case starts -o starts.jsonl
//
// Instances are those of placement/sim/references.json with as many nodes as -least and
// -most say. With -case starts it writes the best assignments that ruin and recreate
// finds, for placement/sim/testdata/solve.py to begin with.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// bench is what the command line says, and the instances.
type bench struct {
	out         io.Writer
	seeds       uint64
	least, most int
	file        string
	learned     *plan.Learned
}

func run(args []string, out, errs io.Writer) int {
	b := bench{out: out}
	flags := flag.NewFlagSet("energy", flag.ContinueOnError)
	flags.SetOutput(errs)
	which := flags.String("case", "", "policies, planner, hops, scale or starts; empty for all but starts")
	flags.Uint64Var(&b.seeds, "seeds", 5, "seeds of the network per instance")
	flags.IntVar(&b.least, "least", 20, "nodes of an instance at least")
	flags.IntVar(&b.most, "most", 50, "nodes of an instance at most")
	flags.StringVar(&b.file, "o", "", "file of -case starts")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var err error
	if b.learned, err = plan.DefaultLearned(); err == nil {
		defer b.learned.Close()
		err = b.cases(*which)
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	return 0
}

func (b *bench) cases(which string) error {
	all := []struct {
		name string
		run  func() error
	}{{"policies", b.policies}, {"planner", b.planner}, {"hops", b.hops}, {"scale", b.scale}, {"starts", b.starts}}
	known := false
	for _, c := range all {
		if which != c.name && (which != "" || c.name == "starts") {
			continue
		}
		known = true
		if err := c.run(); err != nil {
			return err
		}
	}
	if !known {
		return fmt.Errorf("energy: -case: got %q, want policies, planner, hops, scale or starts", which)
	}
	return nil
}

// instances returns those whose bounds are known, of one load; "" for all.
func (b *bench) instances(load string) (all []*plan.Instance, err error) {
	references, err := sim.References()
	if err != nil {
		return nil, err
	}
	for _, r := range references {
		recipe, err := sim.ParseRecipe(r.Name)
		if err != nil {
			return nil, err
		}
		if recipe.Nodes < b.least || recipe.Nodes > b.most || !strings.Contains(r.Name, load) {
			continue
		}
		in, err := sim.Generate(recipe)
		if err != nil {
			return nil, err
		}
		sim.AddReference(in)
		all = append(all, in)
	}
	return all, nil
}

// gaps is what a method takes over the bound, over several runs.
type gaps struct {
	sum, worst, cpu float64
	n, unplaced     int
}

func (g *gaps) add(watts, bound, cpu float64, unplaced int) {
	gap := 100 * (watts/bound - 1)
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
	v, err := plan.NewView(in)
	if err != nil {
		return err
	}
	s := plan.NewState(v)
	unplaced := (&plan.Choice{Policy: policy}).PlaceAll(s)
	g.add(s.Energy(), in.BoundW, 0, unplaced)
	return nil
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
	}
	return nil
}

// planner prints each instance: with planner, planner dead, and central.
func (b *bench) planner() error {
	fmt.Fprintln(b.out, "| instance | bound W | best known % | planner, mean / worst % | CPU s | planner dead | central, same CPU |\n|---|---|---|---|---|---|---|")
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
			watts, err := central(in, b.learned, int(cpu*5e6))
			if err != nil {
				return err
			}
			one[2].add(watts, in.BoundW, cpu, 0)
			fmt.Fprintf(b.out, "| %s | %.1f | %.1f | %v | %.1f | %v | %v |\n", in.Name, in.BoundW, 100*(in.BestW/in.BoundW-1), &one[0], cpu, &one[1], &one[2])
			for i := range sums {
				sums[i].sum, sums[i].n = sums[i].sum+one[i].sum, sums[i].n+one[i].n
				sums[i].worst = math.Max(sums[i].worst, one[i].worst)
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "| all, %s | | | %v | | %v | %v |\n", load, &sums[0], &sums[1], &sums[2])
	}
	return nil
}

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
	v, err := plan.NewView(in)
	if err != nil {
		return nil, err
	}
	s := plan.NewState(v)
	(&plan.Choice{Policy: policy}).PlaceAll(s)
	plan.NewRuiner(v).Zone(s, 0, budget, seed)
	return s, nil
}

// hops prints what the price of a hop changes: watts of the best placement found, and how
// many links are hops in it.
func (b *bench) hops() error {
	fmt.Fprintln(b.out, "| hop | best found, high W | low W |\n|---|---|---|")
	for _, factor := range []float64{0, 1, 3} {
		fmt.Fprintf(b.out, "| %g x ", factor)
		for _, load := range []float64{0.6, 0.2} {
			in, err := sim.Generate(sim.Recipe{Nodes: 30, Units: 60, Load: load, Seed: 1, Hop: factor})
			if err != nil {
				return err
			}
			s, err := recreate(in, b.learned, 10000000, 1)
			if err != nil {
				return err
			}
			fmt.Fprintf(b.out, "| %.1f (%d without a place) ", s.Energy(), s.Unplaced())
		}
		fmt.Fprintln(b.out, "|")
	}
	return nil
}

// scale runs 10 000 nodes.
func (b *bench) scale() error {
	in, err := sim.Generate(sim.Recipe{Nodes: 10000, Units: 20000, Load: 0.6, Seed: 1, Zones: 50, Hop: 1})
	if err != nil {
		return err
	}
	r, err := sim.Run(sim.Config{Policy: b.learned, Planner: true, Seed: 1, Loss: 0.01, Most: scaleTime, PlanBudget: 100000}, in)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "10 000 nodes, 20 000 units: %.0f W, %d without a place, %d violations, %.0f letters per node and second, %.0f s of CPU\n",
		r.EnergyW, r.Unplaced, r.Violations, r.LettersPerS, r.CPUSeconds)
	v, err := plan.NewView(in)
	if err != nil {
		return err
	}
	s := plan.NewState(v)
	(&plan.Choice{Policy: b.learned}).PlaceAll(s)
	ruiner := plan.NewRuiner(v)
	for zone := range 50 {
		ruiner.Zone(s, zone, 2000000, 1)
	}
	fmt.Fprintf(b.out, "central ruin and recreate: %.0f W, agents take %+.1f %%\n", s.Energy(), 100*(r.EnergyW/s.Energy()-1))
	return nil
}

// starts writes the best of three long runs per instance.
func (b *bench) starts() error {
	file, err := os.Create(b.file)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, recipe := range recipes() {
		in, err := sim.Generate(recipe)
		if err != nil {
			return err
		}
		var best *plan.State
		for seed := range uint64(3) {
			s, err := recreate(in, b.learned, 20000000, seed)
			if err != nil {
				return err
			}
			if best == nil || s.Energy() < best.Energy() {
				best = s
			}
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
