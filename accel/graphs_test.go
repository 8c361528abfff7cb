// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// graph is a model written by hand, since other exporters do what the builder does
// not: older operator sets, wrong declarations, scalars, bools.
type graph struct {
	opset   int64
	nodes   []onnx.Node
	consts  []onnx.Tensor
	inputs  []onnx.ValueInfo
	outputs []onnx.ValueInfo
}

func (g graph) file() []byte {
	opsets := []onnx.Opset{{Version: g.opset}, {Domain: "ai.onnx.ml", Version: 3}}
	if g.opset == 0 {
		opsets = opsets[1:]
	}
	return onnx.Encode(nil, &onnx.Model{IRVersion: 8, Opsets: opsets, Graph: &onnx.Graph{Name: "g", Nodes: g.nodes,
		Initializers: g.consts, Inputs: g.inputs, Outputs: g.outputs}})
}

func value(name string, typ onnx.DataType, dims ...int) onnx.ValueInfo {
	return onnx.ValueInfo{Name: name, Type: typ, Dims: dims, Ranked: true}
}

// undeclared is an output without lengths.
func undeclared(name string, typ onnx.DataType) onnx.ValueInfo {
	return onnx.ValueInfo{Name: name, Type: typ}
}

func node(op, inputs, outputs string, attrs ...onnx.Attribute) onnx.Node {
	split := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, " ")
	}
	n := onnx.Node{Name: op + " to " + outputs, OpType: op, Inputs: split(inputs), Outputs: split(outputs), Attrs: attrs}
	for _, list := range [][]string{n.Inputs, n.Outputs} {
		for i, name := range list {
			if name == "-" {
				list[i] = ""
			}
		}
	}
	return n
}

var f32s, i64s = onnx.NewFloat32, onnx.NewInt64

// graphCase is a graph, what goes in, and what comes out of each device: an error
// of the named type, or values.
type graphCase struct {
	name    string
	graph   graph
	in      []accel.Buffer
	dims    []int
	want    []float32
	refuses map[accel.Device]any // type of the error of Open
}

