// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/neuroran/neuroran/accel"
)

// workerEnv tells a process of this program to be a worker: the device, and the
// folder for wrong outputs, separated by a line feed.
const workerEnv = "ONNXCONF_WORKER"

// caseTime is how long one case may take.
const caseTime = 30 * time.Second

// work runs the cases that come in, one JSON object per line, and answers each with
// a result. It is a process of its own, since a crash in C ends the process.
func work(in io.Reader, out io.Writer, setting string) error {
	device, got, _ := strings.Cut(setting, "\n")
	d, w := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var c testCase
		if err := d.Decode(&c); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		done := make(chan result, 1)
		go func() { done <- run(c, accel.Device(device), got) }()
		var r result
		select {
		case r = <-done:
		case <-time.After(caseTime):
			r = result{Outcome: hung}
		}
		if err := w.Encode(r); err != nil {
			return err
		}
	}
}

// runAll runs every case on a device, in workers that are started anew after a
// crash.
func runAll(cases []testCase, d accel.Device, got string) ([]result, error) {
	results := make([]result, 0, len(cases))
	for len(results) < len(cases) {
		more, err := runSome(cases[len(results):], d, got)
		results = append(results, more...)
		if err == nil {
			continue
		}
		if len(results) == len(cases) {
			return results, fmt.Errorf("onnxconf: worker: %w", err)
		}
		results = append(results, result{Outcome: crashed, Message: err.Error()})
	}
	return results, nil
}

// runSome runs cases in one worker until it ends.
func runSome(cases []testCase, d accel.Device, got string) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var said strings.Builder
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workerEnv+"="+string(d)+"\n"+got)
	cmd.Stderr = &tail{b: &said}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var results []result
	w, r := json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))
	for _, c := range cases {
		var one result
		if w.Encode(c) != nil || r.Decode(&one) != nil {
			break
		}
		results = append(results, one)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil || len(results) < len(cases) {
		return results, fmt.Errorf("%v: %s", err, said.String())
	}
	return results, nil
}

// tail keeps the first of what a process writes.
type tail struct {
	b *strings.Builder
}

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	if t.b.Len() < 4096 {
		t.b.Write(p)
	}
	return len(p), nil
}
