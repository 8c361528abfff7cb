// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// fuzzEnv tells a process of this program to run mutated models: cases, seed,
// first and last number, and devices, separated by line feeds.
const fuzzEnv = "ONNXCONF_FUZZ"

// fuzzTime is how long one mutated model may take.
const fuzzTime = 20 * time.Second

// fuzz runs mutated models number from to to-1 in worker processes. A model that
// ends the process, or takes too long, is written to the folder found.
func fuzz(w io.Writer, dir string, seed uint64, from, to int, devices []string, found string) (crashes int, err error) {
	for from < to {
		last, said, err := fuzzSome(dir, seed, from, to, devices)
		if last < 0 && err != nil {
			return crashes, fmt.Errorf("onnxconf: fuzz worker: %w: %s", err, said)
		}
		if err == nil {
			return crashes, nil
		}
		crashes++
		fmt.Fprintf(w, "model %d of seed %d: %v\n%s\n", last, seed, err, said)
		if err := saveMutant(dir, seed, last, found); err != nil {
			return crashes, err
		}
		from = last + 1
	}
	return crashes, nil
}

// fuzzSome runs one worker and returns the number of the model that it began last.
func fuzzSome(dir string, seed uint64, from, to int, devices []string) (last int, said string, err error) {
	self, err := os.Executable()
	if err != nil {
		return -1, "", err
	}
	var text strings.Builder
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fuzzEnv+"="+strings.Join([]string{dir, fmt.Sprint(seed), fmt.Sprint(from), fmt.Sprint(to), strings.Join(devices, ",")}, "\n"))
	cmd.Stderr = &tail{b: &text}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return -1, "", err
	}
	if err := cmd.Start(); err != nil {
		return -1, "", err
	}
	last = -1
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			last = n
		} else {
			text.WriteString(lines.Text() + "\n")
		}
	}
	return last, text.String(), cmd.Wait()
}

// fuzzWork is the worker of [fuzz].
func fuzzWork(out io.Writer, setting string) error {
	f := strings.Split(setting, "\n")
	if len(f) != 5 {
		return fmt.Errorf("setting %q", setting)
	}
	seed, err1 := strconv.ParseUint(f[1], 10, 64)
	from, err2 := strconv.Atoi(f[2])
	to, err3 := strconv.Atoi(f[3])
	if err1 != nil || err2 != nil || err3 != nil {
		return fmt.Errorf("setting %q", setting)
	}
	seeds, err := readSeeds(f[0])
	if err != nil {
		return err
	}
	for i := from; i < to; i++ {
		fmt.Fprintln(out, i)
		done := make(chan struct{})
		go func() {
			select {
			case <-done:
			case <-time.After(fuzzTime):
				fmt.Fprintln(os.Stderr, "takes too long")
				os.Exit(3)
			}
		}()
		for _, d := range strings.Split(f[4], ",") {
			runMutant(seeds.mutant(seed, i), accel.Device(d), uint64(i))
		}
		close(done)
	}
	return nil
}

// seedModels are the models that mutants are made of.
type seedModels struct {
	models    [][]byte
	operators []string
}

func readSeeds(dir string) (seedModels, error) {
	var s seedModels
	cases, err := readCases(dir)
	if err != nil {
		return s, err
	}
	for _, c := range cases {
		if !c.counted() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(c.Folder, "model.onnx"))
		if err != nil {
			return s, err
		}
		s.models = append(s.models, data)
		for _, op := range c.Operators {
			if !slices.Contains(s.operators, op) {
				s.operators = append(s.operators, op)
			}
		}
	}
	return s, nil
}

// mutant returns model number i of a seed.
func (s seedModels) mutant(seed uint64, i int) []byte {
	m := mutator{rand.New(rand.NewPCG(seed, uint64(i))), s.operators}
	model, err := onnx.Decode(pick(m, s.models))
	if err != nil || len(model.Graph.Nodes) == 0 || len(model.Graph.Outputs) == 0 {
		return nil
	}
	m.mutate(model)
	return onnx.Encode(nil, model)
}

func saveMutant(dir string, seed uint64, i int, found string) error {
	seeds, err := readSeeds(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(found, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(found, fmt.Sprintf("%d-%d.onnx", seed, i)), seeds.mutant(seed, i), 0o644)
}

// runMutant opens, binds and runs a model with random inputs. Errors are fine.
func runMutant(data []byte, d accel.Device, seed uint64) {
	m, err := accel.NewModel(data)
	if err != nil {
		return
	}
	s, err := accel.Open(context.Background(), m, d)
	if err != nil {
		return
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	given := map[string]onnx.Value{}
	var in, out []accel.Buffer
	for _, p := range m.Signature().Inputs {
		dims := slices.Clone(p.Dims)
		for i := range dims {
			if dims[i] < 0 {
				dims[i] = 2
			}
		}
		b, ok := randomBuffer(p, dims, rng)
		if !ok {
			return
		}
		in, given[p.Name] = append(in, b), onnx.Value{Type: p.Type, Dims: dims}
	}
	values, err := onnx.InferKnown(m.Graph(), given)
	if err != nil {
		return
	}
	for _, p := range s.Signature().Outputs {
		dims := slices.Clone(p.Dims) // as declared
		if v := values[p.Name]; v.Type != onnx.Undefined && !v.Unranked {
			dims = slices.Clone(v.Dims)
		}
		for i := range dims {
			if dims[i] < 0 {
				dims[i] = rng.IntN(3)
			}
		}
		b, ok := randomBuffer(p, dims, rng)
		if !ok {
			return
		}
		out = append(out, b)
	}
	if b, err := s.Bind(in, out); err == nil {
		_ = b.Run()
		_ = b.Close()
	}
	_ = s.Close()
}

// randomBuffer makes a buffer of small numbers for a port, if it is not too large.
func randomBuffer(p accel.Port, dims []int, rng *rand.Rand) (accel.Buffer, bool) {
	n := 1
	for _, d := range dims {
		if n *= d; n > 1<<22 {
			return accel.Buffer{}, false
		}
	}
	m, err := memoryFor(port{Type: p.Type, Dims: dims}, p)
	if err != nil {
		return accel.Buffer{}, false
	}
	size := p.Type.Size()
	for i := 0; i < len(m.bytes); i += size {
		switch m.bytes[i] = byte(rng.IntN(4)); {
		case p.Type == onnx.Bool:
			m.bytes[i] &= 1
		case p.Type == onnx.Float32: // 0, or about ±0.5, ±2
			m.bytes[i], m.bytes[i+3] = 0, []byte{0, 0x3f, 0x40, 0xbf}[rng.IntN(4)]
		}
	}
	return m.Buffer, true
}
