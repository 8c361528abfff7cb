// SPDX-License-Identifier: Apache-2.0

// Command cmd generates placement instances, and runs the agents of package placement on
// them in a simulated network.
//
//	go run ./placement/sim/cmd -generate nodes=20,units=40,load=0.6,seed=1 > F.json
//	go run ./placement/sim/cmd -instance F.json -policy learned -seeds 5 -json
//	go run ./placement/sim/cmd -instance F.json -planner=false
//	go run ./placement/sim/cmd -instance F.json -day -assignment A.json
//
// Without -json it prints a line per seed. With several seeds the JSON object has means,
// but sums of sla_violations and unplaced. With -assignment it writes where all units are,
// for placement/sim/testdata/check.py and others. It ends with 1 if a unit has no place or
// an SLA was violated, and with 2 if it was called wrongly.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are what the command line says.
type options struct {
	generate, instance, policy, assignment, fault string

	planner, day, json bool
	seeds, seed        uint64
	loss, repeat       float64
	hysteresis         float64
	budget             int
	kill, part, crash  time.Duration
	retire             time.Duration
}

func run(args []string, out, errs io.Writer) int {
	var o options
	flags := flag.NewFlagSet("cmd", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&o.generate, "generate", "", "write the instance of a recipe, such as nodes=20,units=40,load=0.6,seed=1")
	flags.StringVar(&o.instance, "instance", "", "file of the instance to run")
	flags.StringVar(&o.policy, "policy", "learned", "how nodes are ordered for a unit")
	flags.BoolVar(&o.planner, "planner", true, "let each zone have a planner")
	flags.BoolVar(&o.day, "day", false, "run the day of the instance")
	flags.Uint64Var(&o.seeds, "seeds", 1, "how many seeds")
	flags.Uint64Var(&o.seed, "seed", 1, "the first seed")
	flags.StringVar(&o.assignment, "assignment", "", "file to write assignments to")
	flags.BoolVar(&o.json, "json", false, "print one JSON object and nothing else")
	flags.Float64Var(&o.loss, "loss", 0.01, "share of letters that are lost")
	flags.Float64Var(&o.repeat, "repeat", 0, "share of letters that come twice")
	flags.DurationVar(&o.part, "partition", 0, "time between two times that a zone is in two halves, a second each; 0 for none")
	flags.DurationVar(&o.crash, "crash", 0, "time between two deaths of a node; 0 for none")
	flags.DurationVar(&o.retire, "retire", 0, "time between two times that a unit goes out of service, for two seconds; 0 for none")
	flags.Float64Var(&o.hysteresis, "hysteresis", 0, "watts that a plan must save per move; 0 for the usual")
	flags.IntVar(&o.budget, "budget", 0, "places that a planner prices per thought; 0 for the usual")
	flags.DurationVar(&o.kill, "kill", 0, "time between two deaths of the planner; 0 for none")
	flags.StringVar(&o.fault, "fault", "", "let the policy answer nan, garbage or nothing in every other second")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	bad, err := o.do(flags.Args(), out)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	if bad {
		return 1
	}
	return 0
}

// do does what the options say, and reports whether a run has shown what must not be.
func (o options) do(rest []string, out io.Writer) (bad bool, err error) {
	switch {
	case len(rest) > 0:
		return false, fmt.Errorf("cmd: got %q, want options alone", rest)
	case (o.generate == "") == (o.instance == ""):
		return false, errors.New("cmd: want either -generate or -instance")
	case o.seeds == 0:
		return false, errors.New("cmd: -seeds: got 0, want 1 or more")
	case o.generate != "":
		return false, generate(o.generate, out)
	}
	file, err := os.Open(o.instance)
	if err != nil {
		return false, err
	}
	defer file.Close()
	in, err := plan.ReadInstance(file)
	if err != nil {
		return false, fmt.Errorf("%s: %w", o.instance, err)
	}
	return o.simulate(in, out)
}

