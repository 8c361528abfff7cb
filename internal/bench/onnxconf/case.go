// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// testCase is one backend test of the ONNX package: a model, its inputs, and the
// outputs that are expected. export.py writes them.
type testCase struct {
	Release   string   // release of the package that the test is from
	Name      string   // its name there
	Opset     int64    // version of the standard operator set
	Operators []string // operators that occur
	RTol      float64  // relative tolerance
	ATol      float64  // absolute tolerance
	Folder    string   // folder of its files
	Inputs    []port
	Outputs   []port
}

// port is one input or output.
type port struct {
	Name string        `json:"name"`
	Type onnx.DataType `json:"type"` // Undefined when it is no tensor of numbers
	Dims []int         `json:"dims"`
	File string        `json:"file"` // its elements
}

// counted reports whether the case is one of float32, integers and bool, which
// every device of the library must get right or refuse.
func (c testCase) counted() bool {
	return !slices.ContainsFunc(slices.Concat(c.Inputs, c.Outputs), func(p port) bool {
		switch p.Type {
		case onnx.Float32, onnx.Bool, onnx.Int8, onnx.Int16, onnx.Int32, onnx.Int64, onnx.Uint8, onnx.Uint16, onnx.Uint32, onnx.Uint64:
			return false
		}
		return true
	})
}

// transforms reports whether the case is one of a Fourier transform.
func (c testCase) transforms() bool {
	return slices.Contains(c.Operators, "DFT") || slices.Contains(c.Operators, "STFT")
}

// id names the case in lists.
func (c testCase) id() string { return c.Release + "/" + c.Name }

// readCases reads the manifest of a folder of cases.
func readCases(dir string) ([]testCase, error) {
	f, err := os.Open(filepath.Join(dir, "manifest.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("onnxconf: %w", err)
	}
	defer f.Close()
	var cases []testCase
	d := json.NewDecoder(bufio.NewReader(f))
	for d.More() {
		var c testCase
		if err := d.Decode(&c); err != nil {
			return nil, fmt.Errorf("onnxconf: manifest: %w", err)
		}
		c.Folder = filepath.Join(dir, c.Folder)
		cases = append(cases, c)
	}
	return cases, nil
}
