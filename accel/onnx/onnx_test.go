// SPDX-License-Identifier: Apache-2.0

package onnx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/testvec"
)

// sample builds a model that uses most of the schema.
func sample(tb testing.TB) *onnx.Model {
	tb.Helper()
	b := onnx.NewBuilder("sample")
	b.Doc("a sample")
	b.Metadata("recipe", "none")
	b.Metadata("author", "test")
	x := b.Input("x", onnx.Float32, -1, 2, 4)
	y := b.Relu(b.MatMul(x, b.Float32s("w", []float32{1, 2, 3, 4, 5, 6, 7, 8}, 4, 2)))
	y = b.Apply("Clip", []onnx.Ref{y, {}, b.Const(onnx.NewFloat32("hi", []float32{6}))})
	y = b.Apply("LeakyRelu", []onnx.Ref{b.Reshape(y, 0, -1)}, onnx.Float("alpha", 0.25))
	b.Output("y", b.Apply("Transpose", []onnx.Ref{y}, onnx.Ints("perm", 1, 0)))
	m, err := b.Model()
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	m := sample(t)
	data := onnx.Encode(nil, m)
	got, err := onnx.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	opts := []cmp.Option{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(onnx.Model{}, onnx.Graph{}, onnx.Node{}, onnx.Attribute{}, onnx.Tensor{}, onnx.ValueInfo{})}
	if diff := cmp.Diff(m, got, opts...); diff != "" {
		t.Error(diff)
	}
	if again := onnx.Encode(nil, got); !bytes.Equal(again, data) {
		t.Error("encoding what was decoded gives other bytes")
	}
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := onnx.Save(path, m); err != nil {
		t.Fatal(err)
	}
	if _, err := onnx.Load(path); err != nil {
		t.Fatal(err)
	}
}

