// SPDX-License-Identifier: Apache-2.0

// Command onnxconf runs the backend tests of the ONNX package on a device:
//
//	python3 internal/bench/onnxconf/export.py /tmp/cases [RELEASES]
//	go run ./internal/bench/onnxconf -cases /tmp/cases -device ref
//
// and prints what came of them by version of the operator set and by operator.
// With -fuzz N it runs N mutated models instead, which may be refused but must not
// end the process. Each case runs in a worker process, so that a crash is a result. RELEASES holds
// unpacked wheels of older releases, a folder each; the test of this package says
// which ones CI uses.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/neuroran/neuroran/accel"
)

func main() {
	if isWorker() {
		return
	}
	dir := flag.String("cases", "", "folder that export.py has written")
	device := flag.String("device", "ref", "device to run on")
	mutants := flag.Int("fuzz", 0, "run so many mutated models instead, on the devices of -device, separated by commas")
	seed := flag.Uint64("seed", 1, "seed of the mutated models")
	found := flag.String("found", "found", "folder for mutated models that end the process")
	list := flag.Bool("list", false, "list the cases that did not pass")
	flag.Parse()
	if *mutants > 0 {
		crashes, err := fuzz(os.Stdout, *dir, *seed, 0, *mutants, strings.Split(*device, ","), *found)
		if err != nil {
			fail(err)
		}
		fmt.Printf("%d mutated models of seed %d on %s: %d crashes\n", *mutants, *seed, *device, crashes)
		return
	}
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

// isWorker does the work of a worker process and reports true, if this is one.
func isWorker() bool {
	var err error
	switch {
	case os.Getenv(workerEnv) != "":
		err = work(os.Stdin, os.Stdout, os.Getenv(workerEnv))
	case os.Getenv(fuzzEnv) != "":
		err = fuzzWork(os.Stdout, os.Getenv(fuzzEnv))
	default:
		return false
	}
	if err != nil {
		fail(err)
	}
	return true
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "onnxconf:", err)
	os.Exit(2)
}
