// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/tensor"
)

// mlp builds a network 2-hidden-outputs with a ReLU and random weights.
func mlp(tb testing.TB, hidden, outputs int) *accel.Model {
	tb.Helper()
	m, err := acceltest.LLRNet(hidden, outputs)
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
