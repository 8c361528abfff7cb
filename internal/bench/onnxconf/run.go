// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"unsafe"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// Outcomes of a case.
const (
	passed  = "passed"
	refused = "refused" // by a typed error, before Run
	untyped = "untyped" // refused, by an error that names neither operator nor field
	wrong   = "wrong"
	late    = "late"  // an error of Run
	crashed = "crash" // a panic, or the end of the process
	hung    = "hang"
)

// result is what came of a case on a device.
type result struct {
	Outcome string
	Stage   string // load, open, bind or run
	Message string
}

// run runs a case. Outputs that are not as expected are kept in the folder got,
// when that is not empty.
func run(c testCase, d accel.Device, got string) (r result) {
	r.Stage = "load"
	defer func() {
		if p := recover(); p != nil {
			r.Outcome, r.Message = crashed, fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	m, err := accel.LoadModel(filepath.Join(c.Folder, "model.onnx"))
	if err != nil {
		return r.refusal(err)
	}
	r.Stage = "open"
	s, err := accel.Open(context.Background(), m, d)
	if err != nil {
		return r.refusal(err)
	}
	defer s.Close()
	r.Stage = "bind"
	in, out, err := buffers(c, m.Signature())
	if err != nil {
		return r.refusal(err)
	}
	b, err := s.Bind(in, memoryOf(out))
	if err != nil {
		return r.refusal(err)
	}
	defer b.Close()
	r.Stage = "run"
	if err := b.Run(); err != nil {
		r.Outcome, r.Message = late, err.Error()
		return r
	}
	r.Outcome = passed
	if err := compare(c, out); err != nil {
		r.Outcome, r.Message = wrong, err.Error()
		if got != "" {
			if err := keep(got, c, out); err != nil {
				r.Message += "; " + err.Error()
			}
		}
	}
	return r
}

// refusal sorts an error before Run: typed ones say which node and operator, which
// version of the operator set, or which field or port of the model it is.
func (r result) refusal(err error) result {
	r.Outcome, r.Message = refused, err.Error()
	for _, typ := range []any{new(*onnx.OpError), new(*onnx.NodeError), new(*onnx.OpsetError), new(*onnx.FormatError), new(*accel.TypeError), new(*accel.PortError), new(*accel.WeightError)} {
		if errors.As(err, typ) {
			return r
		}
	}
	r.Outcome = untyped
	return r
}

// memory is a buffer whose bytes the program can read.
type memory struct {
	accel.Buffer
	bytes []byte
}

func memoryOf(list []memory) []accel.Buffer {
	out := make([]accel.Buffer, len(list))
	for i, m := range list {
		out[i] = m.Buffer
	}
	return out
}

// buffers makes the buffers of all ports: inputs filled from the files, outputs of
// the expected lengths, filled with what no kernel writes.
func buffers(c testCase, sig accel.Signature) (in []accel.Buffer, out []memory, err error) {
	for _, p := range sig.Inputs {
		given := port{}
		for _, i := range c.Inputs {
			if i.Name == p.Name {
				given = i
			}
		}
		m, err := memoryFor(given, p)
		if err != nil {
			return nil, nil, err
		}
		data, err := os.ReadFile(filepath.Join(c.Folder, given.File))
		if err != nil {
			return nil, nil, err
		}
		copy(m.bytes, data)
		in = append(in, m.Buffer)
	}
	for i, p := range sig.Outputs {
		m, err := memoryFor(c.Outputs[i], p)
		if err != nil {
			return nil, nil, err
		}
		for k := range m.bytes {
			m.bytes[k] = 0x5a
		}
		out = append(out, m)
	}
	return in, out, nil
}

// memoryFor allocates the memory of a port.
func memoryFor(p port, sig accel.Port) (memory, error) {
	switch p.Type {
	case onnx.Float32:
		return allocate[float32](p.Dims), nil
	case onnx.Float64:
		return allocate[float64](p.Dims), nil
	case onnx.Float16:
		return allocate[tensor.Float16](p.Dims), nil
	case onnx.Int8:
		return allocate[int8](p.Dims), nil
	case onnx.Int16:
		return allocate[int16](p.Dims), nil
	case onnx.Int32:
		return allocate[int32](p.Dims), nil
	case onnx.Int64:
		return allocate[int64](p.Dims), nil
	case onnx.Uint8:
		return allocate[uint8](p.Dims), nil
	case onnx.Uint16:
		return allocate[uint16](p.Dims), nil
	case onnx.Uint32:
		return allocate[uint32](p.Dims), nil
	case onnx.Uint64:
		return allocate[uint64](p.Dims), nil
	case onnx.Bool:
		m := allocate[uint8](p.Dims)
		m.Buffer = accel.Bools(unsafe.Slice((*bool)(unsafe.Pointer(unsafe.SliceData(m.bytes))), len(m.bytes)), p.Dims...)
		return m, nil
	}
	return memory{}, &accel.TypeError{Port: sig.Name, Want: sig.Type, Got: p.Type}
}

func allocate[E tensor.Element](dims []int) memory {
	n := 1
	for _, d := range dims {
		n *= d
	}
	var e E
	data := make([]E, n)
	return memory{accel.From(data, dims...), unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), n*int(unsafe.Sizeof(e)))}
}

// compare holds the outputs to what is expected: as numpy's allclose does, with
// NaN equal to itself.
//
// Each output of a Fourier transform is a sum over all inputs, so the smallest carries
// the rounding of the largest. What numpy writes down for an exact zero depends on its
// release (0, 3e-15 or 1.9e-7); there, one unit in the last place of the largest
// expected value is allowed too.
func compare(c testCase, out []memory) error {
	for i, p := range c.Outputs {
		data, err := os.ReadFile(filepath.Join(c.Folder, p.File))
		if err != nil {
			return err
		}
		want, err1 := numbers(p.Type, data)
		got, err2 := numbers(p.Type, out[i].bytes)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		atol := c.ATol
		if c.transforms() {
			for _, w := range want {
				atol = max(atol, c.ATol+math.Abs(w)*0x1p-23)
			}
		}
		for k, w := range want {
			g := got[k]
			if g == w || math.IsNaN(g) && math.IsNaN(w) || math.Abs(g-w) <= atol+c.RTol*math.Abs(w) {
				continue
			}
			return fmt.Errorf("output %q element %d is %g, want %g", p.Name, k, g, w)
		}
	}
	return nil
}

func numbers(t onnx.DataType, data []byte) ([]float64, error) {
	return (&onnx.Tensor{Type: t, Dims: []int{len(data) / t.Size()}, Raw: data}).Float64s()
}

// keep writes outputs to files, for the oracle.
func keep(dir string, c testCase, out []memory) error {
	dir = filepath.Join(dir, filepath.Base(c.Folder))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, p := range c.Outputs {
		if err := os.WriteFile(filepath.Join(dir, p.File), out[i].bytes, 0o644); err != nil {
			return err
		}
	}
	return nil
}
