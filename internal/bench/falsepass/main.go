// SPDX-License-Identifier: Apache-2.0

// Command falsepass counts how often a receiver takes for a transport block what
// none is: in slots of noise, far below the threshold, after a lost first
// transmission, with a dead antenna, and with an interferer alone.
//
//	go run ./internal/bench/falsepass -receiver lmmse -case noise -slots 1000000
//
// It prints one row for each kind of grant: how many CRCs passed, how many of them
// on bits that were not sent, and how many a CRC of that length lets through at
// most, 3·2^-L of the slots and the upper end of Poisson's 95 % interval of that.
// The exit status is 1 if more passed.
//
// With -case paired it prints instead what the evidence that blocks of zeros need
// costs where 10 % of the blocks are lost: the same slots judged with and without.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
)

func main() {
	ok, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "falsepass:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run prints the table and reports whether every row is within what its CRC
// allows.
func run(args []string) (bool, error) {
	flags := flag.NewFlagSet("falsepass", flag.ContinueOnError)
	receiver := flags.String("receiver", "lmmse", "ls, lmmse or neural")
	name := flags.String("case", "noise", strings.Join(caseNames(), ", ")+", or paired: what it costs")
	slots := flags.Int("slots", 6000, "slots, shared out evenly over the rows")
	seed := flags.Uint64("seed", 1, "seed of data, channels and noise")
	workers := flags.Int("workers", runtime.GOMAXPROCS(0), "slots at once")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if *name == "paired" && *workers >= 1 && *slots >= 0 {
		fmt.Println("# falsepass", strings.Join(args, " "))
		return paired(*receiver, *slots, *seed, *workers)
	}
	i := slices.Index(caseNames(), *name)
	if i < 0 || *workers < 1 || *slots < 0 {
		return false, fmt.Errorf("-case %s, -workers %d, -slots %d: see -help", *name, *workers, *slots)
	}
	fmt.Printf("# falsepass %s\n| rx | PRB | MCS | TBS | CRC bits | slots | passes | wrong | at most | detected |\n|---|---|---|---|---|---|---|---|---|---|\n",
		strings.Join(args, " "))
	ok := true
	for k := range rows {
		c, err := count(&rows[k], *receiver, cases[i].play, *slots/len(rows), *seed+uint64(k)<<32, *workers)
		if err != nil {
			return false, err
		}
		most := poissonUpper(3 * math.Pow(2, -float64(c.crcBits)) * float64(c.slots))
		if c.crcBits == 24 {
			most = 0
		}
		fmt.Printf("| %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", rows[k].rx, rows[k].prb, rows[k].mcs, c.tbs, c.crcBits,
			c.slots, c.passes, c.wrong, most, c.detected)
		ok = ok && c.wrong <= most
	}
	return ok, nil
}

// count plays slots of one row on several workers.
func count(r *row, receiver string, play func(*trial) error, slots int, seed uint64, workers int) (counts, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var total counts
	var first error
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			t, err := newTrial(r, receiver)
			if err == nil {
				defer t.close()
				for i := w; i < slots && err == nil; i += workers {
					t.begin(seed, i)
					err = play(t)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				first = err
				return
			}
			total.add(&t.counts)
		}()
	}
	wg.Wait()
	return total, first
}

// poissonUpper returns the largest count that Poisson's distribution of the given
// mean exceeds with at most 2.5 %.
func poissonUpper(mean float64) int {
	p, sum := math.Exp(-mean), 0.0
	for n := 0; ; n++ {
		if sum += p; sum >= 0.975 {
			return n
		}
		p *= mean / float64(n+1)
	}
}
