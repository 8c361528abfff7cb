// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// gen draws the shapes and weights of one operator test.
type gen struct {
	*onnx.Builder
	rng   *rand.Rand
	n     int
	feeds [][]int // lengths of the inputs
}

func newGen(seed uint64) *gen {
	return &gen{Builder: onnx.NewBuilder("op"), rng: rand.New(rand.NewPCG(seed, 42))}
}

// between returns a number from lo to hi.
func (g *gen) between(lo, hi int) int { return lo + g.rng.IntN(hi-lo+1) }

// shape returns rank lengths.
func (g *gen) shape(rank int) []int {
	dims := make([]int, rank)
	for i := range dims {
		dims[i] = g.between(1, 6)
	}
	return dims
}

// input adds an input of the given lengths.
func (g *gen) input(dims ...int) onnx.Ref {
	g.feeds = append(g.feeds, dims)
	return g.Input(fmt.Sprintf("x%d", len(g.feeds)), onnx.Float32, dims...)
}

// weight adds a random constant; positive ones are at least 0.1.
func (g *gen) weight(positive bool, dims ...int) onnx.Ref {
	n := 1
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(g.rng.NormFloat64())
		if positive {
			v[i] = float32(math.Abs(float64(v[i]))) + 0.1
		}
	}
	g.n++
	return g.Float32s(fmt.Sprintf("w%d", g.n), v, dims...)
}

func (g *gen) ints(v ...int64) onnx.Ref {
	g.n++
	return g.Int64s(fmt.Sprintf("i%d", g.n), v...)
}

// perm returns a random order of n axes.
func (g *gen) perm(n int) []int64 {
	out := make([]int64, n)
	for i, p := range g.rng.Perm(n) {
		out[i] = int64(p)
	}
	return out
}

// broadcastable returns a shape that broadcasts to dims.
func (g *gen) broadcastable(dims []int) []int {
	out := append([]int(nil), dims[g.rng.IntN(len(dims)):]...)
	for i := range out {
		if g.rng.IntN(3) == 0 {
			out[i] = 1
		}
	}
	return out
}

