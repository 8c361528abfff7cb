// SPDX-License-Identifier: Apache-2.0

// Command devices runs a model on every device that the machine has, and says
// what the others lack.
//
//	go run ./examples/devices
//	go run ./examples/devices -model F.onnx -batch 8 -json
//
// Without -model it runs the shipped neural demapper of 256QAM over the symbols
// of one OFDM symbol of 273 PRBs. Each device runs in a process of its own, as
// a process loads one flavour of ONNX Runtime and a provider may take its
// process down. With -json it prints one object per device:
//
//	{"device":"ort/cpu","available":true,"reason":"","p50_us":92.1,"p99_us":99.8,"max_dev":4.8e-07,"allocs":0}
//
// max_dev is the largest difference from the device ref in any output, null
// where ref cannot run the model; allocs is allocations per run. It exits with 0
// when it ran, whatever is available, and with 2 for bad arguments or a model
// that cannot be read.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/neuroran/neuroran/accel"
)

// childLimit is how long one device may take.
const childLimit = 2 * time.Minute

// result is the JSON object of one device.
type result struct {
	Device    accel.Device `json:"device"`
	Available bool         `json:"available"`
	Reason    string       `json:"reason"`
	P50       float64      `json:"p50_us"`
	P99       float64      `json:"p99_us"`
	MaxDev    *float64     `json:"max_dev"`
	Allocs    int          `json:"allocs"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var m *accel.Model
	if err == nil {
		m, err = o.load()
	}
	if err != nil {
		fmt.Fprintln(stderr, "devices:", err)
		return 2
	}
	results := []result{measure(ctx, m, o)}
	if o.device == "" {
		results = results[:0]
		for _, info := range accel.Probe() {
			results = append(results, inChild(ctx, args, info))
		}
	}
	if err := show(stdout, o.json, results); err != nil {
		fmt.Fprintln(stderr, "devices:", err)
		return 2
	}
	return 0
}

// inChild measures a device in a process of its own.
func inChild(ctx context.Context, args []string, info accel.DeviceInfo) result {
	r := result{Device: info.Device}
	if !info.Available {
		r.Reason = info.Reason.Error()
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, childLimit)
	defer cancel()
	program, err := os.Executable()
	if err == nil {
		var out []byte
		cmd := exec.CommandContext(ctx, program, append(args[:len(args):len(args)], "-json", "-device", string(info.Device))...)
		if out, err = cmd.Output(); err == nil {
			err = json.Unmarshal(out, &r)
		}
	}
	if err != nil {
		r.Reason = "its process failed: " + err.Error()
	}
	return r
}

// show prints the results, as JSON or as a table.
func show(w io.Writer, asJSON bool, results []result) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for _, r := range results {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "DEVICE\tP50 µs\tP99 µs\tMAX. DEVIATION\tALLOCATIONS\tREASON")
	for _, r := range results {
		if !r.Available {
			fmt.Fprintf(t, "%s\t–\t–\t–\t–\t%s\n", r.Device, r.Reason)
			continue
		}
		dev := "ref cannot run it"
		if r.MaxDev != nil {
			dev = fmt.Sprintf("%.2g", *r.MaxDev)
		}
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%s\t%d\t%s\n", r.Device, r.P50, r.P99, dev, r.Allocs, r.Reason)
	}
	return t.Flush()
}
