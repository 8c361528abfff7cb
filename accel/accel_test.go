// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/tensor"
)

// mlp builds a network 2-hidden-outputs with a ReLU and random weights.
func mlp(tb testing.TB, hidden, outputs int) *accel.Model {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		return v
	}
	b := onnx.NewBuilder("mlp")
	x := b.Input("iq", onnx.Float32, -1, 2)
	h := b.Relu(b.Gemm(x, b.Float32s("w1", random(2*hidden), 2, hidden), b.Float32s("b1", random(hidden), hidden)))
	b.Output("llr", b.Gemm(h, b.Float32s("w2", random(hidden*outputs), hidden, outputs), b.Float32s("b2", random(outputs), outputs)))
	graph, err := b.Model()
	if err != nil {
		tb.Fatal(err)
	}
	m, err := accel.BuildModel(graph)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// open opens the model on a device, or skips where an ort device is absent.
func open(tb testing.TB, m *accel.Model, d accel.Device) *accel.Session {
	tb.Helper()
	for _, info := range accel.Probe() {
		if info.Device == d && d != accel.Ref {
			testvec.Require(tb, "ort", info.Available, errText(info.Reason))
		}
	}
	s, err := accel.Open(context.Background(), m, d)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// filled returns a tensor of normal numbers.
func filled(seed uint64, dims ...int) tensor.Tensor[float32] {
	rng := rand.New(rand.NewPCG(seed, 0))
	t := tensor.New[float32](dims)
	for i := range t.Data() {
		t.Data()[i] = float32(rng.NormFloat64())
	}
	return t
}

// run binds and runs a model of one input and one output.
func run(tb testing.TB, s *accel.Session, in tensor.Tensor[float32], dims ...int) []float32 {
	tb.Helper()
	out := tensor.New[float32](dims)
	b, err := s.Bind([]accel.Buffer{accel.Of(&in)}, []accel.Buffer{accel.Of(&out)})
	if err != nil {
		tb.Fatal(err)
	}
	if err := b.Run(); err != nil {
		tb.Fatal(err)
	}
	return out.Data()
}

func TestDevicesAgree(t *testing.T) {
	for _, n := range []int{1, 7, 8, 3276} {
		m := mlp(t, 32, 8)
		in := filled(3, n, 2)
		want := run(t, open(t, m, accel.Ref), in, n, 8)
		got := run(t, open(t, m, accel.CPU), in, n, 8)
		for i, w := range want {
			if d := math.Abs(float64(got[i] - w)); d > 1e-5*max(1, math.Abs(float64(w))) {
				t.Fatalf("n=%d, element %d: ort %g, ref %g", n, i, got[i], w)
			}
		}
	}
}