// operatorTests draws a graph of each operator. Reusing the output of a node as
// the graph's output keeps each to the operator under test.
var operatorTests = map[string]func(g *gen) onnx.Ref{
	"Gemm": func(g *gen) onnx.Ref {
		m, k, n := g.between(1, 20), g.between(1, 40), g.between(1, 20)
		ta, tb := g.rng.IntN(2), g.rng.IntN(2)
		a, b := []int{m, k}, []int{k, n}
		if ta == 1 {
			a = []int{k, m}
		}
		if tb == 1 {
			b = []int{n, k}
		}
		bias := [][]int{{n}, {1, n}, {m, 1}, {m, n}, {1}}[g.rng.IntN(5)]
		return g.Apply("Gemm", []onnx.Ref{g.input(a...), g.weight(false, b...), g.weight(false, bias...)},
			onnx.Int("transA", int64(ta)), onnx.Int("transB", int64(tb)), onnx.Float("alpha", 0.5), onnx.Float("beta", 1.5))
	},
	"Gemm plain": func(g *gen) onnx.Ref {
		m, k, n := g.between(1, 20), g.between(1, 40), g.between(1, 20)
		return g.Apply("Gemm", []onnx.Ref{g.input(m, k), g.input(k, n)})
	},
	"Gemm Relu": func(g *gen) onnx.Ref {
		m, k, n := g.between(1, 20), g.between(1, 40), g.between(1, 20)
		return g.Relu(g.Gemm(g.input(m, k), g.weight(false, k, n), g.weight(false, n)))
	},
	"MatMul": func(g *gen) onnx.Ref {
		m, k, n := g.between(1, 9), g.between(1, 9), g.between(1, 9)
		return g.MatMul(g.input(m, k), g.weight(false, k, n))
	},
	"MatMul rows": func(g *gen) onnx.Ref {
		b, m, k, n := g.between(1, 4), g.between(1, 9), g.between(1, 9), g.between(1, 9)
		return g.Relu(g.MatMul(g.input(b, m, k), g.weight(false, k, n)))
	},
	"MatMul batch": func(g *gen) onnx.Ref {
		b, c, m, k, n := g.between(1, 4), g.between(1, 3), g.between(1, 9), g.between(1, 9), g.between(1, 9)
		return g.MatMul(g.input(b, 1, m, k), g.input(c, k, n))
	},
	"MatMul vector": func(g *gen) onnx.Ref {
		b, m, k := g.between(2, 4), g.between(2, 9), g.between(1, 9)
		return g.MatMul(g.input(b, m, k), g.input(k))
	},
	"Conv":        func(g *gen) onnx.Ref { return g.conv(2, g.between(1, 3), g.between(1, 4), g.between(1, 4)) },
	"GRU":         func(g *gen) onnx.Ref { return g.recurrent("GRU", 3, "Sigmoid", "Tanh") },
	"LSTM":        func(g *gen) onnx.Ref { return g.recurrent("LSTM", 4, "HardSigmoid", "Softsign", "Relu") },
	"RNN":         func(g *gen) onnx.Ref { return g.recurrent("RNN", 1, "Elu") },
	"Conv volume": func(g *gen) onnx.Ref { return g.conv(3, g.between(1, 2), g.between(1, 3), g.between(1, 3)) },
	"Conv line": func(g *gen) onnx.Ref {
		return g.conv(1, 1, g.between(1, 4), g.between(1, 4))
	},
	"Conv depthwise": func(g *gen) onnx.Ref { return g.conv(2, g.between(1, 8), 1, 1) },
	"Conv Relu":      func(g *gen) onnx.Ref { return g.Relu(g.conv(2, 1, g.between(1, 4), g.between(1, 12))) },
	"Conv depthwise Relu": func(g *gen) onnx.Ref {
		return g.Relu(g.conv(2, g.between(1, 8), 1, 1))
	},
	"Conv same": func(g *gen) onnx.Ref {
		c := g.between(1, 4)
		k := int64(g.between(1, 4))
		return g.Apply("Conv", []onnx.Ref{g.input(1, c, 7, 9), g.weight(false, 3, c, int(k), int(k))},
			onnx.Str("auto_pad", []string{"SAME_UPPER", "SAME_LOWER"}[g.rng.IntN(2)]), onnx.Ints("strides", 2, 1))
	},
	"MaxPool": func(g *gen) onnx.Ref { return g.pool("MaxPool") },
	"AveragePool": func(g *gen) onnx.Ref {
		return g.pool("AveragePool", onnx.Int("count_include_pad", int64(g.rng.IntN(2))))
	},
	"GlobalAveragePool": func(g *gen) onnx.Ref { return g.Apply("GlobalAveragePool", []onnx.Ref{g.input(g.shape(4)...)}) },
	"BatchNormalization": func(g *gen) onnx.Ref {
		dims := g.shape(g.between(2, 4))
		c := dims[1]
		return g.Apply("BatchNormalization", []onnx.Ref{g.input(dims...), g.weight(false, c), g.weight(false, c),
			g.weight(false, c), g.weight(true, c)}, onnx.Float("epsilon", 1e-3))
	},
	"LayerNormalization": func(g *gen) onnx.Ref {
		dims := g.shape(3)
		dims[2] += 2
		axis := int64(-1 - g.rng.IntN(2))
		norm := dims[3+int(axis):]
		return g.Apply("LayerNormalization", []onnx.Ref{g.input(dims...), g.weight(false, norm...), g.weight(false, norm...)}, onnx.Int("axis", axis))
	},
	"Softmax": func(g *gen) onnx.Ref {
		return g.Apply("Softmax", []onnx.Ref{g.input(g.shape(3)...)}, onnx.Int("axis", int64(g.rng.IntN(3))))
	},
	"LogSoftmax": func(g *gen) onnx.Ref {
		return g.Apply("LogSoftmax", []onnx.Ref{g.input(g.shape(3)...)}, onnx.Int("axis", -1))
	},
	"Clip": func(g *gen) onnx.Ref {
		return g.Apply("Clip", []onnx.Ref{g.input(g.shape(2)...), g.Const(onnx.NewFloat32("lo", []float32{-0.5})), g.Const(onnx.NewFloat32("hi", []float32{0.4}))})
	},
	"Pow": func(g *gen) onnx.Ref {
		dims := g.shape(3)
		return g.Apply("Pow", []onnx.Ref{g.Apply("Abs", []onnx.Ref{g.input(dims...)}), g.weight(true, g.broadcastable(dims)...)})
	},
	"PRelu": func(g *gen) onnx.Ref {
		dims := g.shape(3)
		return g.Apply("PRelu", []onnx.Ref{g.input(dims...), g.weight(false, g.broadcastable(dims)...)})
	},
	"Concat": func(g *gen) onnx.Ref {
		dims := g.shape(3)
		axis := g.rng.IntN(3)
		var in []onnx.Ref
		for range g.between(1, 3) {
			d := append([]int(nil), dims...)
			d[axis] = g.between(1, 5)
			in = append(in, g.input(d...))
		}
		return g.Apply("Concat", in, onnx.Int("axis", int64(axis-3)))
	},
	"Split": func(g *gen) onnx.Ref {
		x := g.input(2, 7, 3)
		return g.Add(g.Apply("Slice", []onnx.Ref{x, g.ints(1), g.ints(4), g.ints(1)}), g.Apply("Slice", []onnx.Ref{x, g.ints(0), g.ints(3), g.ints(1)}))
	},
	"Reshape": func(g *gen) onnx.Ref { return g.Relu(g.Reshape(g.input(4, 3, 2), 0, -1)) },
	"Flatten": func(g *gen) onnx.Ref {
		return g.Apply("Flatten", []onnx.Ref{g.input(g.shape(3)...)}, onnx.Int("axis", int64(g.rng.IntN(4))))
	},
	"Squeeze":   func(g *gen) onnx.Ref { return g.Apply("Squeeze", []onnx.Ref{g.input(3, 1, 2, 1), g.ints(-1)}) },
	"Unsqueeze": func(g *gen) onnx.Ref { return g.Relu(g.Apply("Unsqueeze", []onnx.Ref{g.input(3, 2), g.ints(0, -1)})) },
	"Transpose": func(g *gen) onnx.Ref {
		dims := g.shape(g.between(1, 5))
		return g.Apply("Transpose", []onnx.Ref{g.input(dims...)}, onnx.Ints("perm", g.perm(len(dims))...))
	},
	"Transpose default": func(g *gen) onnx.Ref { return g.Apply("Transpose", []onnx.Ref{g.input(g.shape(3)...)}) },
	"Slice": func(g *gen) onnx.Ref {
		step := []int64{1, 2, -1, -2}[g.rng.IntN(4)]
		lo, hi := int64(0), int64(math.MaxInt32)
		if step < 0 {
			lo, hi = -1, math.MinInt32
		}
		return g.Apply("Slice", []onnx.Ref{g.input(g.between(2, 5), g.between(3, 9), 4), g.ints(lo, 1), g.ints(hi, -1), g.ints(1, -1), g.ints(step, 1)})
	},
	"Gather": func(g *gen) onnx.Ref {
		return g.Apply("Gather", []onnx.Ref{g.input(3, 5, 2), g.ints(4, -1, 0)}, onnx.Int("axis", 1))
	},
	"Expand": func(g *gen) onnx.Ref { return g.Apply("Expand", []onnx.Ref{g.input(3, 1), g.ints(2, 1, 4)}) },
	"Pad": func(g *gen) onnx.Ref {
		return g.Apply("Pad", []onnx.Ref{g.input(2, 3), g.ints(1, 0, 2, 3), g.Const(onnx.NewFloat32("fill", []float32{1.5}))})
	},
	"Cast": func(g *gen) onnx.Ref {
		i := g.Apply("Cast", []onnx.Ref{g.input(g.shape(2)...)}, onnx.Int("to", int64(onnx.Int32)))
		return g.Apply("Cast", []onnx.Ref{i}, onnx.Int("to", int64(onnx.Float32)))
	},
	"Shape arithmetic": func(g *gen) onnx.Ref {
		g.Doc("4x6")
		x := g.input(4, 3, 2)
		n := g.Apply("Gather", []onnx.Ref{g.Apply("Shape", []onnx.Ref{x}), g.ints(0)})
		return g.Apply("Reshape", []onnx.Ref{x, g.Apply("Concat", []onnx.Ref{n, g.ints(-1)}, onnx.Int("axis", 0))})
	},
	"Identity twice": func(g *gen) onnx.Ref {
		x := g.Apply("Identity", []onnx.Ref{g.input(3, 2)})
		return g.Apply("Identity", []onnx.Ref{x})
	},
	"residual": func(g *gen) onnx.Ref {
		x := g.input(2, 3, 5, 4)
		y := g.Relu(g.Apply("Conv", []onnx.Ref{x, g.weight(false, 3, 3, 3, 3), g.weight(false, 3)}, onnx.Ints("pads", 1, 1, 1, 1)))
		return g.Relu(g.Add(x, g.Mul(y, g.Apply("Sigmoid", []onnx.Ref{y}))))
	},
}

