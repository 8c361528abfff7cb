// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/accel/onnx"
)

// speedNet is a network, or one operator, on which ref is timed against ONNX
// Runtime.
type speedNet struct {
	name    string
	in, out []int
	build   func(g *gen, x onnx.Ref) onnx.Ref
	edit    func(m *onnx.Model) // what the builder cannot say, nil for nothing
	step    float32             // of a quantized output, by which a tie may differ
}

// grid is the lengths of c channels of a slot: 14 symbols of 26 PRB.
func grid(c int) []int { return []int{1, c, 14, 312} }

// op is a net of a single operator that keeps the lengths of its input.
func op(name, opType string, attrs ...onnx.Attribute) speedNet {
	return speedNet{name: "op=" + name, in: grid(64), out: grid(64), build: func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply(opType, []onnx.Ref{x}, attrs...)
	}}
}

// newOp is op for one that came with operator set 20 at the latest.
func newOp(name, opType string, attrs ...onnx.Attribute) speedNet {
	n := op(name, "Relu")
	n.edit = func(m *onnx.Model) {
		m.Opsets[0].Version = 20
		m.Graph.Nodes[0].OpType, m.Graph.Nodes[0].Attrs = opType, attrs
	}
	return n
}

// top is the k greatest of each row, without the places where they lie.
func top(name string, rows, n, k int) speedNet {
	return speedNet{name, []int{rows, n}, []int{rows, k}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("TopK", []onnx.Ref{x, g.Int64s("k", int64(k))})
	}, func(m *onnx.Model) {
		for i := range m.Graph.Nodes {
			m.Graph.Nodes[i].Outputs = append(m.Graph.Nodes[i].Outputs, "places")
		}
	}, 0}
}

