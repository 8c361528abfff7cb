// SPDX-License-Identifier: Apache-2.0

// Command onnxconf runs the backend tests of the ONNX package on a device:
//
//	python3 internal/bench/onnxconf/export.py /tmp/cases [RELEASES]
//	go run ./internal/bench/onnxconf -cases /tmp/cases -device ref
//
// and prints what came of them by version of the operator set and by operator.
// Each case runs in a worker process, so that a crash is a result. RELEASES holds
// unpacked wheels of older releases, a folder each; the test of this package says
// which ones CI uses.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/neuroran/neuroran/accel"
)

func main() {
	if setting := os.Getenv(workerEnv); setting != "" {
		if err := work(os.Stdin, os.Stdout, setting); err != nil {
			fail(err)
		}
		return
	}
	dir := flag.String("cases", "", "folder that export.py has written")
	device := flag.String("device", "ref", "device to run on")
	list := flag.Bool("list", false, "list the cases that did not pass")
	flag.Parse()
	d, err := accel.ParseDevice(*device)
	if err != nil {
		fail(err)
	}
	cases, err := readCases(*dir)
	if err != nil {
		fail(err)
	}
	results, err := runAll(cases, d, "")
	if err != nil {
		fail(err)
	}
	writeTables(os.Stdout, *device, cases, results)
	writeMissing(os.Stdout, cases, results)
	if !*list {
		return
	}
	for i, c := range cases {
		if r := results[i]; r.Outcome != passed {
			fmt.Printf("%s %s@%s: %s\n", c.id(), r.Outcome, r.Stage, r.Message)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "onnxconf:", err)
	os.Exit(2)
}
