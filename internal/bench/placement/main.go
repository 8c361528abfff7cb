// SPDX-License-Identifier: Apache-2.0

// Command placement measures what moves and losses of a whole uplink cell cost: three
// processes of this machine, one with the radio and two between which the cell is, and a
// recording that is repeated at a pace.
//
//	go run ./internal/bench/placement -case fed -n 50 [-slot 500us] [-json]
//	go run ./internal/bench/placement -case kill,stop -n 100
//	go run ./internal/bench/placement -case quiet -time 10m
//
// The cases:
//
//   - fed, soft: planned moves between the two, in turns with as many slots without moves
//   - llrs: the cell on one node and on two, cut at its soft bits, in turns
//   - kill: the owner's process is killed; a standby takes over, and a new process is started
//   - stop: it is stopped for 300 ms and comes back as an old owner
//   - flip: the standby claims the cell though its owner lives, as by mistake
//   - quiet: nothing happens for a time; does the standby take over nevertheless?
//   - busy: the same beside processes that spin, one for each processor
//
// Blocks are noted where the radio is: each is compared with what comes out of the same slot
// of the recording on a runtime alone. A slot is late if its last block has come later than
// -deadline after the slot's start. Times from the loss of an owner are from the signal to the
// next block whose CRC holds.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

func main() {
	// Threads that run before all others need a place among Go's at once, whatever other
	// goroutines of the process do.
	runtime.GOMAXPROCS(runtime.NumCPU() + spareThreads)
	if role := os.Getenv(roleEnv); role != "" {
		exit(serve(role))
	}
	if os.Getenv(spinEnv) != "" {
		spinForEver()
	}
	exit(run(context.Background(), os.Args[1:], os.Stdout))
}

// spareThreads is for a worker, a slot clock, a beat, and what a peer lends.
const spareThreads = 6

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "placement:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// config is what the flags say.
type config struct {
	recording, receiver string
	slot, deadline      time.Duration
	n                   int
	time                time.Duration
	verbose             bool
}

func (c *config) progress(format string, args ...any) {
	if c.verbose {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("placement", flag.ContinueOnError)
	var c config
	cases := f.String("case", "fed,soft,llrs,kill,stop", "what is measured, separated by commas")
	f.StringVar(&c.recording, "recording", "examples/uplink/testdata/uplink.sigmf-meta", "`file` of whole frames that is repeated")
	f.StringVar(&c.receiver, "receiver", "ls", "ls, lmmse or neural")
	f.DurationVar(&c.slot, "slot", time.Millisecond, "pace: from slot to slot")
	f.DurationVar(&c.deadline, "deadline", 0, "after which a slot is late, from its start (default: four slots)")
	f.IntVar(&c.n, "n", 50, "moves, or losses, of each case")
	f.DurationVar(&c.time, "time", time.Minute, "of the cases quiet and busy")
	f.BoolVar(&c.verbose, "v", false, "tell each loss")
	asJSON := f.Bool("json", false, "write one JSON object a case")
	if err := f.Parse(args); err != nil {
		return err
	}
	if c.slot <= 0 || c.n < 1 || c.deadline < 0 || c.time <= 0 {
		return fmt.Errorf("slot, n and time must be positive")
	}
	if c.deadline == 0 {
		c.deadline = 4 * c.slot
	}
	for _, name := range strings.Split(*cases, ",") {
		r, err := c.measure(ctx, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := write(out, *asJSON, r); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one case.
func (c *config) measure(ctx context.Context, name string) (any, error) {
	switch name {
	case "fed":
		return moves(ctx, c, sfaas.Fed)
	case "soft":
		return moves(ctx, c, sfaas.Soft)
	case "llrs":
		return cutAtLLRs(ctx, c)
	case "kill":
		return losses(ctx, c, name, syscall.SIGKILL)
	case "stop":
		return losses(ctx, c, name, syscall.SIGSTOP)
	case "flip":
		return losses(ctx, c, name, 0)
	case "quiet":
		return watch(ctx, c, name, 0)
	case "busy":
		return watch(ctx, c, name, runtime.NumCPU())
	}
	return nil, fmt.Errorf("no such case, want fed, soft, llrs, kill, stop, flip, quiet or busy")
}

// write writes the result of a case: as JSON, or with its fields by name.
func write(out io.Writer, asJSON bool, r any) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if !asJSON {
		b = []byte(strings.NewReplacer(`"`, "", "{", " {", ",", "  ", ":", " ").Replace(string(b)))
	}
	_, err = fmt.Fprintln(out, strings.TrimSpace(string(b)))
	return err
}

const spinEnv = "NEURORAN_BENCH_PLACEMENT_SPIN"

// spinForEver occupies a processor until whoever started it ends it, or is gone.
func spinForEver() {
	var gone atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		gone.Store(true)
	}()
	for !gone.Load() {
	}
	os.Exit(0)
}

// spin starts processes that spin.
func spin(n int) (stop func(), err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []*exec.Cmd
	stop = func() {
		for _, c := range all {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for range n {
		c := exec.Command(exe)
		c.Env = append(os.Environ(), spinEnv+"=1")
		if _, err := c.StdinPipe(); err != nil {
			stop()
			return nil, err
		}
		if err := c.Start(); err != nil {
			stop()
			return nil, err
		}
		all = append(all, c)
	}
	return stop, nil
}
