// SPDX-License-Identifier: Apache-2.0

// Command overhead measures what a run of package accel costs over one of the C
// API of ONNX Runtime: the same library, model, numbers and options, bound once,
// in turns, so that both sides see the same machine.
//
//	go run ./internal/bench/overhead [-rounds 40]
//
// The C side is a program of its own, capi/run.c, compiled with cc against the
// header of the wrapper's module. What is compared is the shortest run of each
// side over all rounds: what lies above it is the machine.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
)

func main() {
	rounds := flag.Int("rounds", 40, "turns of each side")
	flag.Parse()
	if err := report(os.Stdout, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		os.Exit(1)
	}
}

// net is a network of one float32 input and output, and how it is run.
type net struct {
	name    string
	build   func() (*accel.Model, error)
	in, out []int
	runs    int // per turn
}

var nets = []net{
	{"smallest (1 row)", func() (*accel.Model, error) { return acceltest.LLRNet(1, 1) }, []int{1, 2}, []int{1, 1}, 2000},
	{"LLRnet 2-32-8, 3276 rows", func() (*accel.Model, error) { return acceltest.LLRNet(32, 8) }, []int{3276, 2}, []int{3276, 8}, 200},
	{"DeepRx-like, 11 blocks, 64 channels", func() (*accel.Model, error) { return acceltest.DeepRx(11, 64, 312) },
		[]int{1, 10, 14, 312}, []int{1, 8, 14, 312}, 3},
}

// report measures every network and prints a table.
func report(w io.Writer, rounds int) error {
	dir, err := os.MkdirTemp("", "overhead-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a leftover in the system's folder is no failure
	program, err := compile(dir)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "NETWORK\tC API µs\tACCEL µs\tOVERHEAD\tALLOCATIONS")
	for _, n := range nets {
		c, err := compare(dir, program, n, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%+.2f %%\t%v\n", n.name, c.c, c.accel, 100*(c.accel/c.c-1), c.allocs)
	}
	return t.Flush()
}
