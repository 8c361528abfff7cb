// SPDX-License-Identifier: Apache-2.0

// Command gpu proves and measures devices of a card beside the CPU, and prints
// the tables of docs/devices.md:
//
//	go run ./internal/bench/gpu -devices ort/cuda:0,ort/tensorrt:0,ort/cpu -limit 8m
//
// It first says what the host has and lacks, and looks for the libraries of CUDA
// and TensorRT where Python packages and toolkits put them. Then, for each device
// and precision: the networks of package acceltest against ref; LLRnet over 3276
// symbols and a DeepRx-like net at batches of 1 to 64, latency and throughput;
// what opening, binding and copying cost. What does not fit into the limit is
// named as not reached. A device that is missing is no failure of the program;
// one that computes something else is.
//
// pack.sh and run.sh in this folder take it to a machine that fetches nothing and
// takes little at a time; README.md says how.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/neuroran/neuroran/accel"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("gpu", flag.ContinueOnError)
	fs.SetOutput(stderr)
	devices := fs.String("devices", "ort/cuda:0,ort/tensorrt:0,ort/cpu", "devices to measure, separated by commas")
	limit := fs.Duration("limit", 8*time.Minute, "what is not measured by then is not reached")
	each := fs.Duration("each", time.Second, "time of one measurement")
	flavor := fs.String("flavor", "", "flavour of the library (default: goes by the first device)")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	b := &bench{ctx: ctx, w: stdout, each: *each,
		options: accel.Options{Flavor: *flavor, LibraryDirs: libraryDirs(), CacheDir: os.TempDir()}}
	b.host()
	for _, name := range strings.Split(*devices, ",") {
		d, err := accel.ParseDevice(name)
		if err != nil {
			fmt.Fprintln(stderr, "gpu:", err)
			return 2
		}
		for _, p := range precisions(d) {
			b.device(d, p)
		}
	}
	for _, f := range b.failures {
		fmt.Fprintln(stderr, "gpu:", f)
	}
	if len(b.failures) > 0 {
		return 1
	}
	return 0
}

// precisions lists what is measured on a device.
func precisions(d accel.Device) []accel.Precision {
	switch name := string(d); {
	case strings.HasPrefix(name, "ort/cuda"):
		return []accel.Precision{accel.Float32, accel.TF32}
	case strings.HasPrefix(name, "ort/tensorrt"):
		return []accel.Precision{accel.Float32, accel.Float16}
	case strings.HasPrefix(name, "ort/openvino:CPU"):
		return []accel.Precision{accel.Float32, accel.BFloat16}
	}
	return []accel.Precision{accel.Float32}
}

// tolerance is how far a precision may deviate from ref, as a part of the
// largest output.
func tolerance(p accel.Precision) float64 {
	switch p {
	case accel.Float32:
		return 1e-4 // cards sum in another order
	case accel.TF32:
		return 1e-2
	}
	return 3e-2
}