// speedNets are the networks of radio blocks, and what they are made of.
var speedNets = []speedNet{
	{"net=llrnet", []int{3276, 2}, []int{3276, 8}, dense(2, 32, 32, 8), nil, 0},
	{"net=mlp", []int{3276, 16}, []int{3276, 8}, dense(16, 256, 256, 8), nil, 0},
	{"net=mlp-1row", []int{1, 16}, []int{1, 8}, dense(16, 256, 256, 8), nil, 0},
	{"net=deeprx", grid(64), grid(64), residual(11, 64, 64), nil, 0},
	{"net=deeprx-4x32", grid(32), grid(32), residual(4, 32, 32), nil, 0},
	{"net=separable", grid(64), grid(64), residual(11, 64, 1), nil, 0},
	{"op=depthwise", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 1, 3, 1, 64) }, nil, 0},
	{"op=depthwise-times2", grid(64), grid(128), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 128, 1, 3, 1, 64) }, nil, 0},
	{"op=conv1x1", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 64, 1, 1, 1) }, nil, 0},
	{"op=conv3x3", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 64, 3, 1, 1) }, nil, 0},
	{"op=conv3x3-stride2", grid(64), []int{1, 64, 7, 156}, func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 64, 3, 2, 1) }, nil, 0},
	{"op=matmul", []int{1024, 1024}, []int{1024, 1024}, func(g *gen, x onnx.Ref) onnx.Ref { return g.MatMul(x, g.weight(false, 1024, 1024)) }, nil, 0},
	{"op=matmul-subnormal", []int{256, 256}, []int{256, 256}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.MatMul(x, g.Float32s("w", slices.Repeat([]float32{1e-41}, 256*256), 256, 256))
	}, nil, 0},
	{"op=matmul-batch8", []int{8, 128, 64}, []int{8, 128, 128}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.MatMul(x, g.Apply("Transpose", []onnx.Ref{x}, onnx.Ints("perm", 0, 2, 1)))
	}, nil, 0},
	op("relu", "Relu"), op("leakyrelu", "LeakyRelu"), op("sigmoid", "Sigmoid"), op("tanh", "Tanh"),
	op("exp", "Exp"), op("erf", "Erf"), op("elu", "Elu"), op("softplus", "Softplus"),
	op("hardsigmoid", "HardSigmoid"), op("abs", "Abs"), op("sqrt", "Sqrt"), op("log", "Log"),
	op("softmax", "Softmax"), op("logsoftmax", "LogSoftmax"), op("softmax-axis1", "Softmax", onnx.Int("axis", 1)),
	{"op=layernorm", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("LayerNormalization", []onnx.Ref{x, g.weight(false, 312), g.weight(false, 312)})
	}, nil, 0},
	{"op=batchnorm", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.batchNorm(x, 64) }, nil, 0},
	{"op=maxpool", grid(64), []int{1, 64, 7, 156}, pooled("MaxPool", 2, 2), nil, 0},
	{"op=maxpool-stride1", grid(64), []int{1, 64, 12, 310}, pooled("MaxPool", 3, 1), nil, 0},
	{"op=averagepool", grid(64), []int{1, 64, 7, 156}, pooled("AveragePool", 2, 2), nil, 0},
	{"op=globalaveragepool", grid(64), []int{1, 64, 1, 1}, func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("GlobalAveragePool", []onnx.Ref{x}) }, nil, 0},
	{"op=reducemean", grid(64), []int{1, 64, 14, 1}, reduced("ReduceMean", 3), nil, 0},
	{"op=reducemean-axis1", grid(64), []int{1, 1, 14, 312}, reduced("ReduceMean", 1), nil, 0},
	{"op=reducemax", grid(64), []int{1, 64, 14, 1}, reduced("ReduceMax", 3), nil, 0},
	{"op=transpose-0231", grid(64), []int{1, 14, 312, 64}, permuted(0, 2, 3, 1), nil, 0},
	{"op=transpose-0132", grid(64), []int{1, 64, 312, 14}, permuted(0, 1, 3, 2), nil, 0},
	{"op=add", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Add(x, g.weight(false, grid(64)...)) }, nil, 0},
	{"op=sub-row", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("Sub", []onnx.Ref{x, g.weight(false, 312)}) }, nil, 0},
	{"op=mul-scalar", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Mul(x, g.weight(false, 1)) }, nil, 0},
	{"op=div-channel", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("Div", []onnx.Ref{x, g.weight(true, 64, 1, 1)}) }, nil, 0},
	{"op=gru", []int{14, 32, 64}, []int{14, 1, 32, 128}, recurrent("GRU", 3, 64, 128, onnx.Int("linear_before_reset", 1)), nil, 0},
	{"op=gru-1row", []int{100, 1, 64}, []int{100, 1, 1, 128}, recurrent("GRU", 3, 64, 128), nil, 0},
	{"op=lstm", []int{14, 32, 64}, []int{14, 1, 32, 128}, recurrent("LSTM", 4, 64, 128), nil, 0},
	{"op=lstm-1row", []int{100, 1, 64}, []int{100, 1, 1, 128}, recurrent("LSTM", 4, 64, 128), nil, 0},
	{"op=rnn", []int{14, 32, 64}, []int{14, 1, 32, 128}, recurrent("RNN", 1, 64, 128), nil, 0},
	{"op=einsum-bchw-cd", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Einsum", []onnx.Ref{x, g.weight(false, 64, 64)}, onnx.Str("equation", "bchw,cd->bdhw"))
	}, nil, 0},
	{"op=einsum-bij-bkj", []int{8, 128, 64}, []int{8, 128, 128}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Einsum", []onnx.Ref{x, x}, onnx.Str("equation", "bij,bkj->bik"))
	}, nil, 0},
	{"op=resize-nearest", grid(64), []int{1, 64, 28, 624}, resized("nearest", "asymmetric"), nil, 0},
	{"op=resize-linear", grid(64), []int{1, 64, 28, 624}, resized("linear", "half_pixel"), nil, 0},
	{"op=resize-cubic", grid(64), []int{1, 64, 28, 624}, resized("cubic", "half_pixel"), nil, 0},
	{"op=convtranspose-2x2", grid(64), []int{1, 32, 28, 624}, transposedConv(64, 32, 2, 2, 0), nil, 0},
	{"op=convtranspose-4x4", grid(64), []int{1, 32, 28, 624}, transposedConv(64, 32, 4, 2, 1), nil, 0},
	{"op=gather-rows", []int{4096, 64}, []int{4096, 64}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Gather", []onnx.Ref{x, g.indices(4096, 4096)})
	}, nil, 0},
	{"op=gather-columns", []int{4096, 64}, []int{4096, 64}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Gather", []onnx.Ref{x, g.indices(64, 64)}, onnx.Int("axis", 1))
	}, nil, 0},
	{"op=gatherelements", []int{4096, 64}, []int{4096, 64}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("GatherElements", []onnx.Ref{x, g.indices(64, 4096, 64)}, onnx.Int("axis", 1))
	}, nil, 0},
	{"op=gathernd", []int{64, 64, 64}, []int{4096, 64}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("GatherND", []onnx.Ref{x, g.indices(64, 4096, 2)})
	}, nil, 0},
	{"op=scatterelements", []int{4096, 64}, []int{4096, 64}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("ScatterElements", []onnx.Ref{x, g.indices(64, 4096, 64), x}, onnx.Int("axis", 1))
	}, nil, 0},
	{"op=scatternd", []int{64, 64, 64}, []int{64, 64, 64}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("ScatterND", []onnx.Ref{x, g.indices(64, 4096, 2), g.weight(false, 4096, 64)})
	}, nil, 0},
	top("op=topk", 4096, 64, 8), top("op=topk-long", 4, 65536, 16),
	{"op=argmax", grid(64), []int{1, 64, 14, 1}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.cast(g.Apply("ArgMax", []onnx.Ref{x}, onnx.Int("axis", 3)))
	}, nil, 0},
	{"op=argmax-axis1", grid(64), []int{1, 1, 14, 312}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.cast(g.Apply("ArgMax", []onnx.Ref{x}, onnx.Int("axis", 1)))
	}, nil, 0},
	{"op=greater-where", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		zero := g.Float32s("zero", []float32{0}, 1)
		return g.Apply("Where", []onnx.Ref{g.Apply("Greater", []onnx.Ref{x, zero}), x, zero})
	}, nil, 0},
	{"op=cast-int", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.cast(g.Apply("Cast", []onnx.Ref{x}, onnx.Int("to", int64(onnx.Int32))))
	}, nil, 0},
	{"op=instancenorm", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("InstanceNormalization", []onnx.Ref{x, g.weight(false, 64), g.weight(false, 64)})
	}, nil, 0},
	newOp("gelu", "Gelu"), newOp("gelu-tanh", "Gelu", onnx.Str("approximate", "tanh")), op("hardswish", "HardSwish"), newOp("mish", "Mish"),
	op("selu", "Selu"), op("softsign", "Softsign"), op("sin", "Sin"), op("cos", "Cos"), op("neg", "Neg"), op("reciprocal", "Reciprocal"), op("round", "Round"), op("sign", "Sign"),
	{"op=prelu", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("PRelu", []onnx.Ref{x, g.weight(true, 64, 1, 1)}) }, nil, 0},
	{"op=pow-2", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Pow", []onnx.Ref{x, g.Float32s("two", []float32{2}, 1)})
	}, nil, 0},
	{"op=pow-3", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Pow", []onnx.Ref{x, g.Float32s("three", []float32{3}, 1)})
	}, nil, 0},
	{"op=clip", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Clip", []onnx.Ref{x, g.Float32s("lo", []float32{-1}), g.Float32s("hi", []float32{1})})
	}, nil, 0},
	{"op=cumsum", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("CumSum", []onnx.Ref{x, g.Int64s("axis", 3)}) }, nil, 0},
	{"op=depthtospace", grid(64), []int{1, 16, 28, 624}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("DepthToSpace", []onnx.Ref{x}, onnx.Int("blocksize", 2))
	}, nil, 0},
	{"op=pad", grid(64), []int{1, 64, 16, 314}, padded("constant"), nil, 0},
	{"op=pad-reflect", grid(64), []int{1, 64, 16, 314}, padded("reflect"), nil, 0},
	{"op=slice", grid(64), []int{1, 64, 7, 156}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Slice", []onnx.Ref{x, g.Int64s("start", 0, 0), g.Int64s("end", 14, 312), g.Int64s("axes", 2, 3), g.Int64s("step", 2, 2)})
	}, nil, 0},
	{"op=tile", grid(32), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Tile", []onnx.Ref{x, g.Int64s("repeats", 1, 2, 1, 1)})
	}, nil, 0},
	{"op=expand", []int{1, 64, 14, 1}, grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Expand", []onnx.Ref{x, g.Int64s("shape", 1, 64, 14, 312)})
	}, nil, 0},
	{"op=globalmaxpool", grid(64), []int{1, 64, 1, 1}, func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("GlobalMaxPool", []onnx.Ref{x}) }, nil, 0},
	{"op=reducel1", grid(64), []int{1, 64, 14, 1}, reduced("ReduceL1", 3), nil, 0},
	{"op=reducel2", grid(64), []int{1, 64, 14, 1}, reduced("ReduceL2", 3), nil, 0},
	{"op=reducelogsumexp", grid(64), []int{1, 64, 14, 1}, reduced("ReduceLogSumExp", 3), nil, 0},
	{"op=quantize", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		scale, zero := g.quantization()
		return g.Apply("DequantizeLinear", []onnx.Ref{g.Apply("QuantizeLinear", []onnx.Ref{x, scale, zero}), scale, zero})
	}, nil, 0},
	{"op=matmulinteger", []int{256, 256}, []int{256, 256}, func(g *gen, x onnx.Ref) onnx.Ref {
		scale, zero := g.quantization()
		return g.cast(g.Apply("MatMulInteger", []onnx.Ref{g.Apply("QuantizeLinear", []onnx.Ref{x, scale, zero}), g.bytes(onnx.Uint8, 256, 256), zero}))
	}, nil, 0},
	{"op=qlinearconv", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		scale, zero := g.quantization()
		none := g.Const(onnx.Tensor{Name: "none", Type: onnx.Int8, Raw: []byte{0}})
		y := g.Apply("QLinearConv", []onnx.Ref{g.Apply("QuantizeLinear", []onnx.Ref{x, scale, zero}), scale, zero,
			g.bytes(onnx.Int8, 64, 64, 3, 3), g.Float32s("small", []float32{1e-3}), none, g.Float32s("wide", []float32{0.05}), zero}, onnx.Ints("pads", 1, 1, 1, 1))
		return g.Apply("DequantizeLinear", []onnx.Ref{y, g.Float32s("out", []float32{0.05}), zero})
	}, nil, 0.05},
	{"op=qlinearconv-depthwise", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		scale, zero := g.quantization()
		none := g.Const(onnx.Tensor{Name: "none", Type: onnx.Int8, Raw: []byte{0}})
		y := g.Apply("QLinearConv", []onnx.Ref{g.Apply("QuantizeLinear", []onnx.Ref{x, scale, zero}), scale, zero,
			g.bytes(onnx.Int8, 64, 1, 3, 3), g.Float32s("small", []float32{1e-3}), none, g.Float32s("wide", []float32{0.05}), zero}, onnx.Ints("pads", 1, 1, 1, 1), onnx.Int("group", 64))
		return g.Apply("DequantizeLinear", []onnx.Ref{y, g.Float32s("out", []float32{0.05}), zero})
	}, nil, 0.05},
	{"op=concat-last", grid(64), []int{1, 64, 14, 624}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Concat", []onnx.Ref{x, x}, onnx.Int("axis", 3))
	}, nil, 0},
	{"op=concat", grid(64), grid(128), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Concat", []onnx.Ref{x, x}, onnx.Int("axis", 1))
	}, nil, 0},
}

