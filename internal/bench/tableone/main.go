// SPDX-License-Identifier: Apache-2.0

// Command tableone measures the rows of Table I of the paper: the receiver as it is, in
// one process for all cells and functions, beside the same functions in containers.
//
//	go run ./internal/bench/tableone [-cells 8] [-row cpu,energy] [-system neuroran] [-slots 400] [-pace 2ms] [-json]
//
// Four systems receive the same slots, those of the recording of examples/uplink (24 PRB,
// four antennas, up to four UEs), from a radio that is a process of its own:
//
//   - neuroran: one process for all functions of all cells
//   - cell: one process for each cell, with all functions: the strong baseline
//   - functions: one process for each function of each cell, as container platforms have
//     it, in a control group and a network namespace of its own where the user may make
//     them
//   - polling: the same, whose processes ask for messages without end instead of sleeping
//     until one comes; for one cell only, since they take all of every processor
//
// Between processes messages go over Unix sockets, by sfaas/peer with its codec, for all
// of them.
//
// Slots come at a printed pace, at which the costliest system that sleeps loads this
// machine by about 70 %, radio included; it is measured at the start. Processor time is
// what the processes that receive have used, and holds on a machine that has other things
// to do; wall times are longer there. Joules are that time by a model of a node, which is
// printed, and never measured.
//
// The rows are memory, cpu, scalability, maintenance, intensity, energy, composability,
// independence, management, datapath and reliability. For independence it builds itself
// again in other ways, which takes a while.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

func main() {
	var err error
	if text := os.Getenv(roleEnv); text != "" {
		err = work(text)
	} else {
		err = measure(os.Args[1:], os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tableone:", err)
		os.Exit(1)
	}
}

// measure does what the arguments say.
func measure(args []string, out io.Writer) error {
	f := flag.NewFlagSet("tableone", flag.ContinueOnError)
	f.SetOutput(out)
	cells := f.Int("cells", 1, "number of cells")
	row := f.String("row", "", "only these rows, separated by commas")
	system := f.String("system", "", "only these systems, separated by commas")
	slots := f.Int("slots", 0, "slots of a run; 0 is 400 or what six seconds have, whichever is less")
	pace := f.Duration("pace", 0, "time between slots; 0 is what loads this machine by 70 %")
	hash := f.Bool("hash", false, "print the hash of all blocks, and nothing else")
	asJSON := f.Bool("json", false, "one JSON object for each figure")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *cells < 1 || *cells > 64 || *slots < 0 || *pace < 0 {
		return fmt.Errorf("got %d cells, %d slots, a pace of %v; want 1 to 64 cells, and slots and pace not below 0", *cells, *slots, *pace)
	}
	b := &bench{cells: *cells, fixed: *pace > 0, pace: *pace, slots: *slots}
	if *row != "" {
		b.only = strings.Split(*row, ",")
	}
	for _, row := range b.only {
		if !slices.Contains(rows, row) {
			return fmt.Errorf("row: got %q, want one of %s", row, strings.Join(rows, ", "))
		}
	}
	b.kinds = []kind{function, cellwise, node}
	if *cells == 1 {
		b.kinds = append(b.kinds, polling)
	}
	if *system != "" {
		var kinds []kind
		for _, k := range strings.Split(*system, ",") {
			if !slices.Contains(b.kinds, kind(k)) {
				return fmt.Errorf("system: got %q, want one of %v", k, b.kinds)
			}
			kinds = append(kinds, kind(k))
		}
		b.kinds = kinds
	}
	if *hash {
		sum, err := hashBlocks()
		fmt.Fprintln(out, sum)
		return err
	}
	if *asJSON {
		encoder := json.NewEncoder(out)
		b.tell = func(x figure) { _ = encoder.Encode(x) } // as the other output
	} else {
		fmt.Fprintf(out, "cells of 24 PRB: %d; processors: %d; node model %v of %d cores\n\n", b.cells, runtime.NumCPU(), edge, edgeCores)
		b.tell = func(x figure) {
			if x.Err != "" {
				fmt.Fprintf(out, "%-14s %-10s not measured: %s\n", x.Row, x.System, x.Err)
				return
			}
			fmt.Fprintf(out, "%-14s %-10s %12.4g %-8s %s\n", x.Row, x.System, x.Value, x.Unit, x.What)
		}
	}
	return b.all()
}
