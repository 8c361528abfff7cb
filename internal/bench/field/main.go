// SPDX-License-Identifier: Apache-2.0

// Command field measures PUSCH receivers where a simulator seldom goes: UEs that are
// granted and silent, antennas that are not alike, interferers, and much Doppler in
// little noise.
//
//	go run ./internal/bench/field -case silent -receivers ls,lmmse -snr 10,20 -trials 200
//
// It prints one JSON object per row, with a field met that says whether the receiver
// keeps its limit there; rows without a limit leave it out. The exit status is 1 if a
// row does not. Every case has its own defaults, printed by -help; receivers, and
// setups with and without what disturbs them, are compared on the same data, channels
// and noise. Intervals are Clopper and Pearson's of 95 %.
//
// All cases send on 30 kHz with two DM-RS symbols through flat Rayleigh fading, unless
// a flag says otherwise.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	met, err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "field:", err)
		os.Exit(2)
	}
	if !met {
		os.Exit(1)
	}
}

// bench is a run of one case.
type bench struct {
	ctx     context.Context // ends the run
	options options
	rows    *json.Encoder
	missed  bool // whether a row does not keep its limit
}

// options are what the flags say, or else the defaults of the case.
type options struct {
	receivers, profiles list[string]
	prb, rx, ues        list[int]
	snr, inr            list[float64]
	mcs, table          int
	doppler             float64
	trials, workers     int
	seed                uint64
}

// cases are what a receiver meets, each with its defaults.
var cases = []struct {
	name, about string
	defaults    options
	play        func(*bench) error
}{
	{
		"silent", "UEs with a grant that do not transmit, beside others that do", options{
			receivers: list[string]{"ls", "lmmse"}, prb: list[int]{1, 4, 24}, rx: list[int]{4}, ues: list[int]{2, 4},
			snr: list[float64]{10, 20, 30}, mcs: 10, table: 1, trials: 200,
		}, (*bench).silent,
	},
	{
		"part", "an interferer on PRBs 10 and 11 of the allocation", options{
			receivers: list[string]{"ls", "lmmse"}, prb: list[int]{24}, rx: list[int]{2, 4}, inr: list[float64]{30},
			mcs: 3, table: 1, trials: 2000,
		}, (*bench).part,
	},
	{
		"antenna", "one antenna with more noise, or less gain, than the others", options{
			receivers: list[string]{"ls", "lmmse"}, prb: list[int]{1, 4, 24}, rx: list[int]{2, 4}, snr: list[float64]{20},
			mcs: 10, table: 1, trials: 400,
		}, (*bench).antenna,
	},
	{
		"interferer", "one interferer on the whole band, through each of the profiles", options{
			receivers: list[string]{"ls", "lmmse"}, profiles: list[string]{"flat", "TDLA30", "TDLC300"},
			prb: list[int]{1, 2, 3, 4, 24}, rx: list[int]{2, 4, 8}, snr: list[float64]{10}, inr: list[float64]{0, 10, 20, 30, 40},
			mcs: 10, table: 1, doppler: 10, trials: 400,
		}, (*bench).interferer,
	},
	{
		"order", "more antennas, with and without an interferer (-99 dB stands for none)", options{
			receivers: list[string]{"ls", "lmmse"}, profiles: list[string]{"flat"},
			prb: list[int]{1, 4, 24}, rx: list[int]{1, 2, 3, 4, 5, 6, 7, 8}, snr: list[float64]{-4, 0, 4, 10}, inr: list[float64]{-99, 20},
			mcs: 10, table: 1, trials: 400,
		}, (*bench).order,
	},
	{
		"floor", "256QAM where Doppler alone disturbs; lmmse is held against ls", options{
			receivers: list[string]{"ls", "lmmse"}, profiles: list[string]{"flat", "TDLB100", "TDLC300"},
			prb: list[int]{1, 4, 24}, rx: list[int]{4}, snr: list[float64]{40},
			mcs: 24, table: 2, doppler: 400, trials: 600,
		}, (*bench).floor,
	},
}

// run plays one case and reports whether every row keeps its limit.
func run(ctx context.Context, args []string, stdout io.Writer) (bool, error) {
	flags := flag.NewFlagSet("field", flag.ContinueOnError)
	name := flags.String("case", "silent", "which case: "+caseNames())
	var o options
	flags.Var(&o.receivers, "receivers", "receivers, `names` with commas: ls, lmmse, perfect")
	flags.Var(&o.profiles, "profiles", "channel profiles, `names` with commas: flat, TDLA30, TDLB100, TDLC300")
	flags.Var(&o.prb, "prb", "PRBs of the grant, `numbers` with commas")
	flags.Var(&o.rx, "rx", "receive antennas, `numbers` with commas")
	flags.Var(&o.ues, "ues", "UEs with a grant, `numbers` with commas")
	flags.Var(&o.snr, "snr", "ratios of signal to noise, `dB` with commas")
	flags.Var(&o.inr, "inr", "ratios of interference to noise, `dB` with commas")
	flags.IntVar(&o.trials, "trials", 0, "slots a row")
	flags.IntVar(&o.workers, "workers", 0, "slots at once; 0 for one a processor")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of data, channels and noise")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if o.trials < 0 {
		return false, fmt.Errorf("-trials %d: want at least 1", o.trials)
	}
	for _, c := range cases {
		if c.name == *name {
			b := &bench{ctx: ctx, options: o.or(&c.defaults), rows: json.NewEncoder(stdout)}
			err := c.play(b)
			return !b.missed, err
		}
	}
	return false, fmt.Errorf("-case %s: want one of\n%s", *name, caseNames())
}

func caseNames() string {
	var text strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&text, "\n%s: %s", c.name, c.about)
	}
	return text.String()
}

// or returns the options with those of a case where no flag was given.
func (o options) or(d *options) options {
	o.receivers, o.profiles = o.receivers.or(d.receivers), o.profiles.or(d.profiles)
	o.prb, o.rx, o.ues = o.prb.or(d.prb), o.rx.or(d.rx), o.ues.or(d.ues)
	o.snr, o.inr = o.snr.or(d.snr), o.inr.or(d.inr)
	o.mcs, o.table, o.doppler = d.mcs, d.table, d.doppler
	if o.trials == 0 {
		o.trials = d.trials
	}
	return o
}

// row prints a row, and notes whether it keeps its limit: nil where it has none.
func (b *bench) row(r any, met *bool) error {
	if met != nil && !*met {
		b.missed = true
	}
	return b.rows.Encode(r)
}

// list is the value of a flag: values with commas in between.
type list[T string | int | float64] []T

// String implements [flag.Value].
func (l *list[T]) String() string { return fmt.Sprint(*l) }

// Set implements [flag.Value].
func (l *list[T]) Set(text string) error {
	*l = nil
	for word := range strings.SplitSeq(text, ",") {
		var x T
		var err error
		switch p := any(&x).(type) {
		case *string:
			*p = word
		case *int:
			*p, err = strconv.Atoi(word)
		case *float64:
			*p, err = strconv.ParseFloat(word, 64)
		}
		if err != nil {
			return err
		}
		*l = append(*l, x)
	}
	return nil
}

func (l list[T]) or(other list[T]) list[T] {
	if len(l) == 0 {
		return slices.Clone(other)
	}
	return l
}

// orZero returns the list, or one zero value in place of none.
func (l list[T]) orZero() list[T] { return l.or(make(list[T], 1)) }
