// SPDX-License-Identifier: Apache-2.0

// Command uplink decodes a recording of 5G NR uplink slots with a chain of
// stateful functions, and prints what became of every PUSCH transmission.
//
//	go run ./examples/uplink
//	go run ./examples/uplink -recording X.sigmf-meta -receiver ls -json
//	go run ./examples/uplink -recording X.sigmf-meta -schedule X.csv
//	go run ./examples/uplink -record llrs=llrs.arrow
//	go run ./examples/uplink -replay llrs=llrs.arrow
//
// A recording may have any sample rate that holds the carrier. The schedule is in the
// recording's annotations, or in a log of the gNB; with -search it need not be known
// where in the file it begins. docs/recordings.md says how to decode one of your own,
// docs/sigmf-nr.md what the fields of a recording are. Where transmissions do not pass,
// it says what the samples tell about why; -diagnose tries what else the metadata could
// say.
//
// With -record what travels on an edge of the receiver is written to an Arrow file,
// which pyarrow opens; with -replay such a file takes the place of the edge.
//
// Without -recording it decodes one that is part of the program. It exits with
// 0 when it ran, whatever the CRCs say, and with 2 for bad arguments or a bad
// recording.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/diagnose"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

//go:generate go run ./internal/record -o testdata/uplink.sigmf-meta
//go:generate go run ./internal/record -o ../../phy/sigmf/testdata/sample.sigmf-meta -slots 3 -log=false

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
		err = decode(ctx, o, stdout)
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) { // one for each mistake of a recording
			fmt.Fprintln(stderr, "uplink:", strings.TrimRight(line, "\r\n"))
		}
		return 2
	}
	return 0
}

// decode plays the recording through the chain and prints the report.
func decode(ctx context.Context, o *options, stdout io.Writer) error {
	in, err := open(o)
	if err != nil {
		return err
	}
	rec := in.Recording
	defer rec.Close()
	cloud := newConstellation()
	edges, err := uplink.Compose(sfaas.NewGraph("uplink"), uplink.Config{
		Config:   block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels},
		Receiver: o.receiver,
		Networks: neural.Config{Devices: []accel.Device{accel.Device(o.device)}},
		Replay:   o.replay.edge(),
	})
	if err != nil {
		return err
	}
	endTapes, err := o.record.record(edges)
	if err != nil {
		return errors.Join(err, endTapes(), edges.Close())
	}
	if o.plot != "" {
		uplink.Tap(edges, edges.Symbols, "symbols", cloud.add)
	}
	chain, err := edges.Build()
	if err != nil {
		return err
	}
	defer chain.Close()
	play := uplink.PlayConfig{RealTime: o.realTime, Slots: o.slots, Logger: slog.New(slog.DiscardHandler)}
	closeReplay, err := o.replay.replay(&play)
	if err != nil {
		return err
	}
	defer closeReplay()
	report, err := chain.Play(ctx, rec, play)
	if err = errors.Join(err, endTapes()); err != nil {
		return err
	}
	findings, err := explain(ctx, o, in, report)
	if err != nil {
		return err
	}
	return show(o, in, &result{report, findings}, cloud, stdout)
}

// result is what the program has to say.
type result struct {
	*uplink.Report
	findings []diagnose.Finding
}

// explain says why transmissions did not pass: by what was measured, and where that is
// asked for by trying what else the metadata could say.
func explain(ctx context.Context, o *options, in *input, r *uplink.Report) ([]diagnose.Finding, error) {
	outcomes := make([]nr.Outcome, len(r.Transmissions))
	for i := range outcomes {
		outcomes[i] = r.Transmissions[i].Outcome
	}
	cfg := diagnose.Config{RNTIs: o.rntis, NIDs: o.ids}
	if o.diagnose {
		if data, _ := in.Recording.Bytes(); data == nil && o.recording != "" && o.schedule == "" {
			raw, err := sigmf.Open(o.recording) // what it was converted from
			if err != nil {
				return nil, err
			}
			defer raw.Close()
			cfg.Raw = raw
		}
		return diagnose.Search(ctx, in.Recording, outcomes, cfg)
	}
	if o.json {
		return nil, nil
	}
	return diagnose.Look(in.Recording, outcomes, cfg)
}

// show prints the report in the form that was asked for.
func show(o *options, in *input, r *result, cloud *constellation, stdout io.Writer) error {
	if o.plot != "" {
		if err := plot(o.plot, in.Recording, r.Report, cloud); err != nil {
			return fmt.Errorf("-plot: %w", err)
		}
	}
	out := bufio.NewWriter(stdout)
	if o.json {
		if err := printJSON(out, o, in, r); err != nil {
			return err
		}
	} else {
		printTables(out, o, in, r)
	}
	return out.Flush()
}