// dense is a perceptron with these widths and rectified layers between.
func dense(widths ...int) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		for i := range len(widths) - 1 {
			if i > 0 {
				x = g.Relu(x)
			}
			x = g.Gemm(x, g.weight(false, widths[i], widths[i+1]), g.weight(false, widths[i+1]))
		}
		return x
	}
}

// residual is pre-activation residual blocks as in DeepRx: 3×3 convolutions
// that see all channels or, where seen is 1, depthwise ones with a pointwise
// convolution behind.
func residual(blocks, channels, seen int) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		small := g.Float32s("small", []float32{0.01}, 1)
		for range blocks {
			y := x
			for range 2 {
				y = g.convolve(g.Relu(g.batchNorm(y, channels)), channels, seen, 3, 1, channels/seen)
				if seen == 1 {
					y = g.convolve(y, channels, channels, 1, 1, 1)
				}
			}
			x = g.Add(x, g.Mul(y, small))
		}
		return x
	}
}

func (g *gen) batchNorm(x onnx.Ref, channels int) onnx.Ref {
	return g.Apply("BatchNormalization", []onnx.Ref{x, g.weight(false, channels), g.weight(false, channels),
		g.weight(false, channels), g.weight(true, channels)})
}

// convolve adds a square convolution that keeps the grid where the stride is 1.
func (g *gen) convolve(x onnx.Ref, cout, cin, kernel, stride, group int) onnx.Ref {
	pad, s := int64(kernel/2), int64(stride)
	return g.Apply("Conv", []onnx.Ref{x, g.weight(false, cout, cin, kernel, kernel), g.weight(false, cout)},
		onnx.Ints("pads", pad, pad, pad, pad), onnx.Ints("strides", s, s), onnx.Int("group", int64(group)))
}

