// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// Types of values as the file has them (TypeProto), which onnx does not write.
func message(num protowire.Number, parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
}

func number(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

func tensorType(t onnx.DataType) []byte { return message(1, number(1, uint64(t))) }
func sequenceType(of []byte) []byte     { return message(4, message(1, of)) }
func mapType(key onnx.DataType, v []byte) []byte {
	return message(5, number(1, uint64(key)), message(2, v))
}
func sparseType(t onnx.DataType) []byte { return message(8, number(1, uint64(t))) }
func optionalType(of []byte) []byte     { return message(9, message(1, of)) }

// Ports of a graph: fields 11 and 12 of GraphProto.
func rawInput(name string, typ []byte) []byte {
	return message(11, message(1, []byte(name)), message(2, typ))
}

func rawOutput(name string, typ []byte) []byte {
	return message(12, message(1, []byte(name)), message(2, typ))
}

// fileWith returns the file of a graph with more fields in it.
func (g graph) fileWith(fields ...[]byte) []byte {
	var out []byte
	for b := g.file(); len(b) > 0; {
		num, _, tag := protowire.ConsumeTag(b)
		_, _, n := protowire.ConsumeField(b)
		if num == 7 {
			inner, _ := protowire.ConsumeBytes(b[tag:])
			out = append(out, message(7, append([][]byte{inner}, fields...)...)...)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

// TestPortsThatNoBufferHolds opens models with inputs that are no tensors of
// numbers, or with nothing but such outputs: they are refused by name on every
// device, before the device is asked.
func TestPortsThatNoBufferHolds(t *testing.T) {
	relu := []onnx.Node{node("Relu", "x", "y")}
	x := []onnx.ValueInfo{value("x", onnx.Float32, 2)}
	y := []onnx.ValueInfo{value("y", onnx.Float32, 2)}
	f32 := tensorType(onnx.Float32)
	tests := []struct {
		kind   string
		typ    []byte
		output bool
		nodes  []onnx.Node
	}{
		{"sequence(tensor(float32))", sequenceType(f32), false, []onnx.Node{node("SequenceAt", "s i", "y")}},
		{"map(string, tensor(float32))", mapType(onnx.String, f32), false, []onnx.Node{{OpType: "DictVectorizer", Domain: "ai.onnx.ml", Inputs: []string{"s"}, Outputs: []string{"y"}}}},
		{"optional(tensor(float32))", optionalType(f32), false, []onnx.Node{node("OptionalGetElement", "s", "y")}},
		{"sparse tensor(float32)", sparseType(onnx.Float32), false, relu},
		{"tensor(string)", tensorType(onnx.String), false, relu},
		{"tensor(bfloat16)", tensorType(onnx.BFloat16), false, []onnx.Node{node("Cast", "s", "y", onnx.Int("to", 1))}},
		{"tensor(complex64)", tensorType(onnx.Complex64), false, relu},
		{"tensor(datatype(99))", tensorType(99), false, relu},
		{"opaque", message(7), false, relu},
		{"sequence(map(int64, tensor(float32)))", sequenceType(mapType(onnx.Int64, f32)), true, []onnx.Node{{Name: "zip", OpType: "ZipMap", Domain: "ai.onnx.ml", Inputs: []string{"x"}, Outputs: []string{"s"}}}},
		{"optional(sequence(tensor(float32)))", optionalType(sequenceType(f32)), true, []onnx.Node{node("Optional", "x", "s")}},
		{"sparse tensor(float32)", sparseType(onnx.Float32), true, []onnx.Node{node("Relu", "x", "s")}},
		{"tensor(string)", tensorType(onnx.String), true, []onnx.Node{node("Cast", "x", "s", onnx.Int("to", 8))}},
		{"tensor(bfloat16)", tensorType(onnx.BFloat16), true, []onnx.Node{node("Cast", "x", "s", onnx.Int("to", 16))}},
		{"tensor(float8e5m2)", tensorType(onnx.Float8E5M2), true, []onnx.Node{node("Cast", "x", "s", onnx.Int("to", 19))}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			g := graph{opset: 19, nodes: tt.nodes, consts: []onnx.Tensor{i64s("i", []int64{0})}, inputs: x}
			file := g.fileWith(rawOutput("s", tt.typ))
			if !tt.output {
				g.inputs, g.outputs = x, y
				file = g.fileWith(rawInput("s", tt.typ))
			}
			m, err := accel.NewModel(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range []accel.Device{accel.Ref, accel.CPU, "ort/cuda:0", "ort/tensorrt:0", "ort/openvino:CPU"} {
				var port *accel.PortError
				if _, err := accel.Open(context.Background(), m, d); !errors.As(err, &port) {
					t.Fatalf("%s: got %v, want a *PortError", d, err)
				}
				want := accel.PortError{Port: "s", Kind: tt.kind, Output: tt.output}
				if tt.output {
					want.Node, want.OpType = tt.nodes[0].Label(), tt.nodes[0].OpType
				}
				if *port != want || !strings.Contains(port.Error(), `"s"`) || !strings.Contains(port.Error(), tt.kind) {
					t.Errorf("%s: got %+v, want %+v", d, *port, want)
				}
			}
		})
	}
}

// TestOutputsThatNoBufferHolds runs classifiers whose outputs are tensors of
// numbers and others: the others are left out, and named.
func TestOutputsThatNoBufferHolds(t *testing.T) {
	zip := onnx.Node{Name: "zip", OpType: "ZipMap", Domain: "ai.onnx.ml", Inputs: []string{"p"}, Outputs: []string{"maps"}, Attrs: []onnx.Attribute{onnx.Ints("classlabels_int64s", 0, 1)}}
	tests := []struct {
		name, kind string
		node       onnx.Node
		typ        []byte
	}{
		{"maps", "sequence(map(int64, tensor(float32)))", zip, sequenceType(mapType(onnx.Int64, tensorType(onnx.Float32)))},
		{"names", "tensor(string)", node("Cast", "p", "names", onnx.Int("to", 8)), tensorType(onnx.String)},
		{"list", "sequence(tensor(float32))", node("SequenceConstruct", "p p", "list"), sequenceType(tensorType(onnx.Float32))},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			g := graph{opset: 13, nodes: []onnx.Node{node("Softmax", "x", "p"), tt.node}, inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1, 2)}}
			m, err := accel.NewModel(g.fileWith(rawOutput(tt.name, tt.typ), rawOutput("p", tensorType(onnx.Float32))))
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Signature().Outputs; len(got) != 1 || got[0].Name != "p" {
				t.Errorf("got outputs %v, want p", got)
			}
			if got := m.LeftOut(); len(got) != 1 || *got[0] != (accel.PortError{Port: tt.name, Output: true, Kind: tt.kind, Node: tt.node.Label(), OpType: tt.node.OpType}) {
				t.Errorf("left out: got %v", got)
			}
			if _, err := accel.Open(context.Background(), m, accel.Ref); err != nil && !errors.As(err, new(*onnx.OpError)) {
				t.Errorf("ref: got %v, want an *OpError or none", err)
			}
			available(t, accel.CPU, "ort")
			p := make([]float32, 2)
			if err := open(t, m, accel.CPU).Run([]accel.Buffer{accel.From([]float32{3, 3}, 1, 2)}, []accel.Buffer{accel.From(p, 1, 2)}); err != nil || p[0] != 0.5 {
				t.Errorf("got %v, %v", p, err)
			}
		})
	}
}