// TestUnknownFieldsSurvive decodes a model with fields that the structs do not
// name, in every message.
func TestUnknownFieldsSurvive(t *testing.T) {
	unknown := []byte{0xfa, 0x3f, 3, 'a', 'b', 'c'} // field 1023, 3 bytes
	wrap := func(num byte, b []byte) []byte { return append([]byte{num<<3 | 2, byte(len(b))}, b...) }
	node := append(wrap(4, []byte("Relu")), unknown...)
	graph := append(wrap(1, node), unknown...)
	data := append(wrap(7, graph), unknown...)
	m, err := onnx.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := onnx.Encode(nil, m); !bytes.Equal(got, data) {
		t.Errorf("got %x, want %x", got, data)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := onnx.Encode(nil, sample(t))
	for n := range good {
		if m, err := onnx.Decode(good[:n]); err == nil && m.Graph == nil {
			t.Fatalf("%d of %d bytes: no graph and no error", n, len(good))
		}
	}
	m := sample(t)
	m.Graph.Initializers[0].Raw = m.Graph.Initializers[0].Raw[1:]
	var format *onnx.FormatError
	if _, err := onnx.Decode(onnx.Encode(nil, m)); !errors.As(err, &format) || format.Message != "TensorProto" || !strings.Contains(err.Error(), `"w"`) {
		t.Errorf("short payload: got %v, want a *FormatError of TensorProto that names w", err)
	}
	m.Graph.Initializers[0].Dims = []int{math.MaxInt32, math.MaxInt32, math.MaxInt32}
	if _, err := onnx.Decode(onnx.Encode(nil, m)); !errors.As(err, &format) || format.Field != "dims" {
		t.Errorf("huge shape: got %v, want a *FormatError of dims", err)
	}
	deep := &onnx.Graph{Name: "leaf"}
	for range 20 {
		deep = &onnx.Graph{Nodes: []onnx.Node{{OpType: "If", Attrs: []onnx.Attribute{{Name: "then", Type: onnx.AttrGraph, Graph: deep}}}}}
	}
	if _, err := onnx.Decode(onnx.Encode(nil, &onnx.Model{Graph: deep})); !errors.Is(err, onnx.ErrTooDeep) {
		t.Errorf("nested graphs: got %v, want ErrTooDeep", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	tests := []struct {
		name  string
		edit  func(m *onnx.Model)
		names string
	}{
		{"no opset", func(m *onnx.Model) { m.Opsets = nil }, "opset_import"},
		{"undefined input", func(m *onnx.Model) { m.Graph.Nodes[1].Inputs[0] = "nobody" }, "nobody"},
		{"order", func(m *onnx.Model) { n := m.Graph.Nodes; n[0], n[1] = n[1], n[0] }, "not defined before"},
		{"assigned twice", func(m *onnx.Model) { m.Graph.Nodes[1].Outputs[0] = m.Graph.Nodes[0].Outputs[0] }, "twice"},
		{"no output", func(m *onnx.Model) { m.Graph.Outputs[0].Name = "z" }, `"z"`},
		{"outputs missing", func(m *onnx.Model) { m.Graph.Outputs = nil }, "output"},
		{"untyped input", func(m *onnx.Model) { m.Graph.Inputs[0].Type = onnx.Undefined }, `"x"`},
		{"attribute", func(m *onnx.Model) { m.Graph.Nodes[4].Attrs[0].Type = onnx.AttrUndefined }, "alpha"},
		{"operator", func(m *onnx.Model) { m.Graph.Nodes[0].OpType = "" }, "operator"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := sample(t)
			tt.edit(m)
			if err := onnx.Check(m); err == nil || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("got %v, want an error that names %s", err, tt.names)
			}
		})
	}
}

func TestInferRefuses(t *testing.T) {
	vec := func(dims ...int) onnx.Value { return onnx.Value{Type: onnx.Float32, Dims: dims} }
	ints := func(v ...int64) onnx.Value {
		t := onnx.NewInt64("", v, len(v))
		return onnx.Value{Type: onnx.Int64, Dims: []int{len(v)}, Const: &t}
	}
	node := func(op string, attrs ...onnx.Attribute) onnx.Node {
		return onnx.Node{Name: "n", OpType: op, Outputs: []string{"y"}, Attrs: attrs}
	}
	tests := []struct {
		name string
		node onnx.Node
		in   []onnx.Value
	}{
		{"few inputs", node("Gemm"), []onnx.Value{vec(1, 2)}},
		{"missing input", node("Add"), []onnx.Value{vec(1), {}}},
		{"inner lengths", node("Gemm"), []onnx.Value{vec(1, 2), vec(3, 4)}},
		{"bias", node("Gemm"), []onnx.Value{vec(1, 2), vec(2, 4), vec(3)}},
		{"broadcast", node("Add"), []onnx.Value{vec(2, 3), vec(4, 3)}},
		{"types", node("Add"), []onnx.Value{vec(2), ints(1, 2)}},
		{"reshape", node("Reshape"), []onnx.Value{vec(2, 3), ints(4, -1)}},
		{"reshape negative", node("Reshape"), []onnx.Value{vec(2, 3), ints(-2)}},
		{"reshape two rests", node("Reshape"), []onnx.Value{vec(2, 3), ints(-1, -1)}},
		{"perm", node("Transpose", onnx.Ints("perm", 0, 0)), []onnx.Value{vec(2, 3)}},
		{"axis", node("Softmax", onnx.Int("axis", 2)), []onnx.Value{vec(2, 3)}},
		{"concat", node("Concat", onnx.Int("axis", 0)), []onnx.Value{vec(2, 3), vec(2, 4)}},
		{"conv channels", node("Conv"), []onnx.Value{vec(1, 3, 8), vec(2, 2, 3)}},
		{"conv kernel", node("Conv"), []onnx.Value{vec(1, 2, 2), vec(2, 2, 3)}},
		{"conv groups", node("Conv", onnx.Int("group", 0)), []onnx.Value{vec(1, 2, 8), vec(2, 2, 3)}},
		{"strides", node("Conv", onnx.Ints("strides", 0)), []onnx.Value{vec(1, 2, 8), vec(2, 2, 3)}},
		{"step", node("Slice"), []onnx.Value{vec(4), ints(0), ints(4), ints(0), ints(0)}},
		{"squeeze", node("Squeeze"), []onnx.Value{vec(4), ints(0)}},
		{"pads", node("Pad"), []onnx.Value{vec(4), ints(-3, -2)}},
		{"cast", node("Cast"), []onnx.Value{vec(4)}},
		{"outputs", onnx.Node{OpType: "Relu", Outputs: []string{"a", "b"}}, []onnx.Value{vec(4)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want *onnx.NodeError
			if out, err := onnx.Infer(&tt.node, 17, tt.in); !errors.As(err, &want) {
				t.Errorf("got %v, %v, want a *NodeError", out, err)
			}
		})
	}
	var op *onnx.OpError
	n := onnx.Node{Name: "n", OpType: "Relu", Domain: "com.example"}
	if _, err := onnx.Infer(&n, 17, []onnx.Value{vec(1)}); !errors.As(err, &op) || op.Domain != "com.example" {
		t.Errorf("got %v, want an *OpError that names the domain", err)
	}
}

func TestBuilderErrorSticks(t *testing.T) {
	b := onnx.NewBuilder("bad")
	x := b.Input("x", onnx.Float32, 1, 2)
	y := b.Gemm(x, b.Float32s("w", []float32{1, 2, 3}, 3, 1), onnx.Ref{})
	b.Output("y", b.Relu(y))
	var node *onnx.NodeError
	if _, err := b.Model(); !errors.As(err, &node) || node.OpType != "Gemm" {
		t.Errorf("got %v, want the *NodeError of the Gemm", err)
	}
}

func TestTensorTypes(t *testing.T) {
	half := onnx.Tensor{Type: onnx.Float16, Dims: []int{4}, Raw: []byte{0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c}}
	got, err := half.Float32s()
	want := []float32{1, -2, 5.9604645e-8, float32(math.Inf(1))}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("float16: got %v, %v, want %v", got, err, want)
	}
	if _, err := (&onnx.Tensor{Type: onnx.Float32, Dims: []int{2}}).Int64s(); err == nil {
		t.Error("float32 read as integers")
	}
}