func uniform(n int, v float32) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// graphCases are forms that files of others have, each of which once was wrong or
// refused on a device.
var graphCases = []graphCase{
	{name: "softmax before operator set 13 normalizes all axes from its own on",
		graph: graph{opset: 12, nodes: []onnx.Node{node("Softmax", "x", "y", onnx.Int("axis", 1))},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1, 2, 4)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 1, 2, 4)}},
		in: []accel.Buffer{accel.From(uniform(8, 3), 1, 2, 4)}, dims: []int{1, 2, 4}, want: uniform(8, 1.0/8)},
	{name: "subtraction before operator set 7 begins at its axis",
		graph: graph{opset: 6, nodes: []onnx.Node{node("Sub", "x b", "y", onnx.Int("broadcast", 1), onnx.Int("axis", 0))},
			consts: []onnx.Tensor{f32s("b", []float32{10, 20}, 2)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2, 2)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3, 4}, 2, 2)}, dims: []int{2, 2}, want: []float32{-9, -8, -17, -16},
		refuses: map[accel.Device]any{accel.CPU: new(*onnx.OpError)}},
	{name: "an operator set that does not exist",
		graph: graph{opset: 99, nodes: []onnx.Node{node("Relu", "x", "y")}, inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2)},
			outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2)}},
		refuses: map[accel.Device]any{accel.Ref: new(*onnx.OpsetError), accel.CPU: new(*accel.OpenError)}},
	{name: "a scalar bias of one column",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Gemm", "x w b", "y")},
			consts: []onnx.Tensor{f32s("w", []float32{1, 2}, 2, 1), f32s("b", []float32{5})},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2, 1)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3, 4}, 2, 2)}, dims: []int{2, 1}, want: []float32{10, 16}},
	{name: "a fill that is computed",
		graph: graph{opset: 17, nodes: []onnx.Node{node("ReduceMax", "x", "m", onnx.Int("keepdims", 0)), node("Pad", "x pads m", "y")},
			consts: []onnx.Tensor{i64s("pads", []int64{1, 0}, 2)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 3)}},
		in: []accel.Buffer{accel.From([]float32{7, 4}, 2)}, dims: []int{3}, want: []float32{7, 7, 4}},
	{name: "a difference along an open axis",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Slice", "x one end zero", "a"), node("Slice", "x zero minus zero", "b"), node("Sub", "a b", "y")},
			consts: []onnx.Tensor{i64s("zero", []int64{0}, 1), i64s("one", []int64{1}, 1), i64s("end", []int64{math.MaxInt64}, 1), i64s("minus", []int64{-1}, 1)},
			inputs: []onnx.ValueInfo{{Name: "x", Type: onnx.Float32, Dims: []int{-1, 2}, Params: []string{"time", ""}, Ranked: true}}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 4, 8}, 2, 2)}, dims: []int{1, 2}, want: []float32{3, 6}},
	{name: "a loss without axes",
		graph: graph{opset: 13, nodes: []onnx.Node{node("ReduceMean", "x", "y", onnx.Int("keepdims", 0))},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 4)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3, 6}, 4)}, dims: []int{}, want: []float32{3}},
	{name: "a scalar input",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Mul", "x s", "y")},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2), value("s", onnx.Float32)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2)}},
		in: []accel.Buffer{accel.From([]float32{1, 2}, 2), accel.From([]float32{3})}, dims: []int{2}, want: []float32{3, 6}},
	{name: "an output that is an input",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Relu", "x", "z")}, inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3)}, outputs: []onnx.ValueInfo{value("x", onnx.Float32, 3)}},
		in:    []accel.Buffer{accel.From([]float32{1, -2, 3}, 3)}, dims: []int{3}, want: []float32{1, -2, 3}},
	{name: "an output that is a constant",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Relu", "x", "z")}, consts: []onnx.Tensor{f32s("c", []float32{4, 5}, 2)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1)}, outputs: []onnx.ValueInfo{value("c", onnx.Float32, 2)}},
		in: []accel.Buffer{accel.From([]float32{1}, 1)}, dims: []int{2}, want: []float32{4, 5}},
	{name: "lengths without a name",
		graph: graph{opset: 13, nodes: []onnx.Node{node("ReduceSum", "x axes", "y", onnx.Int("keepdims", 0))}, consts: []onnx.Tensor{i64s("axes", []int64{1}, 1)},
			inputs:  []onnx.ValueInfo{{Name: "x", Type: onnx.Float32, Dims: []int{-1, -1}, Params: []string{"?", "?"}, Ranked: true}},
			outputs: []onnx.ValueInfo{{Name: "y", Type: onnx.Float32, Dims: []int{-1}, Params: []string{"?"}, Ranked: true}}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3, 4, 5, 6}, 2, 3)}, dims: []int{2}, want: []float32{6, 15}},
	{name: "lengths of one input with the same name",
		graph: graph{opset: 13, nodes: []onnx.Node{node("ReduceSum", "x axes", "y", onnx.Int("keepdims", 0))}, consts: []onnx.Tensor{i64s("axes", []int64{1}, 1)},
			inputs:  []onnx.ValueInfo{{Name: "x", Type: onnx.Float32, Dims: []int{-1, -1}, Params: []string{"dynamic", "dynamic"}, Ranked: true}},
			outputs: []onnx.ValueInfo{{Name: "y", Type: onnx.Float32, Dims: []int{-1}, Params: []string{"dynamic"}, Ranked: true}}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3, 4, 5, 6}, 2, 3)}, dims: []int{2}, want: []float32{6, 15}},
	{name: "a window that would begin in the padding",
		graph: graph{opset: 12, nodes: []onnx.Node{node("MaxPool", "x", "y", onnx.Ints("kernel_shape", 2), onnx.Ints("strides", 3), onnx.Ints("pads", 0, 1), onnx.Int("ceil_mode", 1))},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1, 1, 6)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3, 4, 5, 6}, 1, 1, 6)}, dims: []int{1, 1, 2}, want: []float32{2, 5}},
	{name: "a window longer than what it sees",
		graph: graph{opset: 12, nodes: []onnx.Node{node("MaxPool", "x", "y", onnx.Ints("kernel_shape", 3), onnx.Ints("strides", 2), onnx.Ints("dilations", 2), onnx.Ints("pads", 0, 1), onnx.Int("ceil_mode", 1))},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1, 1, 3)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3}, 1, 1, 3)}, dims: []int{1, 1, 1}, want: []float32{3}},
	{name: "a slice backwards to the greatest end",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Slice", "x s e a t", "y")}, consts: []onnx.Tensor{i64s("s", []int64{1}, 1), i64s("e", []int64{math.MaxInt64}, 1), i64s("a", []int64{0}, 1), i64s("t", []int64{-1}, 1)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3}, 3)}, dims: []int{2}, want: []float32{2, 1}},
	{name: "a scale that float64 makes too small",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Resize", "x - by", "y", onnx.Str("coordinate_transformation_mode", "asymmetric"), onnx.Str("nearest_mode", "floor"))}, consts: []onnx.Tensor{f32s("by", []float32{7.0 / 3}, 1)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3}, 3)}, dims: []int{7}, want: []float32{1, 1, 1, 2, 2, 3, 3}},
	{name: "a ratio that does not count",
		graph: graph{opset: 12, nodes: []onnx.Node{node("Dropout", "x r", "d m"), node("ReduceSum", "d", "y")},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3), value("r", onnx.Float32)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3}, 3), accel.From([]float32{0.5})}, dims: []int{1}, want: []float32{6}},
	{name: "nodes in another order",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Relu", "a", "y"), node("Neg", "x", "a")},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2)}},
		in: []accel.Buffer{accel.From([]float32{-1, 2}, 2)}, dims: []int{2}, want: []float32{1, 0}},
	{name: "an output of another rank than declared",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Relu", "x", "y")},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1, 2, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2, 2)}},
		in: []accel.Buffer{accel.From([]float32{1, -2, 3, -4}, 1, 2, 2)}, dims: []int{1, 2, 2}, want: []float32{1, 0, 3, 0}},
	{name: "an output that nothing is declared of",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Pad", "x pads", "y", onnx.Str("mode", "reflect"))}, consts: []onnx.Tensor{i64s("pads", []int64{2, 1}, 2)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3}, 3)}, dims: []int{6}, want: []float32{3, 2, 1, 2, 3, 2}},
	{name: "a constant index out of range",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Gather", "x i", "y")}, consts: []onnx.Tensor{i64s("i", []int64{7}, 1)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 1)}},
		refuses: map[accel.Device]any{accel.Ref: new(*onnx.NodeError)}},
	{name: "an input of any number of lengths",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Relu", "x", "y")}, inputs: []onnx.ValueInfo{undeclared("x", onnx.Float32)}, outputs: []onnx.ValueInfo{undeclared("y", onnx.Float32)}},
		in:    []accel.Buffer{accel.From([]float32{1, -2, 3, -4}, 1, 2, 2)}, dims: []int{1, 2, 2}, want: []float32{1, 0, 3, 0}},
	{name: "operators of another set alone",
		graph: graph{opset: 0, nodes: []onnx.Node{{OpType: "Binarizer", Domain: "ai.onnx.ml", Inputs: []string{"x"}, Outputs: []string{"y"}}},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 1, 2)}},
		in: []accel.Buffer{accel.From([]float32{3, -1}, 1, 2)}, dims: []int{1, 2}, want: []float32{1, 0},
		refuses: map[accel.Device]any{accel.Ref: new(*onnx.OpError)}},
	{name: "a part of a split that nobody wants",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Split", "x parts", "- y")}, consts: []onnx.Tensor{i64s("parts", []int64{1, 2}, 2)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2)}},
		in: []accel.Buffer{accel.From([]float32{1, 2, 3}, 3)}, dims: []int{2}, want: []float32{2, 3}},
	{name: "equal parts of an open length",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Split", "x", "a b"), node("Sub", "a b", "y")},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, -1)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, -1)}},
		in: []accel.Buffer{accel.From([]float32{5, 7, 1, 2}, 4)}, dims: []int{2}, want: []float32{4, 5}},
	{name: "a constant of float16",
		graph: graph{opset: 13, nodes: []onnx.Node{node("Cast", "w", "f", onnx.Int("to", 1)), node("Add", "x f", "y")},
			consts: []onnx.Tensor{{Name: "w", Type: onnx.Float16, Dims: []int{1}, Raw: []byte{0, 0x3e}}},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 1)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 1)}},
		in: []accel.Buffer{accel.From([]float32{1}, 1)}, dims: []int{1}, want: []float32{2.5},
		refuses: map[accel.Device]any{accel.Ref: new(*onnx.OpError)}},
	{name: "a sum of squares over no axis",
		graph: graph{opset: 18, nodes: []onnx.Node{node("ReduceSumSquare", "x", "y", onnx.Int("noop_with_empty_axes", 1))},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 3)}},
		in: []accel.Buffer{accel.From([]float32{1, -2, 3}, 3)}, dims: []int{3}, want: []float32{1, 4, 9}},
	{name: "no elements at all",
		graph: graph{opset: 13, nodes: []onnx.Node{node("ReduceSum", "x axes", "y", onnx.Int("keepdims", 0))}, consts: []onnx.Tensor{i64s("axes", []int64{0}, 1)},
			inputs: []onnx.ValueInfo{value("x", onnx.Float32, -1, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2)}},
		in: []accel.Buffer{accel.From([]float32{}, 0, 2)}, dims: []int{2}, want: []float32{0, 0}},
}

