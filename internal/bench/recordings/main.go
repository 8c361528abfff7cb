// SPDX-License-Identifier: Apache-2.0

// Command recordings prints how many transmissions of each shared recording
// pass their CRC, receiver by receiver, as a Markdown table: the two model-driven
// receivers, the neural demapper, and the implementation that made the
// recordings.
//
//	go run ./internal/bench/recordings [-dir ../shared/iq] [-cfo-limit 1]
//
// With a small limit of the carrier offset the receivers know, as that implementation
// was told, that there is none.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// receivers are the columns of the table.
var receivers = [3]string{"ls", "lmmse", "neural"}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("recordings", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", folder(), "`folder` of the recordings and their answers")
	limit := flags.Float64("cfo-limit", 0, "largest carrier offset that is likely, `Hz` (default: that of TS 38.101-1)")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return 2
	}
	if err := table(stdout, *dir, *limit); err != nil {
		fmt.Fprintln(stderr, "recordings:", err)
		return 1
	}
	return 0
}

// folder returns the recordings' place: $NEURORAN_SHARED/iq or ../shared/iq.
func folder() string {
	if s := os.Getenv("NEURORAN_SHARED"); s != "" {
		return filepath.Join(s, "iq")
	}
	return filepath.Join("..", "shared", "iq")
}

// tally counts transmissions of one recording, or of all.
type tally struct {
	all       int
	passed    [3]int // right, by receiver
	sionna    int    // passed by the implementation that made the recording
	decodable int    // still decoded there with 1 dB more noise
	lost      int    // decodable and not passed by lmmse
	wrong     int    // CRC passed on wrong bits, of all receivers
}

func (t *tally) add(o *tally) {
	t.all += o.all
	for i := range t.passed {
		t.passed[i] += o.passed[i]
	}
	t.sionna += o.sionna
	t.decodable += o.decodable
	t.lost += o.lost
	t.wrong += o.wrong
}

func (t *tally) print(w io.Writer, name string) {
	fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", name,
		t.all, t.passed[0], t.passed[1], t.passed[2], t.sionna, t.decodable, t.lost, t.wrong)
}

// table prints one row a recording, and the sums.
func table(w io.Writer, dir string, cfoLimitHz float64) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"+sigmf.MetaExt))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no recordings in %s", dir)
	}
	fmt.Fprintln(w, "| recording | transmissions | ls | lmmse | neural | Sionna | decodable | decodable, lost by lmmse | wrong |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	var total tally
	for _, file := range files {
		row, err := decode(file, cfoLimitHz)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		row.print(w, strings.TrimSuffix(filepath.Base(file), sigmf.MetaExt))
		total.add(&row)
	}
	total.print(w, "all")
	return nil
}

// decode decodes one recording with every receiver and compares with its answers.
func decode(file string, cfoLimitHz float64) (tally, error) {
	var t tally
	answers, err := testvec.Answers(file)
	if err != nil {
		return t, err
	}
	for _, a := range answers {
		t.all++
		t.sionna += count(a.Sionna)
		t.decodable += count(a.Decodable)
	}
	rec, err := sigmf.Open(file)
	if err != nil {
		return t, err
	}
	defer rec.Close()
	for i, receiver := range receivers {
		report, err := play(rec, receiver, cfoLimitHz)
		if err != nil {
			return t, fmt.Errorf("%s: %w", receiver, err)
		}
		if len(report.Transmissions) != t.all {
			return t, fmt.Errorf("%d transmissions, and answers for %d", len(report.Transmissions), t.all)
		}
		for k, a := range answers {
			x := &report.Transmissions[k]
			right := a.Right(x.SHA256)
			t.passed[i] += count(x.CRC && right)
			t.wrong += count(x.CRC && !right)
			t.lost += count(receiver == "lmmse" && a.Decodable && !x.CRC)
		}
	}
	return t, nil
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// play decodes a recording with one receiver.
func play(rec *sigmf.Recording, receiver string, cfoLimitHz float64) (*uplink.Report, error) {
	chain, err := uplink.New(uplink.Config{
		Config:   block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels, CFOLimitHz: cfoLimitHz},
		Receiver: receiver,
	})
	if err != nil {
		return nil, err
	}
	defer chain.Close()
	return chain.Play(context.Background(), rec, uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)})
}
