// SPDX-License-Identifier: Apache-2.0

// Command linktable measures the block error rate over SINR of every MCS of TS 38.214
// tables 5.1.3.1-1 to -3, for code blocks of several sizes and after one to four
// transmissions, and writes the curves that package mac embeds, and what
// retransmissions gain, which package ran/gnb embeds:
//
//	go run ./internal/bench/linktable -blocks 1600 -curves mac/curves.csv -combining ran/gnb/combining.csv
//
// A block goes through CRC, LDPC, rate matching and modulation, over white noise of
// known variance, and back through demapper, combining and decoder, as phy/pusch does it
// once the channel is equalized: the SINR is that of a resource element after the
// equalizer. Retransmissions have the redundancy versions 2, 3 and 1 and the same SINR.
//
// A curve is the normal distribution of a threshold, fitted to the outcomes by maximum
// likelihood; each next batch of blocks is sent where it says most. The result follows
// from the seed alone.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
)

func main() {
	blocks := flag.Int("blocks", 1200, "blocks of each curve")
	seed := flag.Uint64("seed", 1, "seed of all blocks")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "curves that are measured at once")
	curves := flag.String("curves", os.DevNull, "file of the curves to write")
	combining := flag.String("combining", os.DevNull, "file of the gains of retransmissions to write")
	bounded := flag.String("bounds", "", "file of what fewer LDPC iterations cost to write; only that is measured then, -blocks at each SINR")
	flag.Parse()
	if *bounded != "" {
		if err := runBounds(context.Background(), *bounded, *blocks, *workers, *seed); err != nil {
			fmt.Fprintln(os.Stderr, "linktable:", err)
			os.Exit(2)
		}
		return
	}
	if err := run(context.Background(), *curves, *combining, *blocks, *workers, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "linktable:", err)
		os.Exit(2)
	}
}

// run measures all curves and writes both files.
func run(ctx context.Context, curvesFile, combiningFile string, blocks, workers int, seed uint64) error {
	if blocks < minBlocks || workers < 1 {
		return fmt.Errorf("at least %d -blocks and 1 of -workers are needed", minBlocks)
	}
	curves := plan()
	err := sideBySide(ctx, workers, len(curves), func(ctx context.Context, i int) error { return curves[i].measure(ctx, blocks, seed) })
	if err != nil {
		return err
	}
	recipe := fmt.Sprintf("# go run ./internal/bench/linktable -blocks %d -seed %d", blocks, seed)
	return errors.Join(writeCurves(curvesFile, recipe, curves, blocks), writeCombining(combiningFile, recipe, curves))
}

// runBounds measures what fewer iterations cost, for every modulation and rate: where the
// curve falls first, and then blocks about there.
func runBounds(ctx context.Context, name string, blocks, workers int, seed uint64) error {
	if blocks < 1 || workers < 1 {
		return fmt.Errorf("at least one of -blocks and one of -workers are needed")
	}
	curves := slices.DeleteFunc(plan(), func(c curve) bool { return c.transmissions != 1 || c.tbs != boundSize })
	scans := make([]scan, len(curves))
	err := sideBySide(ctx, workers, len(curves), func(ctx context.Context, i int) error {
		if err := curves[i].measure(ctx, minBlocks, seed); err != nil {
			return err
		}
		return scans[i].measure(ctx, &curves[i], blocks, seed)
	})
	if err != nil {
		return err
	}
	return writeBounds(name, fmt.Sprintf("# go run ./internal/bench/linktable -blocks %d -seed %d -bounds mac/bounds.csv", blocks, seed), scans)
}

// sideBySide calls one for each of n things, on several workers. The first error ends it.
func sideBySide(ctx context.Context, workers, n int, one func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	next := make(chan int)
	for range workers {
		wg.Go(func() {
			for i := range next {
				if err := one(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
		if (i+1)%20 == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d\n", i+1, n)
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// writeCurves writes the curves of first transmissions as package mac reads them, with
// the interval of 95 %.
func writeCurves(name, recipe string, curves []curve, blocks int) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, recipe)
	fmt.Fprintln(&b, "qm,rate2048,block_bits,snr50_db,sigma_db,low_db,high_db,blocks")
	for i := range curves {
		if c := &curves[i]; c.transmissions == 1 {
			fmt.Fprintf(&b, "%d,%d,%d,%.3f,%.3f,%.3f,%.3f,%d\n", c.mcs.Modulation.BitsPerSymbol(), c.mcs.Rate, c.blockBits,
				c.fit.mid, c.fit.width, c.fit.mid-1.96*c.fit.midStd, c.fit.mid+1.96*c.fit.midStd, blocks)
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o666)
}

// writeCombining writes by how many dB the curve of each modulation and code rate moves
// with two, three and four transmissions, the mean over sizes, and the standard deviation
// of the last one's error.
func writeCombining(name, recipe string, curves []curve) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, recipe)
	fmt.Fprintln(&b, "qm,rate2048,gain2_db,gain3_db,gain4_db,std_db")
	var gain [4]float64
	var first fit
	variance := 0.0
	for i := range curves {
		c := &curves[i]
		if c.transmissions == 1 {
			first = c.fit
			continue
		}
		gain[c.transmissions-1] += (first.mid - c.fit.mid) / float64(len(again))
		if c.transmissions < len(gain) {
			continue
		}
		variance += (first.midStd*first.midStd + c.fit.midStd*c.fit.midStd) / float64(len(again)*len(again))
		if c.tbs == again[len(again)-1] {
			fmt.Fprintf(&b, "%d,%d,%.3f,%.3f,%.3f,%.3f\n", c.mcs.Modulation.BitsPerSymbol(), c.mcs.Rate,
				gain[1], gain[2], gain[3], math.Sqrt(variance))
			gain, variance = [4]float64{}, 0
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o666)
}
