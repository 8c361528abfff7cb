// SPDX-License-Identifier: Apache-2.0

// Command recordings prints how many transmissions of each shared recording
// pass their CRC, receiver by receiver, as a Markdown table: the two model-driven
// receivers, the neural demapper, and the implementation that made the
// recordings.
//
//	go run ./internal/bench/recordings [-dir ../shared/iq]
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// receivers are the columns of the table.
var receivers = []string{"ls", "lmmse", "neural"}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("recordings", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", folder(), "`folder` of the recordings and their answers")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return 2
	}
	if err := table(stdout, *dir); err != nil {
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

// answer is the right outcome of one transmission.
type answer struct {
	SHA256    string `json:"tb_sha256"`
	Decodable bool   `json:"decodable"`
	Sionna    bool   `json:"sionna_crc"`
}

// table prints one row a recording, and the sums.
func table(w io.Writer, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.sigmf-meta"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no recordings in %s", dir)
	}
	fmt.Fprintln(w, "| recording | transmissions | ls | lmmse | neural | Sionna | decodable | decodable, lost by lmmse | wrong |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	var total [8]int
	for _, file := range files {
		r, err := row(file)
		if err != nil {
			return err
		}
		printRow(w, strings.TrimSuffix(filepath.Base(file), ".sigmf-meta"), r)
		for i, n := range r {
			total[i] += n
		}
	}
	printRow(w, "all", total)
	return nil
}

func printRow(w io.Writer, name string, r [8]int) {
	fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", name, r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
}

// row decodes one recording with every receiver. It counts transmissions; the
// passes of each receiver and of Sionna; those that are decodable; those of them
// that lmmse lost; and CRCs that passed on wrong bits, of all receivers.
func row(file string) (r [8]int, err error) {
	text, err := os.ReadFile(strings.TrimSuffix(file, ".sigmf-meta") + ".tb.json")
	if err != nil {
		return r, err
	}
	var answers struct{ Transmissions []answer }
	if err := json.Unmarshal(text, &answers); err != nil {
		return r, err
	}
	for _, a := range answers.Transmissions {
		r[0]++
		r[4] += count(a.Sionna)
		r[5] += count(a.Decodable)
	}
	for i, receiver := range receivers {
		report, err := play(file, receiver)
		if err != nil {
			return r, fmt.Errorf("%s: %s: %w", file, receiver, err)
		}
		for k, a := range answers.Transmissions {
			x := &report.Transmissions[k]
			right := hex.EncodeToString(x.SHA256[:]) == a.SHA256
			r[1+i] += count(x.CRC && right)
			r[6] += count(receiver == "lmmse" && a.Decodable && !x.CRC)
			r[7] += count(x.CRC && !right)
		}
	}
	return r, nil
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// play decodes a recording with one receiver.
func play(file, receiver string) (*uplink.Report, error) {
	rec, err := sigmf.Open(file)
	if err != nil {
		return nil, err
	}
	defer rec.Close()
	chain, err := uplink.New(block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}, uplink.WithReceiver(receiver))
	if err != nil {
		return nil, err
	}
	defer chain.Close()
	return chain.Play(context.Background(), rec, uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)})
}