// TestOtherImplementation lets the reference implementation check what the
// encoder wrote, and decodes what it writes, with payload in every field.
func TestOtherImplementation(t *testing.T) {
	python := testvec.Python(t, "onnx", "numpy")
	dir := t.TempDir()
	if err := onnx.Save(filepath.Join(dir, "ours.onnx"), sample(t)); err != nil {
		t.Fatal(err)
	}
	const script = `
import sys, json, onnx, numpy as np
from onnx import helper as h, TensorProto as T
m = onnx.load("ours.onnx"); onnx.checker.check_model(m, full_check=True)
inits = [h.make_tensor("f", T.FLOAT, [2], [1.5, -2]), h.make_tensor("d", T.DOUBLE, [2], [1.5, -2]),
  h.make_tensor("i", T.INT32, [2], [-3, 4]), h.make_tensor("l", T.INT64, [2], [-3, 1 << 40]),
  h.make_tensor("h", T.FLOAT16, [2], [1.5, -2]), h.make_tensor("u", T.UINT8, [2], [3, 255]),
  h.make_tensor("b", T.BOOL, [2], [True, False]), onnx.numpy_helper.from_array(np.array([1.5, -2], np.float32), "r")]
g = h.make_graph([h.make_node("Add", ["x", "f"], ["y"], name="add")], "theirs",
  [h.make_tensor_value_info("x", T.FLOAT, ["n", 2])], [h.make_tensor_value_info("y", T.FLOAT, ["n", 2])], inits)
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)]), "theirs.onnx")
print(json.dumps({"metadata": {p.key: p.value for p in m.metadata_props},
  "ops": [n.op_type for n in m.graph.node], "w": onnx.numpy_helper.to_array(m.graph.initializer[0]).tolist()}))`
	cmd := exec.Command(python, "-c", script)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var ours struct {
		Metadata map[string]string
		Ops      []string
		W        [][]float32
	}
	if err := json.Unmarshal(out, &ours); err != nil {
		t.Fatal(err)
	}
	if ours.Metadata["recipe"] != "none" || strings.Join(ours.Ops, " ") != "MatMul Relu Clip Reshape LeakyRelu Transpose" || ours.W[3][1] != 8 {
		t.Errorf("they read %+v", ours)
	}
	theirs, err := onnx.Load(filepath.Join(dir, "theirs.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float64{"f": {1.5, -2}, "d": {1.5, -2}, "i": {-3, 4}, "l": {-3, 1 << 40}, "h": {1.5, -2}, "u": {3, 255}, "b": {1, 0}, "r": {1.5, -2}}
	for name, w := range want {
		got, err := theirs.Graph.Initializer(name).Float64s()
		if err != nil || !cmp.Equal(got, w) {
			t.Errorf("constant %s: got %v, %v, want %v", name, got, err, w)
		}
	}
	if _, err := onnx.InferAll(theirs, nil); err != nil {
		t.Error(err)
	}
	if in := theirs.Graph.Feeds()[0]; in.Params[0] != "n" || in.Dims[0] != -1 || in.Dims[1] != 2 {
		t.Errorf("input: got %+v", in)
	}
}

// FuzzDecode checks that no bytes panic the decoder, the checker or the
// inference, and that what decodes encodes to something that decodes alike.
func FuzzDecode(f *testing.F) {
	data := onnx.Encode(nil, sample(f))
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnx.Decode(data)
		if err != nil {
			return
		}
		if _, err := onnx.InferAll(m, nil); err == nil {
			if err := onnx.Check(m); err != nil {
				t.Fatalf("inferred, but not checked: %v", err)
			}
		}
		once := onnx.Encode(nil, m)
		again, err := onnx.Decode(once)
		if err != nil {
			t.Fatalf("decoding what was encoded: %v", err)
		}
		if twice := onnx.Encode(nil, again); !bytes.Equal(once, twice) {
			t.Fatal("the encoding is not stable")
		}
	})
}