func generate(text string, out io.Writer) error {
	recipe, err := sim.ParseRecipe(text)
	if err != nil {
		return err
	}
	in, err := sim.Generate(recipe)
	if err != nil {
		return err
	}
	sim.AddReference(in)
	return in.Write(out)
}

// simulate runs the seeds.
func (o options) simulate(in *plan.Instance, out io.Writer) (bad bool, err error) {
	policy, err := plan.ParsePolicy(o.policy)
	if err != nil {
		return false, err
	}
	if c, ok := policy.(io.Closer); ok {
		defer c.Close()
	}
	file := sim.Assignments{Version: 1, Instance: in.Name}
	var all []*sim.Result
	for seed := o.seed; seed < o.seed+o.seeds; seed++ {
		cfg := sim.Config{Policy: policy, Planner: o.planner, Seed: seed, Loss: o.loss, PlanBudget: o.budget, Hysteresis: o.hysteresis, KillPlanner: o.kill, Repeat: o.repeat, Partition: o.part, Crash: o.crash, Retire: o.retire}
		if o.fault != "" {
			if cfg.Policy, err = sim.Faulty(policy, o.fault); err != nil {
				return false, err
			}
		}
		runner := sim.Run
		if o.day {
			runner = sim.RunDay
		}
		r, err := runner(cfg, in)
		if err != nil {
			return false, err
		}
		all = append(all, r)
		file.Assignments = append(file.Assignments, r.Assignments...)
		if !o.json {
			line(out, seed, r)
		}
	}
	sum := sim.Mean(all)
	if o.json {
		if err := json.NewEncoder(out).Encode(report(sum)); err != nil {
			return false, err
		}
	}
	if o.assignment != "" {
		if err := save(o.assignment, &file); err != nil {
			return false, err
		}
	}
	return sum.Violations > 0 || sum.Unplaced > 0, nil
}

// report returns what is printed as JSON: with a day three fields more.
func report(r *sim.Result) any {
	if r.Day == nil {
		return r
	}
	return struct {
		*sim.Result
		KWh       float64 `json:"kwh"`
		KWhStatic float64 `json:"kwh_static"`
		Moves     float64 `json:"moves_per_unit_hour"`
	}{r, r.Day.KWh, r.Day.KWhStatic, r.Day.MovesPerUnitHour}
}

// line prints what one seed has shown.
func line(out io.Writer, seed uint64, r *sim.Result) {
	fmt.Fprintf(out, "seed %d: %.1f W, bound %.1f W (+%.1f %%), %d placed, %d not, %d violations, settled in %.2f s of %.1f s, "+
		"%.0f letters per node and second, %d moves, %d rejects, %d stopped, %d choices without policy, %.1f s of CPU\n",
		seed, r.EnergyW, r.BoundW, 100*(r.EnergyW/r.BoundW-1), r.Placed, r.Unplaced, r.Violations, r.SecondsSettle, r.VirtualSeconds,
		r.LettersPerS, r.Moves, r.Rejects, r.ShieldRejects, r.PolicyErrors, r.CPUSeconds)
	if d := r.Day; d != nil {
		fmt.Fprintf(out, "  day: %.3f kWh (moves %.3f), static at peak %.3f (%.2f x), most-allocated at each step %.3f (%.2f x), all nodes on %.3f (%.2f x); "+
			"moves per unit and hour %.3f outside load steps, %.3f in all; a step settles in %.2f s (median), %.2f s (worst)\n",
			d.KWh, d.KWhMoves, d.KWhStatic, d.KWhStatic/d.KWh, d.KWhMostAllocated, d.KWhMostAllocated/d.KWh, d.KWhAllOn, d.KWhAllOn/d.KWh,
			d.MovesPerUnitHour, d.AllPerUnitHour, d.SettleP50, d.SettleWorst)
	}
}

func save(name string, file *sim.Assignments) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := file.Write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
