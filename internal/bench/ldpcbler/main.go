// SPDX-License-Identifier: Apache-2.0

// Command ldpcbler measures the block error rate of one LDPC code over AWGN:
// random blocks through encoder, rate matching, modulation, max-log demapping to
// int8, soft combining and decoder, as in the receiver.
//
//	go run ./internal/bench/ldpcbler -k 500 -n 1000 -from 1.6 -iters 20
//
// It climbs from -from in steps until the error rate falls below -target, then
// measures the last two points with -errors block errors each, and prints them
// with their 95 % Wilson intervals and the Eb/No between them at the target.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
)

func main() {
	var c config
	flag.IntVar(&c.k, "k", 500, "information bits of the block, CRC not counted")
	flag.IntVar(&c.n, "n", 1000, "coded bits of one transmission")
	flag.IntVar(&c.baseGraph, "bg", 0, "base graph; 0 takes that of TS 38.212 §6.2.2")
	flag.IntVar(&c.qm, "qm", 2, "bits a symbol: 2, 4, 6 or 8")
	flag.StringVar(&c.rvs, "rvs", "0", "redundancy versions that are sent and combined, such as 0,2")
	flag.StringVar(&c.decoder, "decoder", "int8", "int8, bp (layered belief propagation) or flooding")
	flag.IntVar(&c.iters, "iters", 20, "largest number of iterations")
	flag.Float64Var(&c.llrScale, "llrscale", 8, "int8 steps an LLR of 1 is rounded to")
	flag.IntVar(&c.errors, "errors", 300, "block errors at a point that counts")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of the first point")
	from := flag.Float64("from", 1, "first Eb/No in dB")
	step := flag.Float64("step", 0.1, "step in dB")
	target := flag.Float64("target", 1e-2, "block error rate to find")
	flag.Parse()
	if err := run(c, *from, *step, *target); err != nil {
		fmt.Fprintln(os.Stderr, "ldpcbler:", err)
		os.Exit(2)
	}
}

// run brackets the target and prints the crossing.
func run(c config, from, step, target float64) error {
	s, err := newSimulation(c)
	if err != nil {
		return err
	}
	scout := func(ebno float64) float64 { return s.measure(ebno, 40).rate() }
	lo := from
	for scout(lo) < target { // start above the target
		lo -= step
	}
	for scout(lo+step) > target {
		lo += step
	}
	fmt.Println(s)
	a, b := s.measure(lo, c.errors), s.measure(lo+step, c.errors)
	for a.rate() < target { // the scouts were wrong
		a, b = s.measure(a.ebno-step, c.errors), a
	}
	for b.rate() > target {
		a, b = b, s.measure(b.ebno+step, c.errors)
	}
	fmt.Println(a)
	fmt.Println(b)
	slope := (math.Log(a.rate()) - math.Log(b.rate())) / step // nepers a dB
	at := a.ebno + (math.Log(a.rate())-math.Log(target))/slope
	fmt.Printf("  BLER %g at Eb/No %.3f ± %.3f dB\n", target, at, 1.96/math.Sqrt(float64(c.errors))/slope)
	return nil
}
