// SPDX-License-Identifier: Apache-2.0

// Command gnb runs the uplink of base stations with everything around it: traffic, UEs, a
// scheduler, fading channels, the receiver, and what came of each grant back to the
// scheduler.
//
//	go run ./examples/gnb
//	go run ./examples/gnb -ues 8 -scheduler max -doppler 3 -json
//	go run ./examples/gnb -air waveform -receiver ls -slots 500
//	go run ./examples/gnb -traffic poisson:2 -plot plots
//	go run ./examples/gnb -realtime -air recorded -receiver ls -slots 10000
//
// With -air abstract what becomes of a grant is drawn from measured block error rates; with
// -air waveform every transmission is made, sent through its channel and received by the
// chain of ran/uplink; with -air recorded outcomes are drawn, while that chain decodes samples
// of the same grants that were made in advance. Time is virtual unless -realtime is given. docs/mac.md describes the
// loop and what is simplified; ran/gnb has the rest.
//
// It exits with 0 when it ran and with 2 for bad arguments.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/ran/gnb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = o.simulate(ctx, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "gnb:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 2
	}
	return 0
}

// options are the arguments of the program.
type options struct {
	gnb.Scenario
	json bool
	plot string
}

// parse reads the arguments. Its errors name the argument; help goes to stdout.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{Scenario: gnb.DefaultScenario()}
	flags := flag.NewFlagSet("gnb", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.UEs, "ues", o.UEs, "UEs of each cell")
	flags.IntVar(&o.Cells, "cells", o.Cells, "cells")
	flags.StringVar(&o.Scheduler, "scheduler", o.Scheduler, "rr, pf, max or qos")
	flags.StringVar(&o.Air, "air", o.Air, "abstract, waveform or recorded")
	flags.BoolVar(&o.Samples, "samples", false, "not with -air abstract: samples instead of resource elements")
	flags.StringVar(&o.Receiver, "receiver", o.Receiver, "ls, lmmse or neural")
	flags.Func("traffic", "full, periodic:MBPS, poisson:MBPS, ftp3[:MBPS], onoff:MBPS or a `file`.csv of packets (default full)", func(text string) (err error) {
		o.Traffic, err = gnb.ParseTraffic(text)
		return err
	})
	flags.Float64Var(&o.DopplerHz, "doppler", o.DopplerHz, "maximum Doppler frequency, `Hz`")
	flags.Func("snr", "mean SNR of the first UE and of the last one, `from:to`, dB (default 4:22)", func(text string) error {
		from, to, two := strings.Cut(text, ":")
		a, err1 := strconv.ParseFloat(from, 64)
		b, err2 := strconv.ParseFloat(to, 64)
		if o.SNRFrom, o.SNRTo = a, b; !two || err1 != nil || err2 != nil {
			return errors.New("want two numbers with a colon between")
		}
		return nil
	})
	flags.Float64Var(&o.BiasDB, "bias", 0, "by how many `dB` reported SINRs are too high")
	flags.IntVar(&o.FeedbackSlots, "feedback", o.FeedbackSlots, "`slots` from a transmission to its feedback")
	flags.Float64Var(&o.BudgetMicros, "budget", 0, "receiver work per slot, `µs`; 0 for no bound")
	flags.IntVar(&o.Slots, "slots", o.Slots, "slots to run")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "seed of everything random")
	flags.BoolVar(&o.RealTime, "realtime", false, "begin slots by the clock instead of in virtual time")
	flags.BoolVar(&o.FIFO, "fifo", false, "with -realtime: clock and receiver run before all other threads (SCHED_FIFO)")
	flags.BoolVar(&o.json, "json", false, "print one JSON object for each UE, and a summary")
	flags.StringVar(&o.plot, "plot", "", "write drawings to `folder`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
		return nil, err
	case err != nil:
		return nil, err
	case flags.NArg() > 0:
		return nil, fmt.Errorf("argument %q: got one, want only flags", flags.Arg(0))
	}
	return o, o.Validate()
}

// simulate runs the cells and shows what became of them.
func (o *options) simulate(ctx context.Context, stdout io.Writer) error {
	results, err := o.Run(ctx)
	if err != nil {
		return err
	}
	for i := range results {
		folder := o.plot
		if len(results) > 1 {
			folder = filepath.Join(folder, fmt.Sprintf("cell%d", i+1))
		}
		if o.plot != "" {
			if err := results[i].Plot(folder); err != nil {
				return fmt.Errorf("-plot: %w", err)
			}
		}
	}
	if o.json {
		return gnb.WriteJSON(stdout, results)
	}
	return gnb.WriteTable(stdout, results)
}
