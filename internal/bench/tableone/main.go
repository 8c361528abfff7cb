// SPDX-License-Identifier: Apache-2.0

// Command tableone measures the rows of Table I of the paper: the receiver as it is, in
// one process for all cells and functions, beside the same functions in containers.
//
//	go run ./internal/bench/tableone [-cells 8] [-row cpu] [-slots 400] [-pace 2ms] [-json]
//
// Three systems receive the same slots, those of the recording of examples/uplink (24 PRB,
// four antennas, up to four UEs), from a radio that is a process of its own:
//
//   - neuroran: one process for all functions of all cells
//   - cell: one process for each cell, with all functions: the strong baseline
//   - functions: one process for each function of each cell, as container platforms have
//     it, in a control group and a network namespace of its own where the user may make
//     them
//
// Between processes messages go over Unix sockets, by sfaas/peer with its codec, for all
// three. A process waits for events. A variant that polls uses one core for each process
// whatever there is to do: it is not run, and that is its figure.
//
// Slots come at a printed pace, at which the costliest system loads this machine by
// about 70 %; processor time is what the processes that receive have used. Joules are
// that time by a model of a node, which is printed, and never measured.
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
	"time"
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

// costliest is about what a slot of a cell takes in the system of functions: the pace
// follows from it.
const costliest = 2500 * time.Microsecond

// measure does what the arguments say.
func measure(args []string, out io.Writer) error {
	f := flag.NewFlagSet("tableone", flag.ContinueOnError)
	f.SetOutput(out)
	cells := f.Int("cells", 1, "number of cells")
	row := f.String("row", "", "only this row")
	slots := f.Int("slots", 400, "slots of a run")
	pace := f.Duration("pace", 0, "time between slots; 0 is what loads this machine by 70 %")
	hash := f.Bool("hash", false, "print the hash of all blocks, and nothing else")
	asJSON := f.Bool("json", false, "one JSON object for each figure")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *cells < 1 || *cells > 64 || *slots < 1 || *pace < 0 {
		return fmt.Errorf("cells must be 1 to 64, slots and pace more than 0")
	}
	if *hash {
		sum, err := hashBlocks()
		fmt.Fprintln(out, sum)
		return err
	}
	b := &bench{cells: *cells, pace: *pace, slots: *slots, only: *row}
	if b.pace == 0 {
		b.pace = paceFor(b.cells, costliest)
	}
	if *asJSON {
		encoder := json.NewEncoder(out)
		b.tell = func(x figure) { _ = encoder.Encode(x) } // as the other output
	} else {
		fmt.Fprintf(out, "%d cells of 24 PRB, a slot every %v (on the air 500µs), %d processors; node model %v of %d cores\n\n",
			b.cells, b.pace, runtime.NumCPU(), edge, edgeCores)
		b.tell = func(x figure) {
			fmt.Fprintf(out, "%-14s %-10s %12.4g %-8s %s\n", x.Row, x.System, x.Value, x.Unit, x.What)
		}
	}
	return b.all()
}