func (g *gen) conv(rank, group, cin, cout int) onnx.Ref {
	x, w := []int{g.between(1, 2), cin * group}, []int{cout * group, cin}
	var strides, dilations, begin, end []int64
	for range rank {
		k, d := g.between(1, 3), g.between(1, 3)
		x, w = append(x, (k-1)*d+g.between(1, 16)), append(w, k)
		strides, dilations = append(strides, int64(g.between(1, 3))), append(dilations, int64(d))
		begin, end = append(begin, int64(g.between(0, 3))), append(end, int64(g.between(0, 3)))
	}
	return g.Apply("Conv", []onnx.Ref{g.input(x...), g.weight(false, w...), g.weight(false, cout*group)},
		onnx.Int("group", int64(group)), onnx.Ints("strides", strides...), onnx.Ints("dilations", dilations...), onnx.Ints("pads", append(begin, end...)...))
}

// recurrent draws a layer with or without bias, lengths, initial state, limit and
// peepholes, with the default activations or with these.
func (g *gen) recurrent(opType string, gates int, activations ...string) onnx.Ref {
	steps, batch, in, hidden, dirs := g.between(1, 5), g.between(1, 3), g.between(1, 5), g.between(1, 20), g.between(1, 2)
	maybe := func(r func() onnx.Ref) onnx.Ref {
		if g.rng.IntN(2) == 0 {
			return onnx.Ref{}
		}
		return r()
	}
	x := g.input(steps, batch, in)
	inputs := []onnx.Ref{x, g.weight(false, dirs, gates*hidden, in), g.weight(false, dirs, gates*hidden, hidden),
		maybe(func() onnx.Ref { return g.weight(false, dirs, 2*gates*hidden) }),
		maybe(func() onnx.Ref {
			lens := g.indices(steps, batch)
			return g.Apply("Cast", []onnx.Ref{g.Add(lens, g.ints(1))}, onnx.Int("to", int64(onnx.Int32)))
		}),
		maybe(func() onnx.Ref { return g.weight(false, dirs, batch, hidden) })}
	attrs := []onnx.Attribute{onnx.Int("hidden_size", int64(hidden))}
	if dirs == 2 {
		attrs = append(attrs, onnx.Str("direction", "bidirectional"))
	} else if g.rng.IntN(2) == 1 {
		attrs = append(attrs, onnx.Str("direction", "reverse"))
	}
	switch opType {
	case "GRU":
		attrs = append(attrs, onnx.Int("linear_before_reset", int64(g.rng.IntN(2))))
	case "LSTM":
		inputs = append(inputs, maybe(func() onnx.Ref { return g.weight(false, dirs, batch, hidden) }),
			maybe(func() onnx.Ref { return g.weight(false, dirs, 3*hidden) }))
	}
	if g.rng.IntN(2) == 1 {
		a := onnx.Attribute{Name: "activations", Type: onnx.AttrStrings}
		for range dirs {
			for _, f := range activations {
				a.Strs = append(a.Strs, []byte(f))
			}
		}
		attrs = append(attrs, a)
	} else if g.rng.IntN(2) == 1 {
		attrs = append(attrs, onnx.Float("clip", 0.7))
	}
	return g.Apply(opType, inputs, attrs...)
}

