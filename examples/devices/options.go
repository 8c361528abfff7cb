// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
)

// options are the arguments of the program.
type options struct {
	model  string
	batch  int
	json   bool
	device string // in a child: the device to measure
}

// parse reads the arguments; help goes to stderr.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("devices", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.model, "model", "", "ONNX `file` to run (default: the shipped neural demapper of 256QAM)")
	fs.IntVar(&o.batch, "batch", 0, "length of the open axes (default: 3276 for the demapper, else 1)")
	fs.BoolVar(&o.json, "json", false, "print one JSON object per device")
	fs.StringVar(&o.device, "device", "", "measure this device only, in this process")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("argument %q: got one, want only flags", fs.Arg(0))
	}
	if o.batch < 0 {
		return o, fmt.Errorf("-batch: got %d, want 1 or more", o.batch)
	}
	return o, nil
}
