// SPDX-License-Identifier: Apache-2.0

// Command cmd runs the default world of the simulator over many seeds: random
// programs on three to five nodes, with everything that may happen to them, and
// oracles that know nothing of the machine.
//
//	go run ./sfaas/sim/cmd -seeds 2000          # on all processors
//	go run ./sfaas/sim/cmd -seed 17 -seeds 1 -trace
//	go run ./sfaas/sim/cmd -seeds 100 -plant NAME -json
//	go run ./sfaas/sim/cmd -seeds 2000 -disks
//	go run ./sfaas/sim/cmd -seeds 2000 -forgets
//
// With -disks it runs the world of package endure instead: every node has a disk, which
// tears, loses and is late, nodes crash, and recover from it, and units are handed over
// between them meanwhile. With -forgets nodes forget each other in the midst of moves, and
// are linked again.
//
// It ends with 1 if an oracle has spoken, and with 2 if it was called wrongly.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/sim/internal/endure"
	"github.com/neuroran/neuroran/sfaas/sim/internal/world"
)

func main() {
	debug.SetGCPercent(400) // worlds are small, and there are many
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the command line says.
type options struct {
	seeds, seed       uint64
	virtual           time.Duration
	plant             string
	list, json, trace bool
	disks, forgets    bool
}

func run(args []string, out, errs io.Writer) int {
	var o options
	flags := flag.NewFlagSet("cmd", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Uint64Var(&o.seeds, "seeds", 100, "how many seeds")
	flags.Uint64Var(&o.seed, "seed", 0, "the first seed")
	flags.DurationVar(&o.virtual, "virtual", 0, "for how long messages are pushed; 0 stands for what the default world says")
	flags.BoolVar(&o.disks, "disks", false, "run the world in which nodes crash and recover from their disks")
	flags.BoolVar(&o.forgets, "forgets", false, "run the world in which nodes forget each other in the midst of moves")
	flags.StringVar(&o.plant, "plant", "", "a bug to plant, see -list-plants")
	flags.BoolVar(&o.list, "list-plants", false, "list the bugs that can be planted")
	flags.BoolVar(&o.json, "json", false, "print one JSON object and nothing else")
	flags.BoolVar(&o.trace, "trace", false, "print everything that happened")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if err := o.check(flags.Args()); err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	if o.list {
		for _, p := range slices.Concat(world.Plants(), core.DiskPlants(), core.LinkPlants()) {
			fmt.Fprintf(out, "%s\t%s\n", p.Name, p.What)
		}
		return 0
	}
	sum, err := simulate(o, out)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	if err := sum.print(out, o.json); err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	if sum.Violations > 0 {
		return 1
	}
	return 0
}

// check returns an error for options that say nothing, or not what they seem to.
func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("cmd: got %q, want options alone", rest)
	case o.list:
		return nil
	case o.seeds == 0:
		return errors.New("cmd: -seeds: got 0, want 1 or more")
	case o.seed > math.MaxInt64 || o.seeds > math.MaxInt64-o.seed:
		return fmt.Errorf("cmd: -seed, -seeds: got %d and %d, want seeds up to %d", o.seed, o.seeds, int64(math.MaxInt64))
	case o.virtual < 0:
		return fmt.Errorf("cmd: -virtual: got %v, want 0 or more", o.virtual)
	case o.disks && o.forgets:
		return errors.New("cmd: -forgets: got -disks too, want one of them")
	case o.json && o.trace:
		return errors.New("cmd: -json: got -trace too, want one of them")
	}
	return nil
}

// summary is what all seeds together have shown.
type summary struct {
	Seeds        uint64  `json:"seeds"`
	Violations   int     `json:"violations"`
	FirstBadSeed int64   `json:"first_bad_seed"` // -1 for none
	VirtualS     float64 `json:"virtual_s"`
	WallS        float64 `json:"wall_s"`
	Messages     uint64  `json:"messages"`
	Moves        uint64  `json:"moves"`
	Crashes      uint64  `json:"crashes"`
	Claims       uint64  `json:"claims"`
	Releases     uint64  `json:"releases"`
	History      string  `json:"history"` // SHA-256 of the histories of all seeds, in their order
}

