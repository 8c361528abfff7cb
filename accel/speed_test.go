// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// speedNet is a network, or one operator, on which ref is timed against ONNX
// Runtime.
type speedNet struct {
	name    string
	in, out []int
	build   func(g *gen, x onnx.Ref) onnx.Ref
}

// grid is the lengths of c channels of a slot: 14 symbols of 26 PRB.
func grid(c int) []int { return []int{1, c, 14, 312} }

// op is a net of a single operator that keeps the lengths of its input.
func op(name, opType string, attrs ...onnx.Attribute) speedNet {
	return speedNet{"op=" + name, grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply(opType, []onnx.Ref{x}, attrs...)
	}}
}

// speedNets are the networks of radio blocks, and what they are made of.
var speedNets = []speedNet{
	{"net=llrnet", []int{3276, 2}, []int{3276, 8}, dense(2, 32, 32, 8)},
	{"net=mlp", []int{3276, 16}, []int{3276, 8}, dense(16, 256, 256, 8)},
	{"net=mlp-1row", []int{1, 16}, []int{1, 8}, dense(16, 256, 256, 8)},
	{"net=deeprx", grid(64), grid(64), residual(11, 64, 64)},
	{"net=deeprx-4x32", grid(32), grid(32), residual(4, 32, 32)},
	{"net=separable", grid(64), grid(64), residual(11, 64, 1)},
	{"op=depthwise", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 1, 3, 1, 64) }},
	{"op=depthwise-times2", grid(64), grid(128), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 128, 1, 3, 1, 64) }},
	{"op=conv1x1", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 64, 1, 1, 1) }},
	{"op=conv3x3", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 64, 3, 1, 1) }},
	{"op=conv3x3-stride2", grid(64), []int{1, 64, 7, 156}, func(g *gen, x onnx.Ref) onnx.Ref { return g.convolve(x, 64, 64, 3, 2, 1) }},
	{"op=matmul", []int{1024, 1024}, []int{1024, 1024}, func(g *gen, x onnx.Ref) onnx.Ref { return g.MatMul(x, g.weight(false, 1024, 1024)) }},
	{"op=matmul-subnormal", []int{256, 256}, []int{256, 256}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.MatMul(x, g.Float32s("w", slices.Repeat([]float32{1e-41}, 256*256), 256, 256))
	}},
	{"op=matmul-batch8", []int{8, 128, 64}, []int{8, 128, 128}, func(g *gen, x onnx.Ref) onnx.Ref {
		return g.MatMul(x, g.Apply("Transpose", []onnx.Ref{x}, onnx.Ints("perm", 0, 2, 1)))
	}},
	op("relu", "Relu"), op("leakyrelu", "LeakyRelu"), op("sigmoid", "Sigmoid"), op("tanh", "Tanh"),
	op("exp", "Exp"), op("erf", "Erf"), op("elu", "Elu"), op("softplus", "Softplus"),
	op("hardsigmoid", "HardSigmoid"), op("abs", "Abs"), op("sqrt", "Sqrt"), op("log", "Log"),
	op("softmax", "Softmax"), op("logsoftmax", "LogSoftmax"), op("softmax-axis1", "Softmax", onnx.Int("axis", 1)),
	{"op=layernorm", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("LayerNormalization", []onnx.Ref{x, g.weight(false, 312), g.weight(false, 312)})
	}},
	{"op=batchnorm", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.batchNorm(x, 64) }},
	{"op=maxpool", grid(64), []int{1, 64, 7, 156}, pooled("MaxPool", 2, 2)},
	{"op=maxpool-stride1", grid(64), []int{1, 64, 12, 310}, pooled("MaxPool", 3, 1)},
	{"op=averagepool", grid(64), []int{1, 64, 7, 156}, pooled("AveragePool", 2, 2)},
	{"op=globalaveragepool", grid(64), []int{1, 64, 1, 1}, func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("GlobalAveragePool", []onnx.Ref{x}) }},
	{"op=reducemean", grid(64), []int{1, 64, 14, 1}, reduced("ReduceMean", 3)},
	{"op=reducemean-axis1", grid(64), []int{1, 1, 14, 312}, reduced("ReduceMean", 1)},
	{"op=reducemax", grid(64), []int{1, 64, 14, 1}, reduced("ReduceMax", 3)},
	{"op=transpose-0231", grid(64), []int{1, 14, 312, 64}, permuted(0, 2, 3, 1)},
	{"op=transpose-0132", grid(64), []int{1, 64, 312, 14}, permuted(0, 1, 3, 2)},
	{"op=add", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Add(x, g.weight(false, grid(64)...)) }},
	{"op=sub-row", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("Sub", []onnx.Ref{x, g.weight(false, 312)}) }},
	{"op=mul-scalar", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Mul(x, g.weight(false, 1)) }},
	{"op=div-channel", grid(64), grid(64), func(g *gen, x onnx.Ref) onnx.Ref { return g.Apply("Div", []onnx.Ref{x, g.weight(true, 64, 1, 1)}) }},
	{"op=concat", grid(64), grid(128), func(g *gen, x onnx.Ref) onnx.Ref {
		return g.Apply("Concat", []onnx.Ref{x, x}, onnx.Int("axis", 1))
	}},
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

