// SPDX-License-Identifier: Apache-2.0

// Command train trains LLRnet and writes it as ONNX.
//
//	go run ./phy/neural/train -modulation 256qam [-seed 1] [-hidden 32] [-steps N] [-dir weights]
//	go run ./phy/neural/train -all -dir weights
//
// It prints, for each network, its SHA-256 and the held-out error; with -all it
// also writes the table of README.md in the folder, and the hashes that the
// package checks the weights against.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

var byName = map[string]nr.Modulation{
	"pi2bpsk": nr.Pi2BPSK, "qpsk": nr.QPSK, "16qam": nr.QAM16, "64qam": nr.QAM64, "256qam": nr.QAM256,
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("train", flag.ContinueOnError)
	fs.SetOutput(stderr)
	name := fs.String("modulation", "", "qpsk, 16qam, 64qam or 256qam")
	all := fs.Bool("all", false, "train every modulation and write the table")
	dir := fs.String("dir", ".", "folder to write to")
	change := changes(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	list := []string{*name}
	if *all {
		list = []string{"qpsk", "16qam", "64qam", "256qam"}
	}
	var rows []row
	for _, name := range list {
		m, ok := byName[strings.ToLower(name)]
		if !ok {
			return fmt.Errorf("-modulation: got %q, want qpsk, 16qam, 64qam or 256qam", name)
		}
		r, err := neural.DefaultRecipe(m)
		if err != nil {
			return err
		}
		change(&r)
		trained, err := train(ctx, r, *dir, stderr)
		if err != nil {
			return err
		}
		fmt.Fprint(stdout, trained.line)
		rows = append(rows, trained)
	}
	if *all {
		return writeTables(*dir, rows)
	}
	return nil
}

// changes registers the flags that change a recipe. The function that it returns
// makes, after parsing, the changes that were asked for.
func changes(fs *flag.FlagSet) func(*neural.Recipe) {
	var own neural.Recipe
	fs.Uint64Var(&own.Seed, "seed", 0, "seed, instead of the recipe's")
	fs.IntVar(&own.Hidden, "hidden", 0, "hidden units, instead of the recipe's")
	fs.IntVar(&own.Steps, "steps", 0, "gradient steps, instead of the recipe's")
	fs.Float64Var(&own.Emphasis, "emphasis", 0, "weighting of the error, instead of the recipe's")
	fs.Float64Var(&own.LowSNRdB, "low", 0, "lowest signal-to-noise ratio in dB, instead of the recipe's")
	fs.Float64Var(&own.HighSNRdB, "high", 0, "highest signal-to-noise ratio in dB, instead of the recipe's")
	return func(r *neural.Recipe) {
		fs.Visit(func(f *flag.Flag) {
			switch f.Name {
			case "seed":
				r.Seed = own.Seed
			case "hidden":
				r.Hidden = own.Hidden
			case "steps":
				r.Steps = own.Steps
			case "emphasis":
				r.Emphasis = own.Emphasis
			case "low":
				r.LowSNRdB = own.LowSNRdB
			case "high":
				r.HighSNRdB = own.HighSNRdB
			}
		})
	}
}

// train trains one network, writes its file and returns its row of the table.
func train(ctx context.Context, r neural.Recipe, dir string, log io.Writer) (row, error) {
	start := time.Now()
	net, err := neural.Train(ctx, r, func(p neural.Progress) {
		fmt.Fprintf(log, "\r%v: step %d of %d, loss %.3g ", r.Modulation, p.Step, p.Steps, p.Loss)
	})
	fmt.Fprintln(log)
	if err != nil {
		return row{}, err
	}
	fmt.Fprintf(log, "trained in %v\n", time.Since(start).Round(time.Millisecond))
	name := neural.Name(r.Modulation)
	model, err := net.Model(r)
	if err != nil {
		return row{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, name+".onnx"), model.Bytes(), 0o644); err != nil {
		return row{}, err
	}
	low, high := neural.MCSRange(r.Modulation)
	rep := neural.Evaluate(net, r, low, high, 100_000)
	line := fmt.Sprintf("| %v | %d | %d | %.1f…%.1f | %.1f | %.1f at %.1f dB | `%s` |\n",
		r.Modulation, r.Hidden, r.Seed, low, high, rep.NMSEdB, rep.WorstdB, rep.WorstSNR, model.SHA256())
	return row{name: name, sha256: model.SHA256(), line: line}, nil
}