func (g *gen) pool(op string, attrs ...onnx.Attribute) onnx.Ref {
	attrs = append(attrs, onnx.Ints("kernel_shape", 2, 3), onnx.Ints("strides", int64(g.between(1, 2)), 1),
		onnx.Ints("pads", 0, 1, 1, 1), onnx.Int("ceil_mode", int64(g.rng.IntN(2))))
	return g.Apply(op, []onnx.Ref{g.input(2, 3, g.between(4, 9), g.between(4, 9))}, attrs...)
}

func init() {
	for _, op := range []string{"Abs", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "LeakyRelu", "Neg", "Reciprocal",
		"Relu", "Round", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Tanh"} {
		operatorTests[op] = func(g *gen) onnx.Ref { return g.Apply(op, []onnx.Ref{g.input(g.shape(3)...)}) }
	}
	for _, op := range []string{"Log", "Sqrt"} {
		operatorTests[op] = func(g *gen) onnx.Ref {
			return g.Apply(op, []onnx.Ref{g.Apply("Abs", []onnx.Ref{g.input(g.shape(3)...)})})
		}
	}
	for _, op := range []string{"Add", "Sub", "Mul", "Div"} {
		operatorTests[op] = func(g *gen) onnx.Ref {
			dims := g.shape(g.between(1, 4))
			return g.Apply(op, []onnx.Ref{g.input(dims...), g.weight(true, g.broadcastable(dims)...)})
		}
		operatorTests[op+" equal"] = func(g *gen) onnx.Ref {
			dims := g.shape(3)
			return g.Apply(op, []onnx.Ref{g.input(dims...), g.weight(true, dims...)})
		}
	}
	for _, op := range []string{"Max", "Min", "Sum", "Mean"} {
		operatorTests[op] = func(g *gen) onnx.Ref {
			dims := g.shape(3)
			return g.Apply(op, []onnx.Ref{g.input(g.broadcastable(dims)...), g.input(dims...), g.weight(false, g.broadcastable(dims)...)})
		}
	}
	for _, op := range []string{"ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"} {
		operatorTests[op] = func(g *gen) onnx.Ref {
			return g.Apply(op, []onnx.Ref{g.input(g.shape(4)...)}, onnx.Ints("axes", g.perm(4)[:g.between(1, 3)]...), onnx.Int("keepdims", int64(g.rng.IntN(2))))
		}
	}
	operatorTests["ReduceSum"] = func(g *gen) onnx.Ref {
		return g.Apply("ReduceSum", []onnx.Ref{g.input(g.shape(4)...), g.ints(g.perm(4)[:2]...)}, onnx.Int("keepdims", 0))
	}
}

