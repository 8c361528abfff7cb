// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// eachDevice runs f on every device that can be opened here.
func eachDevice(t *testing.T, f func(t *testing.T, d accel.Device)) {
	for _, d := range []accel.Device{accel.Ref, accel.CPU} {
		t.Run(string(d), func(t *testing.T) {
			open(t, mlp(t, 1, 1), d) // skips where the library is absent
			f(t, d)
		})
	}
}

// TestForgottenSession drops a session and its binding without closing either:
// the process goes on.
func TestForgottenSession(t *testing.T) {
	m := mlp(t, 8, 4)
	func() {
		s, err := accel.Open(context.Background(), m, accel.Ref)
		if err != nil {
			t.Fatal(err)
		}
		x, y := filled(1, 16, 2), tensor.New[float32]([]int{16, 4})
		if _, err := s.Bind([]accel.Buffer{accel.Of(&x)}, []accel.Buffer{accel.Of(&y)}); err != nil {
			t.Fatal(err)
		}
	}()
	for range 5 {
		runtime.GC() // used to panic in the finalizer of the pinner
		time.Sleep(time.Millisecond)
	}
}

func TestBindRefuses(t *testing.T) { eachDevice(t, testBindRefuses) }

func testBindRefuses(t *testing.T, d accel.Device) {
	s := open(t, mlp(t, 8, 4), d)
	f32 := func(dims ...int) accel.Buffer { x := filled(1, dims...); return accel.Of(&x) }
	memory := make([]float32, 64)
	var shape *tensor.ShapeError
	var typ *accel.TypeError
	var overlap *accel.OverlapError
	tests := []struct {
		name    string
		in, out []accel.Buffer
		target  any
		names   string
	}{
		{"no input", nil, []accel.Buffer{f32(3, 4)}, &shape, "number"},
		{"rank", []accel.Buffer{f32(3)}, []accel.Buffer{f32(3, 4)}, &shape, `"iq"`},
		{"length", []accel.Buffer{f32(3, 3)}, []accel.Buffer{f32(3, 4)}, &shape, `"iq"`},
		{"empty", []accel.Buffer{accel.From([]float32{}, 0, 2)}, []accel.Buffer{f32(3, 4)}, &shape, `"llr"`},
		{"elements", []accel.Buffer{accel.From(memory, 3, 2)}, []accel.Buffer{f32(3, 4)}, &shape, `"iq"`},
		{"output", []accel.Buffer{f32(3, 2)}, []accel.Buffer{f32(3, 5)}, &shape, `"llr"`},
		{"batch", []accel.Buffer{f32(3, 2)}, []accel.Buffer{f32(2, 4)}, &shape, `"llr"`},
		{"type", []accel.Buffer{accel.From(make([]float64, 6), 3, 2)}, []accel.Buffer{f32(3, 4)}, &typ, `"iq"`},
		{"overlap", []accel.Buffer{accel.From(memory[:6], 3, 2)}, []accel.Buffer{accel.From(memory[5:17], 3, 4)}, &overlap, `"llr"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Bind(tt.in, tt.out)
			if err == nil || !errors.As(err, tt.target) || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("got %v, want a %T that names %s", err, tt.target, tt.names)
			}
		})
	}
}

func TestOpenSaysWhy(t *testing.T) {
	m := mlp(t, 2, 2)
	_, err := accel.Open(context.Background(), m, "ort/cuda:77", "gpu", "ort/openvino:XYZ")
	var failed *accel.OpenError
	if !errors.As(err, &failed) || len(failed.Devices) != 3 {
		t.Fatalf("got %v, want an *OpenError of 3 devices", err)
	}
	for i, d := range []accel.Device{"ort/cuda:77", "gpu", "ort/openvino:XYZ"} {
		if failed.Devices[i].Device != d || !strings.Contains(err.Error(), string(d)) {
			t.Errorf("device %d: got %v, want %s", i, failed.Devices[i], d)
		}
	}
	if !errors.Is(err, accel.ErrUnknownDevice) {
		t.Errorf("got %v, want it to wrap ErrUnknownDevice", err)
	}
	var missing *accel.MissingError
	var library *accel.LibraryError
	if !errors.As(err, &missing) && !errors.As(err, &library) && !errors.Is(err, accel.ErrNoCgo) {
		t.Errorf("got %v, want a reason for ort/cuda:77", err)
	}
	s, err := accel.Open(context.Background(), m, "ort/tensorrt:77", "ref")
	if err != nil || s.Device() != accel.Ref {
		t.Fatalf("got %v, want the session of ref", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := accel.Open(ctx, m, "ref"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestUnsupportedOperatorAtOpen(t *testing.T) {
	graph := &onnx.Model{Opsets: []onnx.Opset{{Version: 17}}, Graph: &onnx.Graph{
		Inputs:  []onnx.ValueInfo{{Name: "x", Type: onnx.Float32, Dims: []int{1, 2}, Ranked: true}},
		Nodes:   []onnx.Node{{Name: "spell", OpType: "Abracadabra", Inputs: []string{"x"}, Outputs: []string{"y"}}},
		Outputs: []onnx.ValueInfo{{Name: "y", Type: onnx.Float32, Dims: []int{1, 2}, Ranked: true}},
	}}
	m, err := accel.BuildModel(graph)
	if err != nil {
		t.Fatal(err)
	}
	_, err = accel.Open(context.Background(), m)
	var op *onnx.OpError
	if !errors.As(err, &op) || op.OpType != "Abracadabra" || op.Node != "spell" {
		t.Fatalf("got %v, want an *onnx.OpError that names operator and node", err)
	}
}

func TestModelRefuses(t *testing.T) {
	good := mlp(t, 4, 2).Bytes()
	if _, err := accel.NewModel(good[:len(good)-3]); err == nil {
		t.Error("a truncated model is accepted")
	}
	graph, err := onnx.Decode(good)
	if err != nil {
		t.Fatal(err)
	}
	graph.Graph.Initializers[0] = onnx.NewFloat32("w1", []float32{1, 2, 3, 4, 5, float32(math.NaN()), 7, 8}, 2, 4)
	var weight *accel.WeightError
	if _, err := accel.BuildModel(graph); !errors.As(err, &weight) || weight.Name != "w1" || weight.Index != 5 {
		t.Errorf("got %v, want a *WeightError for w1 at 5", err)
	}
	var sig *accel.SignatureError
	if err := mlp(t, 4, 2).Expect(mlp(t, 4, 3).Signature()); !errors.As(err, &sig) {
		t.Errorf("got %v, want a *SignatureError", err)
	}
	if err := mlp(t, 4, 2).Expect(mlp(t, 8, 2).Signature()); err != nil {
		t.Errorf("equal signatures: %v", err)
	}
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := accel.LoadModel(path)
	if err != nil || m.SHA256() != mlp(t, 4, 2).SHA256() {
		t.Errorf("LoadModel: %v", err)
	}
	text := filepath.Join(t.TempDir(), "m.py")
	if err := os.WriteFile(text, []byte("import sys\nprint(1)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := accel.LoadModel(text); err == nil || !strings.Contains(err.Error(), text+": not an ONNX model") {
		t.Errorf("a program for a model: %v", err)
	}
}

func TestRegistry(t *testing.T) {
	m := mlp(t, 4, 2)
	fs := fstest.MapFS{"a.onnx": {Data: m.Bytes()}, "b.onnx": {Data: mlp(t, 5, 2).Bytes()}}
	r, err := accel.NewRegistry(
		accel.Entry{Name: "net", Version: "1", SHA256: m.SHA256(), FS: fs, Path: "a.onnx"},
		accel.Entry{Name: "net", Version: "2", SHA256: m.SHA256(), FS: fs, Path: "b.onnx"},
	)
	if err != nil {
		t.Fatal(err)
	}
	one, err := r.Load("net", "1")
	if err != nil || one.SHA256() != m.SHA256() {
		t.Fatalf("got %v", err)
	}
	if again, _ := r.Load("net", "1"); again != one {
		t.Error("the model is not shared")
	}
	var hash *accel.HashError
	if _, err := r.Load("net", ""); !errors.As(err, &hash) || hash.Name != "net@2" {
		t.Errorf("changed file: got %v, want a *HashError for net@2", err)
	}
	if _, err := r.Load("net", "3"); !errors.Is(err, accel.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if err := r.Add(accel.Entry{Name: "net", Version: "1", SHA256: m.SHA256(), FS: fs, Path: "a.onnx"}); err == nil {
		t.Error("a repeated entry is accepted")
	}
	if err := r.Add(accel.Entry{Name: "x"}); err == nil {
		t.Error("an incomplete entry is accepted")
	}
	if got := r.Entries(); len(got) != 2 || got[0].Version != "1" {
		t.Errorf("entries: got %v", got)
	}
}

func TestParseDevice(t *testing.T) {
	for _, s := range []string{"ref", "ort/cpu", "ort/cuda:0", "ort/tensorrt:12", "ort/openvino:GPU"} {
		if d, err := accel.ParseDevice(s); err != nil || string(d) != s {
			t.Errorf("%q: got %q, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "cpu", "ref:0", "ort/cpu:1", "ort/cuda:x", "ort/cuda:-1", "ort/openvino", "ort/openvino:cpu"} {
		if _, err := accel.ParseDevice(s); !errors.Is(err, accel.ErrUnknownDevice) {
			t.Errorf("%q: got %v, want ErrUnknownDevice", s, err)
		}
	}
}

func TestProbe(t *testing.T) {
	infos := accel.Probe()
	if len(infos) < 7 || infos[0].Device != accel.Ref || !infos[0].Available {
		t.Fatalf("got %v", infos)
	}
	for _, info := range infos {
		if _, err := accel.ParseDevice(string(info.Device)); err != nil {
			t.Error(err)
		}
		if info.Available == (info.Reason != nil) {
			t.Errorf("%s: available %v, reason %v", info.Device, info.Available, info.Reason)
		}
	}
}
