// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/testvec"
)

// fatal is a model of one node over which ONNX Runtime's own Python package ends,
// or does not end.
type fatal struct {
	name    string
	node    onnx.Node
	inputs  []onnx.ValueInfo
	consts  []onnx.Tensor
	opset   int64
	endless bool // it does not end
	runs    bool // it is valid, and runs here
}

func tensorOf(name string, t onnx.DataType, dims ...int) onnx.ValueInfo {
	return onnx.ValueInfo{Name: name, Type: t, Dims: dims, Ranked: true}
}

func nodeOf(op, inputs, outputs string, attrs ...onnx.Attribute) onnx.Node {
	split := func(s string) []string {
		list := strings.Fields(s)
		for i, name := range list {
			if name == "-" {
				list[i] = ""
			}
		}
		return list
	}
	return onnx.Node{OpType: op, Inputs: split(inputs), Outputs: split(outputs), Attrs: attrs}
}

// fatals lists every form of package onnx's fatal.go and tidy.go.
func fatals() []fatal {
	f32, i64 := onnx.Float32, onnx.Int64
	x := []onnx.ValueInfo{tensorOf("x", f32, 2, 3)}
	image := func(dims ...int) []onnx.ValueInfo { return []onnx.ValueInfo{tensorOf("x", f32, dims...)} }
	signal := image(1, 32, 1)
	list := []fatal{
		{name: "GatherND: negative batch", node: nodeOf("GatherND", "x i", "y", onnx.Int("batch_dims", math.MinInt32)), inputs: []onnx.ValueInfo{tensorOf("x", f32, 2, 2, 2), tensorOf("i", i64, 2, 1)}},
		{name: "ConvTranspose: empty input", node: nodeOf("ConvTranspose", "x w", "y"), inputs: append(image(1, 1, 3, 0, 5), tensorOf("w", f32, 1, 2, 3, 3, 3))},
		{name: "Split: more outputs than parts", node: nodeOf("Split", "x", "y z", onnx.Int("num_outputs", 1)), inputs: x},
		{name: "STFT: no frame", node: nodeOf("STFT", "x step - none", "y"), inputs: signal, consts: []onnx.Tensor{onnx.NewInt64("step", []int64{8}), onnx.NewInt64("none", []int64{0})}},
		{name: "STFT: empty window", node: nodeOf("STFT", "x step window", "y"), inputs: signal, consts: []onnx.Tensor{onnx.NewInt64("step", []int64{8}), onnx.NewFloat32("window", nil, 0)}},
		{name: "STFT: scalar window", node: nodeOf("STFT", "x step window", "y"), inputs: append(signal, tensorOf("step", i64), tensorOf("window", f32))},
		{name: "LpPool: kernel of 2^31", node: nodeOf("LpPool", "x", "y", onnx.Ints("kernel_shape", 1<<31, 2), onnx.Str("auto_pad", "SAME_UPPER")), inputs: image(1, 3, 32, 32), endless: true},
		{name: "Einsum: operand left out", node: nodeOf("Einsum", "x -", "y", onnx.Str("equation", "ij,jk->ik")), inputs: x},
		{name: "TfIdfVectorizer: skips without end", node: nodeOf("TfIdfVectorizer", "i", "y", onnx.Str("mode", "TF"), onnx.Int("min_gram_length", 2), onnx.Int("max_gram_length", 2),
			onnx.Int("max_skip_count", 1<<40), onnx.Ints("ngram_counts", 0, 4), onnx.Ints("ngram_indexes", 0, 1, 2, 3, 4, 5, 6), onnx.Ints("pool_int64s", 2, 3, 5, 4, 5, 6, 7, 8, 6, 7)),
			inputs: []onnx.ValueInfo{tensorOf("i", i64, 12)}, endless: true},
		{name: "LayerNormalization: bias left out at the end", node: nodeOf("LayerNormalization", "x w -", "y"), inputs: append(x, tensorOf("w", f32, 3)), runs: true},
		{name: "Split: output left out", node: nodeOf("Split", "x parts", "- y", onnx.Int("axis", 1)), inputs: x, consts: []onnx.Tensor{onnx.NewInt64("parts", []int64{1, 2}, 2)}, runs: true},
		{name: "Loop: output left out", node: nodeOf("Loop", "turns on x", "- y", onnx.Attribute{Name: "body", Type: onnx.AttrGraph, Graph: &onnx.Graph{Name: "body",
			Nodes:   []onnx.Node{nodeOf("Identity", "c", "again"), nodeOf("Add", "v v", "next"), nodeOf("Identity", "v", "row")},
			Inputs:  []onnx.ValueInfo{tensorOf("n", i64), tensorOf("c", onnx.Bool), {Name: "v", Type: f32}},
			Outputs: []onnx.ValueInfo{{Name: "again", Type: onnx.Bool}, {Name: "next", Type: f32}, {Name: "row", Type: f32}}}}),
			inputs: x, consts: []onnx.Tensor{onnx.NewInt64("turns", []int64{2}), {Name: "on", Type: onnx.Bool, Raw: []byte{1}}}, runs: true},
	}
	for _, op := range []string{"Max", "Mean", "Min", "Sum"} {
		list = append(list, fatal{name: op + ": operand left out", node: nodeOf(op, "x -", "y"), inputs: x})
	}
	for _, op := range []string{"GRU", "LSTM"} {
		gates := map[string]int{"GRU": 3, "LSTM": 4}[op]
		list = append(list, fatal{name: op + ": no batch", node: nodeOf(op, "x w r", "y", onnx.Int("hidden_size", 2)),
			inputs: append(image(2, 0, 3), tensorOf("w", f32, 1, 2*gates, 3), tensorOf("r", f32, 1, 2*gates, 2))})
	}
	for _, like := range []string{"", "Like"} {
		in, shape := "", []onnx.Attribute{onnx.Ints("shape", 2, 3)}
		if like != "" {
			in, shape = "x", nil
		}
		list = append(list,
			fatal{name: "RandomUniform" + like + ": no interval", node: nodeOf("RandomUniform"+like, in, "y", append(shape, onnx.Float("low", 2))...), inputs: x},
			fatal{name: "RandomNormal" + like + ": no deviation", node: nodeOf("RandomNormal"+like, in, "y", append(shape, onnx.Float("scale", 0))...), inputs: x})
	}
	return list
}