func pooled(opType string, kernel, stride int64) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply(opType, []onnx.Ref{x}, onnx.Ints("kernel_shape", kernel, kernel), onnx.Ints("strides", stride, stride))
	}
}

func reduced(opType string, axis int64) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply(opType, []onnx.Ref{x}, onnx.Ints("axes", axis)) }
}

func permuted(perm ...int64) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Transpose", []onnx.Ref{x}, onnx.Ints("perm", perm...))
	}
}

// recurrent is a layer of one direction, of which the states of all steps are the
// output.
func recurrent(opType string, gates, in, hidden int, attrs ...onnx.Attribute) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		small := func(dims ...int) onnx.Ref { return g.scaled(0.1, dims...) }
		attrs := append([]onnx.Attribute{onnx.Int("hidden_size", int64(hidden))}, attrs...)
		return g.Apply(opType, []onnx.Ref{x, small(1, gates*hidden, in), small(1, gates*hidden, hidden), small(1, 2*gates*hidden)}, attrs...)
	}
}

// scaled adds a constant with a deviation.
func (g *gen) scaled(deviation float64, dims ...int) onnx.Ref {
	v := make([]float32, product(dims))
	for i := range v {
		v[i] = float32(deviation * g.rng.NormFloat64())
	}
	g.n++
	return g.Float32s(fmt.Sprintf("w%d", g.n), v, dims...)
}