// TestOperators compares ref with ONNX Runtime, operator by operator, on random
// shapes.
func TestOperators(t *testing.T) {
	const draws = 12
	for name, draw := range operatorTests {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(draws) {
				g := newGen(seed)
				g.Output("y", draw(g))
				graph, err := g.Model()
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				compareDevices(t, seed, g.feeds, graph)
			}
		})
	}
}

// compareDevices runs a graph of one output on ref and ort/cpu.
func compareDevices(t *testing.T, seed uint64, feeds [][]int, graph *onnx.Model) {
	t.Helper()
	m, err := accel.BuildModel(graph)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	values, err := onnx.InferAll(graph, nil)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	dims, n := values["y"].Dims, 1
	if name := graph.Doc; name == "4x6" {
		dims = []int{4, 6} // known only once the shape is computed
	}
	for _, d := range dims {
		n *= d
	}
	var outs [2][]float32
	for i, d := range []accel.Device{accel.Ref, accel.CPU} {
		s := open(t, m, d)
		var in []accel.Buffer
		for k, f := range feeds {
			x := filled(seed*10+uint64(k), f...)
			in = append(in, accel.Of(&x))
		}
		y := make([]float32, n)
		for i := range y {
			y[i] = 99 // stale contents must not matter
		}
		b, err := s.Bind(in, []accel.Buffer{accel.From(y, dims...)})
		if err != nil {
			t.Fatalf("seed %d on %s: %v", seed, d, err)
		}
		for range 2 {
			if err := b.Run(); err != nil {
				t.Fatalf("seed %d on %s: %v", seed, d, err)
			}
		}
		outs[i] = y
	}
	for i, want := range outs[1] {
		if got := outs[0][i]; !(math.Abs(float64(got-want)) <= 2e-5*max(1, math.Abs(float64(want)))) && got != want {
			t.Fatalf("seed %d, inputs %v, element %d: ref %g, ort %g", seed, feeds, i, got, want)
		}
	}
}
