// SPDX-License-Identifier: Apache-2.0

// Command mistakes makes the mistakes that people make with recordings, one at a time,
// and checks what examples/uplink says of each: that it refuses the recording with a
// message that names the field, or decodes it and names the field under -diagnose, alone
// or among at most four. It never crashes, and says nothing of fields where nothing is
// wrong: a right recording, a fade, slots in which nobody transmits.
//
//	go run ./internal/bench/mistakes
//
// It prints a Markdown table of all. The exit status is 1 if a row is not as it should
// be. The recording is made by this library: ten slots of one UE, 40 of 51 PRB, 16QAM,
// two antennas, TDLA30 at 24 dB.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/neuroran/neuroran/internal/testvec"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("mistakes", flag.ContinueOnError)
	flags.SetOutput(stderr)
	jobs := flags.Int("jobs", 2, "programs that run at once")
	if flags.Parse(args) != nil || flags.NArg() > 0 || *jobs < 1 {
		return 2
	}
	rows, err := judgeAll(ctx, *jobs)
	if err != nil {
		fmt.Fprintln(stderr, "mistakes:", err)
		return 2
	}
	return print(stdout, rows)
}

// print prints the table and returns the exit status.
func print(w io.Writer, rows []row) int {
	code, silent := 0, 0
	fmt.Fprintln(w, "| mistake | wrong | what is said | as it should be |\n|---|---|---|---|")
	for _, r := range rows {
		verdict := "yes"
		if !r.right {
			verdict, code = "**no**", 1
			silent++
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", r.name, strings.Join(r.fields, " or "), strings.ReplaceAll(r.said, "|", "\\|"), verdict)
	}
	fmt.Fprintf(w, "\n%d of %d as they should be\n", len(rows)-silent, len(rows))
	return code
}

// row is a mistake with what became of it.
type row struct {
	mistake
	said  string
	right bool
}

// mistakes lists what is tried: first what is no mistake.
func mistakes() ([]mistake, error) {
	s := rightScene()
	right, err := s.record()
	if err != nil {
		return nil, err
	}
	quiet, err := harmless()
	if err != nil {
		return nil, err
	}
	all := slices.Concat(quiet, ofFiles(), ofText(), ofGlobal(), ofCarrier(), ofGrant(), ofSignal(), ofAnnotations(), ofSamples(), ofArguments())
	for i := range all {
		if all[i].base == nil {
			all[i].base = right
		}
	}
	return all, nil
}

// judgeAll builds the program and makes all mistakes.
func judgeAll(ctx context.Context, jobs int) ([]row, error) {
	dir, err := os.MkdirTemp("", "mistakes")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "uplink")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./examples/uplink")
	build.Dir = testvec.Root()
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./examples/uplink: %w: %s", err, out)
	}
	all, err := mistakes()
	if err != nil {
		return nil, err
	}
	rows := make([]row, len(all))
	errs := make([]error, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for i := range next {
				rows[i].mistake = all[i]
				rows[i].said, rows[i].right, errs[i] = all[i].judge(ctx, program, filepath.Join(dir, fmt.Sprint(i)))
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].name, err)
		}
	}
	return rows, nil
}
