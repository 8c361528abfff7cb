// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"context"
	"errors"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// FuzzOpen checks that no model panics: what opens on ref also binds and runs,
// or is refused, whatever its graph says.
func FuzzOpen(f *testing.F) {
	for _, draw := range operatorTests {
		for seed := range uint64(2) {
			g := newGen(seed)
			g.Output("y", draw(g))
			graph, err := g.Model()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(onnx.Encode(nil, graph))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := accel.NewModel(data)
		if err != nil || !small(m) {
			return
		}
		s, err := accel.Open(context.Background(), m)
		if err != nil {
			return
		}
		defer s.Close()
		var in, out []accel.Buffer
		for _, p := range m.Signature().Inputs {
			in = append(in, buffer(p))
		}
		for _, p := range m.Signature().Outputs {
			out = append(out, buffer(p))
		}
		b, err := s.Bind(in, out)
		if err != nil {
			return
		}
		if err := b.Run(); err != nil {
			t.Fatal(err)
		}
	})
}

// small reports whether every value that can be inferred has a bounded size, so
// that the fuzzer does not measure the machine's memory.
func small(m *accel.Model) bool {
	values, _ := onnx.InferAll(m.Graph(), nil)
	total := 0
	for _, v := range values {
		n := 1
		for _, d := range v.Dims {
			if d > 1<<10 {
				return false
			}
			n *= max(d, 1)
			if n > 1<<16 {
				return false
			}
		}
		total += n
	}
	return total < 1<<18
}

// buffer returns memory for a port, with open lengths of 1.
func buffer(p accel.Port) accel.Buffer {
	dims, n := make([]int, len(p.Dims)), 1
	for i, d := range p.Dims {
		dims[i] = d
		if d < 0 {
			dims[i] = 1
		}
		n *= dims[i]
	}
	if p.Type == onnx.Int64 {
		return accel.From(make([]int64, n), dims...)
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%7) - 3
	}
	return accel.From(v, dims...)
}

// FuzzParseDevice checks that a name is a known device or a typed error.
func FuzzParseDevice(f *testing.F) {
	for _, s := range []string{"ref", "ort/cpu", "ort/cuda:0", "ort/tensorrt:65536", "ort/openvino:GPU", "ort/cuda:", ":", "/", "ort"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := accel.ParseDevice(s)
		if (err == nil) != (string(d) == s && s != "") || err != nil && !errors.Is(err, accel.ErrUnknownDevice) {
			t.Errorf("%q: got %q, %v", s, d, err)
		}
	})
}
