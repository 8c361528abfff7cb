// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/internal/simd/denormal"
	"github.com/neuroran/neuroran/internal/testvec"
)

// child runs one test of this binary in a process of its own, and returns what
// it prints to standard output and to standard error.
func child(t *testing.T, test, env string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v=true")
	cmd.Env = append(os.Environ(), deviceEnv+"="+env)
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	if fail := cmd.Run(); fail != nil {
		t.Fatalf("%s: %v\n%s\n%s", test, fail, &out, &err)
	}
	return out.String(), err.String()
}

// isChild ends a test that only runs in a process of its own.
func isChild(t *testing.T) string {
	t.Helper()
	name := os.Getenv(deviceEnv)
	if name == "" {
		t.Skip("runs in a process of its own")
	}
	return name
}

// TestDenormals multiplies numbers whose product is denormal: it is zero, but
// for who wants to keep it.
func TestDenormals(t *testing.T) {
	if !denormal.Supported() {
		t.Skip("this processor cannot take them for zero, or not this way")
	}
	b := onnx.NewBuilder("denormal")
	x := b.Input("x", onnx.Float32, -1)
	b.Output("y", b.Mul(x, x))
	graph, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	m, err := accel.BuildModel(graph)
	if err != nil {
		t.Fatal(err)
	}
	eachDevice(t, func(t *testing.T, d accel.Device) {
		for _, keep := range []bool{false, true} {
			s, err := (accel.Options{KeepDenormals: keep}).Open(context.Background(), m, d)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			in, out := make([]float32, 40), make([]float32, 40)
			for i := range in {
				in[i] = 1e-20
			}
			run, err := s.Bind([]accel.Buffer{accel.From(in, 40)}, []accel.Buffer{accel.From(out, 40)})
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Run(); err != nil {
				t.Fatal(err)
			}
			for i, v := range out {
				if (v != 0) != keep {
					t.Fatalf("KeepDenormals %v, element %d: got %g", keep, i, v)
				}
			}
		}
	})
}

// TestOptionsRefused asks devices for what they cannot do, which they say
// before they look for a library.
func TestOptionsRefused(t *testing.T) {
	m := mlp(t, 2, 2)
	for _, test := range []struct {
		device accel.Device
		accel.Options
	}{
		{"ref", accel.Options{Precision: accel.BFloat16}},
		{"ort/cpu", accel.Options{Precision: accel.Float16}},
		{"ort/cuda:0", accel.Options{Precision: accel.Float16}},
		{"ort/tensorrt:0", accel.Options{Precision: accel.Int8}}, // the model says nowhere how
		{"ort/openvino:CPU", accel.Options{Precision: accel.TF32}},
		{"ort/openvino:CPU", accel.Options{Precision: accel.Float16}}, // slower than f32 wherever it was measured
		{"ort/openvino:NPU", accel.Options{}},
	} {
		_, err := test.Open(context.Background(), m, test.device)
		var option *accel.OptionError
		if !errors.As(err, &option) || option.Device != string(test.device) || option.Option != "Precision" {
			t.Errorf("%s: got %v, want an *OptionError of Precision", test.device, err)
		}
	}
}

// TestBFloat16IsNotEmulated asks a processor that does not compute in bfloat16
// for it, which would take hundreds of times as long.
func TestBFloat16IsNotEmulated(t *testing.T) {
	if cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16 {
		t.Skip("the processor computes in bfloat16")
	}
	_, err := (accel.Options{Precision: accel.BFloat16}).Open(context.Background(), mlp(t, 2, 2), "ort/openvino:CPU")
	var option *accel.OptionError
	if !errors.As(err, &option) {
		t.Errorf("got %v, want an *OptionError", err)
	}
}

// TestNothingOnStderr fails in every way that ONNX Runtime would print about.
func TestNothingOnStderr(t *testing.T) {
	available(t, "ort/cpu", "ort")
	if _, text := child(t, "TestFailures", "any"); text != "" {
		t.Errorf("printed to standard error: %s", text)
	}
}

