// SPDX-License-Identifier: Apache-2.0

// Command threads measures how many slots are late beside busy neighbours, with the
// worker on a goroutine and on threads of several kinds.
//
//	go run ./internal/bench/threads -slots 2000 -rounds 5
//
// Each round plays the same slots for each kind in turn, alone and beside neighbours:
// processes that spin, one after the other as many as asked for. A slot takes a handler
// that computes for -work, and is due -budget after its start; it counts as late when
// its result comes later or not at all, also where the clock has left it out. One line
// for each kind gives the share of late slots over all rounds, with the least and the
// largest of a round.
//
//   - goroutine: no WithThreads
//   - locked: WithThreads without any wish
//   - bound: one processor, the last one
//   - fifo: the same with SCHED_FIFO
//   - fifo, clock too: the thread of the slot clock is as the worker's
//
// What the kernel refuses is said in the place of figures.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "threads:", err)
		os.Exit(1)
	}
}

// config is what the flags say.
type config struct {
	slots, rounds, neighbours int
	period, budget, work      time.Duration
}

// row is what one kind has come to.
type row struct {
	Kind       string  `json:"kind"`
	Alone      float64 `json:"late_alone"`
	Beside     float64 `json:"late_beside"`
	LeastOfAll float64 `json:"late_beside_min"`
	MostOfAll  float64 `json:"late_beside_max"`
	P50        float64 `json:"p50_us_beside"` // of a slot's result, from the start of the slot
	P99        float64 `json:"p99_us_beside"`
	Refused    string  `json:"refused,omitempty"`
}

func run(args []string, out io.Writer) error {
	if len(args) == 1 && args[0] == spinArg {
		return spin()
	}
	f := flag.NewFlagSet("threads", flag.ContinueOnError)
	var c config
	f.IntVar(&c.slots, "slots", 2000, "slots of a round and kind")
	f.IntVar(&c.rounds, "rounds", 5, "rounds")
	f.IntVar(&c.neighbours, "neighbours", 6, "processes that spin")
	f.DurationVar(&c.period, "period", time.Millisecond, "length of a slot")
	f.DurationVar(&c.budget, "budget", 500*time.Microsecond, "time for a slot from its start")
	f.DurationVar(&c.work, "work", 150*time.Microsecond, "processor time of a slot")
	asJSON := f.Bool("json", false, "write JSON")
	if err := f.Parse(args); err != nil {
		return err
	}
	if c.slots < 1 || c.rounds < 1 || c.neighbours < 0 || c.period <= 0 || c.work < 0 {
		return fmt.Errorf("slots, rounds and period must be positive")
	}
	rows, err := measure(c)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(out).Encode(rows)
	}
	fmt.Fprintf(out, "%d rounds of %d slots of %v, work %v, budget %v, %d neighbours\n\n", c.rounds, c.slots, c.period, c.work, c.budget, c.neighbours)
	fmt.Fprintf(out, "%-16s %8s %8s %17s %9s %9s\n", "kind", "alone", "beside", "min to max", "p50 µs", "p99 µs")
	for _, r := range rows {
		if r.Refused != "" {
			fmt.Fprintf(out, "%-16s %s\n", r.Kind, r.Refused)
			continue
		}
		fmt.Fprintf(out, "%-16s %7.1f%% %7.1f%% %7.1f%% to %5.1f%% %9.0f %9.0f\n", r.Kind, 100*r.Alone, 100*r.Beside, 100*r.LeastOfAll, 100*r.MostOfAll, r.P50, r.P99)
	}
	return nil
}

// measure plays all rounds.
func measure(c config) ([]row, error) {
	kinds := kindsOf()
	rows := make([]row, len(kinds))
	beside, took := make([][]float64, len(kinds)), make([][]float64, len(kinds))
	for range c.rounds {
		for i, k := range kinds {
			rows[i].Kind = k.name
			if rows[i].Refused != "" {
				continue
			}
			alone, err := play(c, k)
			if err != nil {
				rows[i].Refused = err.Error()
				continue
			}
			rows[i].Alone += alone.late / float64(c.rounds)
			stop, err := startNeighbours(c.neighbours)
			if err != nil {
				return nil, err
			}
			r, err := play(c, k)
			stop()
			if err != nil {
				return nil, err
			}
			beside[i], took[i] = append(beside[i], r.late), append(took[i], r.took...)
		}
	}
	for i := range rows {
		r := &rows[i]
		if r.Refused != "" || len(took[i]) == 0 {
			continue
		}
		slices.Sort(took[i])
		for _, x := range beside[i] {
			r.Beside += x / float64(len(beside[i]))
		}
		r.LeastOfAll, r.MostOfAll = slices.Min(beside[i]), slices.Max(beside[i])
		r.P50, r.P99 = took[i][len(took[i])/2], took[i][len(took[i])*99/100]
	}
	return rows, nil
}

const spinArg = "-spin"

// spin occupies a processor until whoever started it goes.
func spin() error {
	var gone atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		gone.Store(true)
	}()
	fmt.Println("spinning")
	for !gone.Load() {
	}
	return nil
}

// startNeighbours starts processes that spin.
func startNeighbours(n int) (stop func(), err error) {
	var ends []func()
	stop = func() {
		for _, end := range ends {
			end()
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for range n {
		cmd := exec.Command(self, spinArg)
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		said, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			stop()
			return nil, err
		}
		ends = append(ends, func() {
			_ = in.Close()
			_ = cmd.Wait()
		})
		if _, err := bufio.NewReader(said).ReadString('\n'); err != nil {
			stop()
			return nil, err
		}
	}
	return stop, nil
}