// TestUndeclaredOutputs runs nodes of another operator set whose outputs the file
// says nothing about: what they are, the device knows.
func TestUndeclaredOutputs(t *testing.T) {
	available(t, accel.CPU, "ort")
	x := []onnx.ValueInfo{value("x", onnx.Float32, 1, 2)}
	binarizer := onnx.Node{OpType: "Binarizer", Domain: "ai.onnx.ml", Inputs: []string{"x"}, Outputs: []string{"y"}}
	m, err := accel.NewModel(graph{opset: 13, nodes: []onnx.Node{binarizer}, inputs: x, outputs: []onnx.ValueInfo{{Name: "y"}}}.file())
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, m, accel.CPU)
	if got := s.Signature().Outputs[0].Type; got != onnx.Float32 {
		t.Errorf("got %v, want float32", got)
	}
	y := make([]float32, 2)
	if err := s.Run([]accel.Buffer{accel.From([]float32{3, -1}, 1, 2)}, []accel.Buffer{accel.From(y, 1, 2)}); err != nil || y[0] != 1 || y[1] != 0 {
		t.Errorf("got %v, %v", y, err)
	}
	zip := onnx.Node{Name: "zip", OpType: "ZipMap", Domain: "ai.onnx.ml", Inputs: []string{"x"}, Outputs: []string{"y"}, Attrs: []onnx.Attribute{onnx.Ints("classlabels_int64s", 0, 1)}}
	if m, err = accel.NewModel(graph{opset: 13, nodes: []onnx.Node{zip}, inputs: x, outputs: []onnx.ValueInfo{{Name: "y"}}}.file()); err != nil {
		t.Fatal(err)
	}
	var port *accel.PortError
	if _, err := accel.Open(context.Background(), m, accel.CPU); !errors.As(err, &port) || *port != (accel.PortError{Port: "y", Output: true, Kind: "sequence", Node: "zip", OpType: "ZipMap"}) {
		t.Errorf("got %v, want a *PortError", err)
	}
}
