// SPDX-License-Identifier: Apache-2.0

// Command energy prints the tables of docs/placement.md: what policies, agents and
// planners reach over the bound of an exact solver.
//
//	go run ./internal/bench/energy                      # all, about an hour of CPU
//	go run ./internal/bench/energy -case policies       # one pass, and agents by themselves
//	go run ./internal/bench/energy -case planner -seeds 5
//	go run ./internal/bench/energy -case hops           # 0, 1 and 3 times the price of a hop
//	go run ./internal/bench/energy -case day            # four days; -step 2300000 compares with a longer search
//	go run ./internal/bench/energy -case shares         # what consolidation, sleep and accelerators win
//	go run ./internal/bench/energy -case scale          # 10 000 nodes, 20 000 units; -zones 5 for a tenth
//	go run ./internal/bench/energy -case starts -least 10 -budget 20000000 -o starts.jsonl
//
// Instances are those of placement/sim/references.json with as many nodes as -least and
// -most say. With -case starts it writes the best assignments that ruin and recreate
// finds, for placement/sim/testdata/solve.py to begin with.
package main

import (
	"flag"
	"fmt"
	"io"
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
	budget      int
	perStep     int
	zones       int
	file        string
	learned     *plan.Learned
}

func run(args []string, out, errs io.Writer) int {
	b := bench{out: out}
	flags := flag.NewFlagSet("energy", flag.ContinueOnError)
	flags.SetOutput(errs)
	which := flags.String("case", "", strings.Join(caseNames(), ", ")+"; empty for all but starts")
	flags.Uint64Var(&b.seeds, "seeds", 5, "seeds of the network per instance")
	flags.IntVar(&b.least, "least", 20, "nodes of an instance at least")
	flags.IntVar(&b.most, "most", 50, "nodes of an instance at most")
	flags.IntVar(&b.budget, "budget", 10000000, "places that are priced in search of the best state, of hops and starts")
	flags.IntVar(&b.perStep, "step", 0, "places that are priced in search of the best state of each step of a day; 0 is 300 000")
	flags.IntVar(&b.zones, "zones", 50, "zones of 200 nodes and 400 units, of scale")
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

// benchCase is a table.
type benchCase struct {
	name string
	run  func(*bench) error
}

// allCases are the tables; the last one writes a file.
func allCases() []benchCase {
	return []benchCase{
		{"policies", (*bench).policies}, {"planner", (*bench).planner}, {"hops", (*bench).hops}, {"day", (*bench).days},
		{"shares", (*bench).shares}, {"scale", (*bench).scale}, {"starts", (*bench).starts},
	}
}

func caseNames() (names []string) {
	for _, c := range allCases() {
		names = append(names, c.name)
	}
	return names
}

func (b *bench) cases(which string) error {
	known := false
	for _, c := range allCases() {
		if which != c.name && (which != "" || c.name == "starts") {
			continue
		}
		known = true
		if err := c.run(b); err != nil {
			return err
		}
	}
	if !known {
		return fmt.Errorf("energy: -case: got %q, want %s", which, strings.Join(caseNames(), ", "))
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