// model builds the network.
func (n speedNet) model(tb testing.TB) *accel.Model {
	tb.Helper()
	g := newGen(5)
	g.Output("y", n.build(g, g.input(n.in...)))
	graph, err := g.Model()
	if err != nil {
		tb.Fatalf("%s: %v", n.name, err)
	}
	m, err := accel.BuildModel(graph)
	if err != nil {
		tb.Fatalf("%s: %v", n.name, err)
	}
	return m
}

// BenchmarkSpeed times ref and ONNX Runtime on one thread. impl=both runs them
// in turns and reports the least time of each and their ratio, which a busy
// machine spoils least: quote that.
func BenchmarkSpeed(b *testing.B) {
	impls := []struct {
		name   string
		device accel.Device
	}{{"ref", accel.Ref}, {"ort", accel.CPU}}
	for _, net := range speedNets {
		m := net.model(b)
		for _, impl := range impls {
			b.Run(net.name+"/impl="+impl.name, func(b *testing.B) {
				run := bind(b, m, impl.device, net.in, net.out)
				b.ReportAllocs()
				for b.Loop() {
					runOnce(b, run)
				}
			})
		}
		b.Run(net.name+"/impl=both", func(b *testing.B) {
			ref, ort := bind(b, m, accel.Ref, net.in, net.out), bind(b, m, accel.CPU, net.in, net.out)
			least := [2]time.Duration{time.Hour, time.Hour}
			for b.Loop() {
				for i, run := range []*accel.Binding{ref, ort} {
					least[i] = min(least[i], timed(b, run))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(least[0].Seconds()*1e6, "ref-µs")
			b.ReportMetric(least[1].Seconds()*1e6, "ort-µs")
			b.ReportMetric(least[0].Seconds()/least[1].Seconds(), "ratio")
		})
	}
}

func runOnce(tb testing.TB, run *accel.Binding) {
	if err := run.Run(); err != nil {
		tb.Fatal(err)
	}
}

// timed returns the time of one run, the mean of so many as take a while.
func timed(tb testing.TB, run *accel.Binding) time.Duration {
	const while = 200 * time.Microsecond
	start := time.Now()
	for n := 1; ; n++ {
		runOnce(tb, run)
		if d := time.Since(start); d > while {
			return d / time.Duration(n)
		}
	}
}

// TestSpeedNetsAgree holds the devices to each other on the networks whose
// speed is quoted, which use the kernels at their full lengths.
func TestSpeedNetsAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode")
	}
	for _, net := range speedNets {
		t.Run(net.name, func(t *testing.T) {
			m := net.model(t)
			x := filled(1, net.in...)
			got, want := run(t, open(t, m, accel.Ref), x, net.out...), run(t, open(t, m, accel.CPU), x, net.out...)
			if err := deviation(got, want); err != nil {
				t.Error(err)
			}
		})
	}
}

// deviation says where two results differ by more than 1e-4 of the greatest.
func deviation(got, want []float32) error {
	scale := float32(1)
	for _, w := range want {
		if w == w {
			scale = max(scale, w, -w)
		}
	}
	for i, w := range want {
		if d := got[i] - w; !(max(d, -d) <= 1e-4*scale) && (w == w || got[i] == got[i]) {
			return fmt.Errorf("element %d: got %g, want %g (greatest %g)", i, got[i], w, scale)
		}
	}
	return nil
}
