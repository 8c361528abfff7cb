// SPDX-License-Identifier: Apache-2.0

// Package acceltest is the conformance suite of devices: what package accel
// promises about each, run by the tests of every provider. A provider for
// another kind of device is right when it passes:
//
//	func TestConformance(t *testing.T) {
//		acceltest.Run(t, acceltest.Config{
//			Device:  "tpu:0",
//			Options: accel.Options{Providers: []backend.Provider{tpu.Provider{}}},
//		})
//	}
//
// The package also has the networks that the suite runs, for benchmarks and for
// programs that measure devices.
package acceltest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// Config says which device is tested, and how close it must come.
type Config struct {
	Device  accel.Device  // device under test; it must be available
	Options accel.Options // how it is opened
	// Tolerance bounds the deviation from the device "ref", as a part of the
	// largest magnitude of each output; 0 means 1e-5, which float32 keeps.
	Tolerance float64
	// Allocates says that a Run allocates Go memory, which no built-in does.
	Allocates bool
	// Sessions is how many sessions the test of growth opens and closes; 0 means
	// 200.
	Sessions int
}

// Run runs the suite. Each subtest opens sessions of its own.
func Run(t *testing.T, c Config) {
	t.Helper()
	if c.Tolerance == 0 {
		c.Tolerance = 1e-5
	}
	if c.Sessions == 0 {
		c.Sessions = 200
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, Config)
	}{
		{"Models", testModels},
		{"InputIsReadAtRun", testInputIsReadAtRun},
		{"ComplexInput", testComplexInput},
		{"BuffersStayAlive", testBuffersStayAlive},
		{"ConcurrentBindings", testConcurrentBindings},
		{"Close", testClose},
		{"CloseWhileRunning", testCloseWhileRunning},
		{"Canceled", testCanceled},
		{"UnknownOperator", testUnknownOperator},
		{"Growth", testGrowth},
		{"NoAllocs", testNoAllocs},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, c) })
	}
}

// open opens a model on the device under test and closes it with the test.
func open(t *testing.T, c Config, m *accel.Model) *accel.Session {
	t.Helper()
	s, err := c.Options.Open(context.Background(), m, c.Device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// must returns a model, or ends the test.
func must(t *testing.T) func(*accel.Model, error) *accel.Model {
	return func(m *accel.Model, err error) *accel.Model {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

// testModels compares every network with the device "ref", at each batch. A
// device may refuse a network whose operators it does not support, by name.
func testModels(t *testing.T, c Config) {
	cases, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range cases {
		t.Run(n.Name, func(t *testing.T) {
			s, err := c.Options.Open(context.Background(), n.Model, c.Device)
			var op *onnx.OpError
			if errors.As(err, &op) {
				t.Skipf("refused: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, batch := range n.Batches {
				dev, err := Deviation(s, batch, uint64(batch))
				if err != nil {
					t.Fatalf("batch %d: %v", batch, err)
				}
				if !(dev <= c.Tolerance) {
					t.Errorf("batch %d: deviates from ref by %.2g of the largest output, want at most %.2g", batch, dev, c.Tolerance)
				}
			}
		})
	}
}

// Deviation runs a session and the device "ref" on the same seeded inputs, and
// returns the largest difference as a part of the largest magnitude of the
// output, over all outputs. Not-a-number deviates from a number by +Inf.
func Deviation(s *accel.Session, batch int, seed uint64) (float64, error) {
	ref, err := accel.Open(context.Background(), s.Model(), accel.Ref)
	if err != nil {
		return 0, err
	}
	defer ref.Close()
	want, err := RunOnce(ref, batch, seed)
	if err != nil {
		return 0, err
	}
	got, err := RunOnce(s, batch, seed)
	if err != nil {
		return 0, err
	}
	worst := 0.0
	for i := range want {
		worst = max(worst, deviation(got[i], want[i]))
	}
	return worst, nil
}

// deviation compares two outputs.
func deviation(got, want []float64) float64 {
	largest, worst := 0.0, 0.0
	for i, w := range want {
		largest = max(largest, math.Abs(w))
		switch d := math.Abs(got[i] - w); {
		case got[i] == w || math.IsNaN(got[i]) && math.IsNaN(w):
		case math.IsNaN(d):
			return math.Inf(1)
		default:
			worst = max(worst, d)
		}
	}
	if worst == 0 {
		return 0
	}
	return worst / largest
}

// testCanceled checks that an ended context is honoured.
func testCanceled(t *testing.T, c Config) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Options.Open(ctx, must(t)(LLRNet(8, 4)), c.Device); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// testUnknownOperator checks that an operator that nobody knows is an error of
// Open that names it.
func testUnknownOperator(t *testing.T, c Config) {
	m := must(t)(accel.BuildModel(&onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 17}}, Graph: &onnx.Graph{
		Inputs:  []onnx.ValueInfo{{Name: "x", Type: onnx.Float32, Dims: []int{1, 2}, Ranked: true}},
		Nodes:   []onnx.Node{{Name: "spell", OpType: "Abracadabra", Inputs: []string{"x"}, Outputs: []string{"y"}}},
		Outputs: []onnx.ValueInfo{{Name: "y", Type: onnx.Float32, Dims: []int{1, 2}, Ranked: true}},
	}}))
	s, err := c.Options.Open(context.Background(), m, c.Device)
	if err == nil {
		t.Fatal(errors.Join(errors.New("an unknown operator is accepted"), s.Close()))
	}
	if !strings.Contains(err.Error(), "Abracadabra") || !strings.Contains(err.Error(), string(c.Device)) {
		t.Errorf("got %v, want the operator and the device named", err)
	}
}
