// SPDX-License-Identifier: Apache-2.0

// Command ts38104 measures the margin over the PUSCH requirements of TS 38.104,
// tables 8.2.1.2-1, -4 and -7: the signal to noise ratio at which 70 % of the largest
// throughput must be reached, with at most four transmissions of a block, less that
// at which the receiver reaches it.
//
//	go run ./internal/bench/ts38104 -o margins.csv [-rows 'Table 8.2.1.2-4'] [-trials 40]
//
// Every point that is done is appended to the file, and a later run goes on from
// there; without -o nothing is kept. The last thing printed is a table of all points
// in the file. The rows of the tables come from the shared folder of public figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ts38104:", err)
		os.Exit(2)
	}
}

// options are the arguments.
type options struct {
	data, out, receiver string
	rows                *regexp.Regexp
	trials, workers     int
	rounds, step        int
	seed                uint64
	time                bool
}

func parse(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("ts38104", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", folder(), "`folder` of ts38104_pusch_snr.csv and ts38104_frc.csv")
	flags.StringVar(&o.out, "o", "", "`file` to which points are appended, and from which a run goes on")
	flags.StringVar(&o.receiver, "receiver", "lmmse", "receiver")
	flags.IntVar(&o.trials, "trials", 40, "channels a point")
	flags.IntVar(&o.rounds, "rounds", 64, "transmissions of one HARQ process in each channel")
	flags.IntVar(&o.step, "round-trip", 8, "slots from one of them to the next")
	flags.IntVar(&o.workers, "workers", 1, "channels at once")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of data, channels and noise")
	flags.BoolVar(&o.time, "time", false, "send samples instead of resource elements")
	rows := flags.String("rows", "", "`pattern` of the rows to measure")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var err error
	o.rows, err = regexp.Compile(*rows)
	return o, err
}

// folder returns the place of the public figures: $NEURORAN_SHARED/data or
// ../shared/data.
func folder() string {
	if s := os.Getenv("NEURORAN_SHARED"); s != "" {
		return filepath.Join(s, "data")
	}
	return filepath.Join("..", "shared", "data")
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	rows, err := readRows(o.data)
	if err != nil {
		return err
	}
	book, err := openBook(o.out)
	if err != nil {
		return err
	}
	defer book.close()
	for i := range rows {
		if !o.rows.MatchString(rows[i].ref) {
			continue
		}
		if err := o.measure(ctx, &rows[i], book); err != nil {
			return fmt.Errorf("%s: %w", rows[i].ref, err)
		}
		rows[i].print(stdout, book.points[rows[i].key(o)])
	}
	return nil
}