// indices adds a constant of indices below n.
func (g *gen) indices(n int, dims ...int) onnx.Ref {
	v := make([]int64, product(dims))
	for i := range v {
		v[i] = int64(g.rng.IntN(n))
	}
	return g.Const(onnx.NewInt64("indices", v, dims...))
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func (g *gen) cast(x onnx.Ref) onnx.Ref {
	return g.Apply("Cast", []onnx.Ref{x}, onnx.Int("to", int64(onnx.Float32)))
}

// quantization adds the scale and zero point of an input.
func (g *gen) quantization() (scale, zero onnx.Ref) {
	return g.Float32s("scale", []float32{0.02}), g.Const(onnx.Tensor{Name: "zero", Type: onnx.Uint8, Raw: []byte{128}})
}

// bytes adds random quantized weights.
func (g *gen) bytes(typ onnx.DataType, dims ...int) onnx.Ref {
	raw := make([]byte, product(dims))
	for i := range raw {
		raw[i] = byte(g.rng.IntN(256))
	}
	return g.Const(onnx.Tensor{Name: "weights", Type: typ, Dims: dims, Raw: raw})
}

// resized doubles both axes of the grid.
func resized(mode, coordinates string) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Resize", []onnx.Ref{x, {}, g.Float32s("scales", []float32{1, 1, 2, 2}, 4)},
			onnx.Str("mode", mode), onnx.Str("coordinate_transformation_mode", coordinates), onnx.Str("nearest_mode", "floor"))
	}
}

func transposedConv(cin, cout, kernel, stride, pad int) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		s, p := int64(stride), int64(pad)
		return g.Apply("ConvTranspose", []onnx.Ref{x, g.weight(false, cin, cout, kernel, kernel), g.weight(false, cout)},
			onnx.Ints("strides", s, s), onnx.Ints("pads", p, p, p, p))
	}
}

func padded(mode string) func(*gen, onnx.Ref) onnx.Ref {
	return func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Pad", []onnx.Ref{x, g.Int64s("pads", 0, 0, 1, 1, 0, 0, 1, 1)}, onnx.Str("mode", mode))
	}
}