// TestFailures is the child of TestNothingOnStderr.
func TestFailures(t *testing.T) {
	isChild(t)
	for _, d := range []accel.Device{"ort/cuda:0", "ort/tensorrt:0", "ort/openvino:GPU", "ort/openvino:NPU"} {
		s, err := (accel.Options{Precision: map[bool]accel.Precision{true: accel.Float16}[d == "ort/openvino:NPU"]}).
			Open(context.Background(), mlp(t, 2, 2), d)
		if err == nil {
			_ = s.Close() // this machine has the device
		}
	}
	accel.Probe()
	b := onnx.NewBuilder("gather")
	x, i := b.Input("x", onnx.Float32, 2, 3), b.Input("i", onnx.Int64, 1)
	b.Output("y", b.Apply("Gather", []onnx.Ref{x, i}))
	graph, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	m, err := accel.BuildModel(graph)
	if err != nil {
		t.Fatal(err)
	}
	run, err := open(t, m, accel.CPU).Bind([]accel.Buffer{accel.From(make([]float32, 6), 2, 3), accel.From([]int64{9}, 1)},
		[]accel.Buffer{accel.From(make([]float32, 3), 1, 3)})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Run(); err == nil {
		t.Error("an index out of range is no error")
	}
}

// TestWrongLibrary names libraries that are none, or too old.
func TestWrongLibrary(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	text := t.TempDir() + "/libonnxruntime.so"
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, text + ".absent", t.TempDir()} {
		_, err := (accel.Options{Library: path}).Open(context.Background(), mlp(t, 2, 2), accel.CPU)
		var library *accel.LibraryError
		if !errors.As(err, &library) && !errors.Is(err, accel.ErrNoCgo) {
			t.Errorf("%s: got %v, want a *LibraryError", path, err)
		}
		if library != nil && (len(library.Tried) != 1 || library.Tried[0] != path) {
			t.Errorf("%s: tried %v", path, library.Tried)
		}
	}
}

// TestFallback opens a model with an operator that OpenVINO does not have: it is
// refused, unless it may run on the CPU.
func TestFallback(t *testing.T) {
	available(t, "ort/openvino:CPU", "openvino")
	child(t, "TestFallbackChild", "any")
}

// TestFallbackChild is the child of TestFallback.
func TestFallbackChild(t *testing.T) {
	isChild(t)
	m, err := accel.BuildModel(&onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 17}}, Graph: &onnx.Graph{
		Name:    "determinant",
		Inputs:  []onnx.ValueInfo{{Name: "x", Type: onnx.Float32, Dims: []int{2, 2}, Ranked: true}},
		Nodes:   []onnx.Node{{Name: "det", OpType: "Det", Inputs: []string{"x"}, Outputs: []string{"d"}}, {Name: "relu", OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}}},
		Outputs: []onnx.ValueInfo{{Name: "y", Type: onnx.Float32, Dims: []int{2, 2}, Ranked: true}, {Name: "d", Type: onnx.Float32, Ranked: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := accel.Open(context.Background(), m, "ort/openvino:CPU")
	if err == nil {
		t.Error(errors.Join(errors.New("a node was put on the CPU in silence"), s.Close()))
	} else if !strings.Contains(err.Error(), "ort/openvino:CPU") {
		t.Error(err)
	}
	s, err = (accel.Options{AllowFallback: true}).Open(context.Background(), m, "ort/openvino:CPU")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestOneLibrary loads the flavour of the CPU and then asks for OpenVINO.
func TestOneLibrary(t *testing.T) {
	available(t, "ort/openvino:CPU", "openvino")
	available(t, "ort/cpu", "ort")
	child(t, "TestOneLibraryChild", "any")
}

// TestOneLibraryChild is the child of TestOneLibrary.
func TestOneLibraryChild(t *testing.T) {
	isChild(t)
	m := mlp(t, 2, 2)
	s, err := accel.Open(context.Background(), m, accel.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = accel.Open(context.Background(), m, "ort/openvino:CPU")
	var missing *accel.MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "Options.Flavor") {
		t.Errorf("got %v, want a *MissingError that names Options.Flavor", err)
	}
	_, err = (accel.Options{Flavor: "openvino"}).Open(context.Background(), m, accel.CPU)
	var library *accel.LibraryError
	if !errors.As(err, &library) {
		t.Errorf("another flavour: got %v, want a *LibraryError", err)
	}
}

// available skips the test where a device is absent. It looks from a process of
// its own, in which no library of another flavour is loaded.
func available(t *testing.T, d accel.Device, require string) {
	t.Helper()
	out, _ := child(t, "TestProbeChild", string(d))
	_, text, _ := strings.Cut(out, "reason: ")
	reason, _, found := strings.Cut(text, "\n")
	if !found {
		t.Fatalf("the child says nothing:\n%s", out)
	}
	testvec.Require(t, require, reason == "none", reason)
}