// simulate runs all seeds, on all processors.
func simulate(o options, out io.Writer) (*summary, error) {
	results := make([]*world.Result, o.seeds)
	failed := make([]error, o.seeds)
	begin := time.Now()
	next := make(chan uint64)
	var wg sync.WaitGroup
	for range min(uint64(runtime.GOMAXPROCS(0)), o.seeds) {
		wg.Go(func() {
			for i := range next {
				results[i], failed[i] = o.run(i)
			}
		})
	}
	for i := range o.seeds {
		next <- i
	}
	close(next)
	wg.Wait()
	sum := &summary{Seeds: o.seeds, FirstBadSeed: -1, WallS: time.Since(begin).Seconds()}
	hash := sha256.New()
	for i, r := range results {
		if failed[i] != nil {
			return nil, failed[i]
		}
		sum.add(r)
		fmt.Fprintf(hash, "%d %s\n", r.Seed, r.History)
		if !o.json {
			report(out, r)
		}
	}
	sum.History = fmt.Sprintf("%x", hash.Sum(nil))
	return sum, nil
}

// run runs one seed. What only nodes with disks show is planted in the world of disks.
func (o options) run(i uint64) (*world.Result, error) {
	onDisk := func(p core.Planted) bool { return p.Name == o.plant }
	if !o.disks && !slices.ContainsFunc(core.DiskPlants(), onDisk) {
		return world.Run(o.config(i))
	}
	r, err := endure.Run(endure.Config{Seed: o.seed + i, Virtual: o.virtual, Plant: o.plant, Trace: o.trace})
	if err != nil {
		return nil, err
	}
	x := &world.Result{
		Seed: o.seed + i, Count: r.Count, Messages: r.Messages, Crashes: uint64(r.Crashes), Moves: uint64(r.Moves), Virtual: r.Virtual, History: r.History, Trace: r.Trace,
	}
	for _, v := range r.Violations {
		x.Violations = append(x.Violations, world.Violation{At: v.At, Kind: "exactly once", Text: v.Text})
	}
	return x, nil
}

func (o options) config(i uint64) world.Config {
	cfg := world.Default(o.seed + i)
	onLink := func(p core.Planted) bool { return p.Name == o.plant }
	if o.forgets || slices.ContainsFunc(core.LinkPlants(), onLink) {
		cfg = world.Forgetful(o.seed + i)
	}
	cfg.Plant, cfg.Trace = o.plant, o.trace
	if o.virtual > 0 {
		cfg.Virtual = o.virtual
	}
	return cfg
}

func (s *summary) add(r *world.Result) {
	s.Violations += r.Count
	if r.Count > 0 && s.FirstBadSeed < 0 {
		s.FirstBadSeed = int64(r.Seed)
	}
	s.VirtualS += r.Virtual.Seconds()
	s.Messages, s.Moves, s.Crashes = s.Messages+r.Messages, s.Moves+r.Moves, s.Crashes+r.Crashes
	s.Claims, s.Releases = s.Claims+r.Claims, s.Releases+r.Releases
}

// report tells what the oracles say of one seed.
func report(out io.Writer, r *world.Result) {
	for _, line := range r.Trace {
		fmt.Fprintln(out, line)
	}
	if r.Count == 0 {
		return
	}
	fmt.Fprintf(out, "seed %d: %d violations\n", r.Seed, r.Count)
	for _, v := range r.Violations {
		fmt.Fprintf(out, "\t%v %s: %s\n", v.At, v.Kind, v.Text)
	}
}

func (s *summary) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	first := "none"
	if s.FirstBadSeed >= 0 {
		first = fmt.Sprint(s.FirstBadSeed)
	}
	_, err := fmt.Fprintf(out, "%d seeds, %d violations, first bad seed %s\n%.0f virtual seconds in %.1f s: %.1f seeds per second\n%.0f messages and %.1f moves per virtual second, %d crashes, %d claims, %d releases\nhistory %s\n",
		s.Seeds, s.Violations, first, s.VirtualS, s.WallS, float64(s.Seeds)/s.WallS,
		float64(s.Messages)/s.VirtualS, float64(s.Moves)/s.VirtualS, s.Crashes, s.Claims, s.Releases, s.History)
	return err
}
