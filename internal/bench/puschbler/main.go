// SPDX-License-Identifier: Apache-2.0

// Command puschbler measures the block error rate of the PUSCH receivers of
// phy/pusch on a fading channel, on the same data, channels and noise for each
// receiver, and prints a table with confidence intervals and the signal to
// noise ratio at 10 % and 1 %.
//
//	go run ./internal/bench/puschbler -profile TDLB100 -doppler 400 -mcs 14 -prb 24 -rx 4
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/neuroran/neuroran/phy/link"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "puschbler:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string) error {
	var s setup
	flags := flag.NewFlagSet("puschbler", flag.ContinueOnError)
	s.register(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	snr, err := parseRange(s.snr)
	if err != nil {
		return err
	}
	fmt.Printf("# %s\n", strings.Join(append([]string{"puschbler"}, args...), " "))
	fmt.Printf("| receiver | SNR dB | blocks | errors | BLER | 95 %% interval |\n|---|---|---|---|---|---|\n")
	var summary strings.Builder
	for name := range strings.SplitSeq(s.receivers, ",") {
		points, err := link.Run(ctx, link.Config{
			SNRdB: snr, TargetErrors: s.errors, MaxTrials: s.slots, StopBLER: s.stop, Seed: s.seed, Workers: s.workers,
			NewChain: func() (link.Chain, error) { return s.chain(name) },
		})
		for _, p := range points {
			fmt.Printf("| %s | %.2f | %d | %d | %.4f | %.4f…%.4f |\n", name, p.SNRdB, p.Blocks, p.BlockErrors, p.BLER(), p.Low, p.High)
		}
		if err != nil {
			return err
		}
		for _, target := range []float64{0.1, 0.01} {
			at, low, high := link.Crossing(points, target)
			fmt.Fprintf(&summary, "%s: %.3g %% BLER at %.2f dB (%.2f…%.2f)\n", name, 100*target, at, low, high)
		}
	}
	fmt.Print("\n", summary.String())
	return nil
}