// TestGraphsOfOthers runs every graph on every device.
func TestGraphsOfOthers(t *testing.T) {
	for _, c := range graphCases {
		t.Run(c.name, func(t *testing.T) {
			m, err := accel.NewModel(c.graph.file())
			if err != nil {
				t.Fatal(err)
			}
			eachDevice(t, func(t *testing.T, d accel.Device) {
				if target := c.refuses[d]; target != nil {
					if _, err := accel.Open(t.Context(), m, d); !errors.As(err, target) {
						t.Errorf("got %v, want a %T", err, target)
					}
					return
				}
				if c.want == nil {
					t.Skip("only the other device is asked")
				}
				got := uniform(len(c.want), 77)
				if err := open(t, m, d).Run(c.in, []accel.Buffer{accel.From(got, c.dims...)}); err != nil {
					t.Fatal(err)
				}
				for i, w := range c.want {
					if math.Abs(float64(got[i]-w)) > 1e-5 {
						t.Errorf("element %d is %g, want %g", i, got[i], w)
					}
				}
			})
		})
	}
}

// TestBoolPorts binds bools as bools and as bytes.
func TestBoolPorts(t *testing.T) {
	m, err := accel.NewModel(graph{opset: 13, nodes: []onnx.Node{node("Greater", "x z", "g"), node("And", "g mask", "y")}, consts: []onnx.Tensor{f32s("z", []float32{0})},
		inputs: []onnx.ValueInfo{value("x", onnx.Float32, 3), value("mask", onnx.Bool, 3)}, outputs: []onnx.ValueInfo{value("y", onnx.Bool, 3)}}.file())
	if err != nil {
		t.Fatal(err)
	}
	eachDevice(t, func(t *testing.T, d accel.Device) {
		s := open(t, m, d)
		x := accel.From([]float32{1, -1, 2}, 3)
		bools, bytes := make([]bool, 3), []uint8{9, 9, 9}
		if err := s.Run([]accel.Buffer{x, accel.From([]uint8{1, 1, 0}, 3)}, []accel.Buffer{accel.Bools(bools, 3)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Run([]accel.Buffer{x, accel.Bools([]bool{true, true, false}, 3)}, []accel.Buffer{accel.From(bytes, 3)}); err != nil {
			t.Fatal(err)
		}
		if !bools[0] || bools[1] || bools[2] || bytes[0] != 1 || bytes[1] != 0 || bytes[2] != 0 {
			t.Errorf("got %v and %v", bools, bytes)
		}
		var typ *accel.TypeError
		if err := s.Run([]accel.Buffer{x, accel.From([]int8{1, 1, 0}, 3)}, []accel.Buffer{accel.Bools(bools, 3)}); !errors.As(err, &typ) {
			t.Errorf("got %v, want a *TypeError", err)
		}
	})
}

// TestChecksGraphs refuses what no device may see.
func TestChecksGraphs(t *testing.T) {
	in, out := []onnx.ValueInfo{value("x", onnx.Float32, 4)}, []onnx.ValueInfo{value("y", onnx.Float32, 4)}
	inner := &onnx.Graph{Name: "inner", Nodes: []onnx.Node{node("Relu", "nowhere", "r")}, Outputs: []onnx.ValueInfo{undeclared("r", onnx.Float32)}}
	for name, g := range map[string]graph{
		"a node without outputs":      {opset: 13, nodes: []onnx.Node{node("Relu", "x", "y"), node("Relu", "x", "")}, inputs: in, outputs: out},
		"a split into a wrong number": {opset: 18, nodes: []onnx.Node{node("Split", "x", "y z", onnx.Int("num_outputs", 3))}, inputs: in, outputs: out},
		"a branch that reads what is not there": {opset: 13, consts: []onnx.Tensor{{Name: "c", Type: onnx.Bool, Raw: []byte{1}}},
			nodes:  []onnx.Node{node("If", "c", "y", onnx.Attribute{Name: "then_branch", Type: onnx.AttrGraph, Graph: inner}, onnx.Attribute{Name: "else_branch", Type: onnx.AttrGraph, Graph: inner})},
			inputs: in, outputs: out},
	} {
		t.Run(name, func(t *testing.T) {
			var want *onnx.NodeError
			if _, err := accel.NewModel(g.file()); !errors.As(err, &want) {
				t.Errorf("got %v, want a *NodeError", err)
			}
		})
	}
	nan := float32(math.NaN())
	value1 := f32s("", []float32{1, nan}, 2)
	var weight *accel.WeightError
	_, err := accel.NewModel(graph{opset: 13, nodes: []onnx.Node{node("Constant", "", "w", onnx.Attribute{Name: "value", Type: onnx.AttrTensor, Tensor: &value1}),
		node("Add", "x w", "y")}, inputs: []onnx.ValueInfo{value("x", onnx.Float32, 2)}, outputs: []onnx.ValueInfo{value("y", onnx.Float32, 2)}}.file())
	if !errors.As(err, &weight) || weight.Index != 1 {
		t.Errorf("got %v, want a *WeightError at index 1", err)
	}
}

// externalModel is a model whose weights lie elsewhere, as protobuf that the
// encoder does not write: y = x + w of two elements.
func externalModel(entries ...string) []byte {
	text := func(num int, b string) string { return string([]byte{byte(num<<3 | 2), byte(len(b))}) + b }
	tensorText := "\x08\x02\x10\x01" + text(8, "w") + "\x70\x01"
	for i := 0; i+1 < len(entries); i += 2 {
		tensorText += text(13, text(1, entries[i])+text(2, entries[i+1]))
	}
	info := func(name string) string {
		return text(1, name) + text(2, text(1, "\x08\x01"+text(2, text(1, "\x08\x02"))))
	}
	nodeText := text(1, "x") + text(1, "w") + text(2, "y") + text(4, "Add")
	g := text(1, nodeText) + text(2, "g") + text(5, tensorText) + text(11, info("x")) + text(12, info("y"))
	return []byte("\x08\x08" + text(8, "\x10\x11") + text(7, g))
}

// TestWeightsBesideModel reads weights from clean relative paths to regular files,
// and from nowhere else.
func TestWeightsBesideModel(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "model")
	if err := os.MkdirAll(filepath.Join(sub, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	weights := []byte{9, 9, 9, 9, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40} // 1, 2 at offset 4
	for _, name := range []string{"w.data", "inner/w.data"} {
		if err := os.WriteFile(filepath.Join(sub, name), weights, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), weights, 0o644); err != nil {
		t.Fatal(err)
	}
	_ = os.Symlink(filepath.Join(dir, "secret"), filepath.Join(sub, "link"))
	load := func(entries ...string) (*accel.Model, error) {
		path := filepath.Join(sub, "m.onnx")
		if err := os.WriteFile(path, externalModel(entries...), 0o644); err != nil {
			t.Fatal(err)
		}
		return accel.LoadModel(path)
	}
	for _, location := range []string{"w.data", "inner/w.data", "./w.data"} {
		m, err := load("location", location, "offset", "4", "length", "8")
		if err != nil {
			t.Fatal(err)
		}
		eachDevice(t, func(t *testing.T, d accel.Device) {
			y := make([]float32, 2)
			if err := open(t, m, d).Run([]accel.Buffer{accel.From([]float32{10, 20}, 2)}, []accel.Buffer{accel.From(y, 2)}); err != nil || y[0] != 11 || y[1] != 22 {
				t.Errorf("got %v, %v", y, err)
			}
		})
	}
	for _, entries := range [][]string{{"location", "../secret"}, {"location", filepath.Join(dir, "secret")}, {"location", "link"}, {"location", "inner"},
		{"location", "inner/../w.data"}, {"location", "none"}, {"location", ""}, {"location", "w.data", "offset", "8"}, {"location", "w.data", "length", "4"},
		{"location", "w.data", "offset", "-1"}, {"location", "w.data", "offset", "9223372036854775807"}} {
		var format *onnx.FormatError
		if _, err := load(entries...); !errors.As(err, &format) || format.Field != "external_data" {
			t.Errorf("%v: got %v, want a *FormatError of external_data", entries, err)
		}
	}
	if _, err := accel.NewModel(externalModel("location", "w.data")); !errors.Is(err, onnx.ErrExternalData) {
		t.Errorf("got %v, want ErrExternalData", err)
	}
}

// TestLengthsThatDependOnData runs a graph whose output is as long as the input has
// elements that are not 0, through one binding and with other data.
func TestLengthsThatDependOnData(t *testing.T) {
	m, err := accel.NewModel(graph{opset: 13, nodes: []onnx.Node{node("NonZero", "x", "y")},
		inputs: []onnx.ValueInfo{value("x", onnx.Float32, 4)}, outputs: []onnx.ValueInfo{value("y", onnx.Int64, 1, -1)}}.file())
	if err != nil {
		t.Fatal(err)
	}
	x, y := []float32{0, 0, 0, 0}, make([]int64, 2)
	b, err := open(t, m, accel.Ref).Bind([]accel.Buffer{accel.From(x, 4)}, []accel.Buffer{accel.From(y, 1, 2)})
	if err != nil {
		t.Fatal(err) // the buffers are yet to be filled
	}
	for _, at := range [][]int64{{1, 3}, {0, 2}} {
		clear(x)
		x[at[0]], x[at[1]] = 1, 5
		if err := b.Run(); err != nil || y[0] != at[0] || y[1] != at[1] {
			t.Errorf("got %v, %v, want %v", y, err, at)
		}
	}
	x[0] = 0
	var shape *tensor.ShapeError
	if err := b.Run(); !errors.As(err, &shape) {
		t.Errorf("got %v, want a *ShapeError", err)
	}
}

// TestMatricesOfAnotherBatch multiplies by a matrix that is made of the batch.
func TestMatricesOfAnotherBatch(t *testing.T) {
	b := onnx.NewBuilder("batch")
	x := b.Input("x", onnx.Float32, -1, 3)
	n := b.Apply("Gather", []onnx.Ref{b.Apply("Shape", []onnx.Ref{x}), b.Int64s("i0", 0)})
	b.Output("y", b.MatMul(x, b.Apply("Expand", []onnx.Ref{b.Apply("Cast", []onnx.Ref{n}, onnx.Int("to", 1)), b.Int64s("to", 3, 3)})))
	g, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	m, err := accel.BuildModel(g)
	if err != nil {
		t.Fatal(err)
	}
	eachDevice(t, func(t *testing.T, d accel.Device) {
		s := open(t, m, d)
		for _, rows := range []int{2, 5, 2} {
			y := make([]float32, 3*rows)
			if err := s.Run([]accel.Buffer{accel.From(uniform(3*rows, 1), rows, 3)}, []accel.Buffer{accel.From(y, rows, 3)}); err != nil || y[0] != float32(3*rows) {
				t.Errorf("batch %d: got %v, %v", rows, y[0], err)
			}
		}
	})
}

// TestIndexOutOfRange meets an index in the data that the constant part of a graph
// cannot know.
func TestIndexOutOfRange(t *testing.T) {
	b := onnx.NewBuilder("index")
	b.Output("y", b.Apply("Gather", []onnx.Ref{b.Input("x", onnx.Float32, 2), b.Input("i", onnx.Int64, 1)}))
	g, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	m, err := accel.BuildModel(g)
	if err != nil {
		t.Fatal(err)
	}
	i, y := []int64{9}, make([]float32, 1)
	run, err := open(t, m, accel.Ref).Bind([]accel.Buffer{accel.From([]float32{1, 2}, 2), accel.From(i, 1)}, []accel.Buffer{accel.From(y, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var want *onnx.NodeError
	if err := run.Run(); !errors.As(err, &want) {
		t.Errorf("got %v, want a *NodeError", err)
	}
	i[0] = -1
	if err := run.Run(); err != nil || y[0] != 2 {
		t.Errorf("got %v, %v, want 2", y, err)
	}
}