// file returns the model.
func (f fatal) file() []byte {
	opset := f.opset
	if opset == 0 {
		opset = 18
	}
	return onnx.Encode(nil, &onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: opset}}, Graph: &onnx.Graph{Name: "fatal", Nodes: []onnx.Node{f.node},
		Inputs: f.inputs, Initializers: f.consts, Outputs: []onnx.ValueInfo{{Name: "y", Type: onnx.Float32}}}})
}

// TestFatalForms shows of every listed form that ONNX Runtime's Python package does
// not survive it, and that it is refused here when the model is made, or runs.
func TestFatalForms(t *testing.T) {
	python := testvec.Python(t, "numpy", "onnxruntime")
	requireDevice(t, accel.CPU)
	for _, f := range fatals() {
		t.Run(f.name, func(t *testing.T) {
			m, err := accel.NewModel(f.file())
			var node *onnx.NodeError
			if !f.runs {
				if !errors.As(err, &node) || node.OpType != f.node.OpType {
					t.Errorf("got %v, want a *NodeError of %s", err, f.node.OpType)
				}
			} else if err != nil {
				t.Error(err)
			} else if err := runOnes(m); err != nil {
				t.Error(err)
			}
			path, patience := filepath.Join(t.TempDir(), "m.onnx"), 20*time.Second
			if f.endless {
				if testing.Short() {
					t.Skip("waits")
				}
				patience = 4 * time.Second
			}
			if err := os.WriteFile(path, f.file(), 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			out, err := exec.CommandContext(ctx, python, "once.py", path).CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Exited() || (ctx.Err() != nil) != f.endless {
				t.Errorf("the Python package survives: %v, %s", err, out)
			}
		})
	}
}

// runOnes runs a model of float32 on ONNX Runtime with ones for inputs.
func runOnes(m *accel.Model) error {
	s, err := accel.Open(context.Background(), m, accel.CPU)
	if err != nil {
		return err
	}
	defer s.Close()
	var in []accel.Buffer
	given := map[string]onnx.Value{}
	for _, p := range m.Signature().Inputs {
		b := allocate[float32](p.Dims)
		in, given[p.Name] = append(in, b.Buffer), onnx.Value{Type: p.Type, Dims: p.Dims}
	}
	values, err := onnx.InferKnown(m.Graph(), given)
	if err != nil {
		return err
	}
	dims := values["y"].Dims
	if values["y"].Unranked {
		dims = []int{2, 2, 3} // of the loop
	}
	return s.Run(in, []accel.Buffer{allocate[float32](dims).Buffer})
}
