// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// Session is a model compiled for one device. Its methods may be called from
// any goroutine, and its bindings run at the same time.
type Session struct {
	model  *Model
	sig    Signature
	device Device
	back   backend.Session

	keepDenormals bool // see Options

	mu       sync.Mutex
	bindings map[*Binding]struct{}
	closed   bool
}

func newSession(m *Model, sig Signature, d Device, o Options, back backend.Session) *Session {
	return &Session{model: m, sig: sig, device: d, back: back, keepDenormals: o.KeepDenormals, bindings: map[*Binding]struct{}{}}
}

// Model returns the model of the session.
func (s *Session) Model() *Model { return s.model }

// Device returns the device that the session runs on.
func (s *Session) Device() Device { return s.device }

// Signature returns the ports of the model that can be bound: those of [Model.Signature],
// with the types that the device knows where the model does not say them.
func (s *Session) Signature() Signature { return s.sig }

// Run computes the outputs from the inputs once: Bind, Run and Close. It is for
// programs that run a model now and then; who runs it for every slot binds once.
func (s *Session) Run(inputs, outputs []Buffer) error {
	b, err := s.Bind(inputs, outputs)
	if err != nil {
		return err
	}
	return errors.Join(b.Run(), b.Close())
}

// Bind prepares runs that read the inputs and write the outputs, one buffer for
// each port in the order of the signature. Open lengths are set by the buffers;
// another batch needs another Bind, which costs microseconds, so a caller keeps
// one binding for each pooled pair of buffers and each batch.
//
// The buffers are pinned and kept alive until the binding or its session is
// closed, for ever if neither is. They must not overlap, except inputs with each
// other.
//
// Bind returns [ErrClosed], a [*tensor.ShapeError] or [*TypeError] that names
// the port, an [*OverlapError], an [*onnx.NodeError] that names a node that cannot
// take these lengths, or an error of the device. Where the lengths of
// outputs depend on the elements of inputs, buffers that do not fit are an error
// of Run.
func (s *Session) Bind(inputs, outputs []Buffer) (*Binding, error) {
	if err := s.check(inputs, outputs); err != nil {
		return nil, err
	}
	b := &Binding{session: s, inputs: slices.Clone(inputs), outputs: slices.Clone(outputs)}
	in, out := b.pin(b.inputs, s.sig.Inputs), b.pin(b.outputs, s.sig.Outputs)
	s.mu.Lock()
	defer s.mu.Unlock()
	err := ErrClosed
	if !s.closed {
		b.back, err = s.back.Bind(in, out)
	}
	if err != nil {
		b.pinner.Unpin()
		return nil, err
	}
	s.bindings[b] = struct{}{}
	// Who forgets to close loses memory, not the process: the runtime panics
	// when it collects a pinner that still pins, and a finalizer keeps what its
	// object refers to.
	runtime.SetFinalizer(b, func(b *Binding) { _ = b.Close() })
	return b, nil
}

// check compares the buffers with the signature and with each other.
func (s *Session) check(inputs, outputs []Buffer) error {
	sig := s.sig
	if len(inputs) != len(sig.Inputs) || len(outputs) != len(sig.Outputs) {
		return &tensor.ShapeError{Op: "accel: bind: number of inputs and outputs",
			Want: []int{len(sig.Inputs), len(sig.Outputs)}, Got: []int{len(inputs), len(outputs)}}
	}
	for i, b := range inputs {
		if err := checkPort(sig.Inputs[i], sig.Inputs[i].Dims, b); err != nil {
			return err
		}
	}
	if err := s.checkOpen(inputs); err != nil {
		return err
	}
	want, err := s.model.outputDims(inputs)
	if err != nil {
		return err
	}
	for i, b := range outputs {
		if err := checkPort(sig.Outputs[i], want[i], b); err != nil {
			return err
		}
		for k, other := range inputs {
			if b.overlaps(other) {
				return &OverlapError{Output: sig.Outputs[i].Name, Other: sig.Inputs[k].Name}
			}
		}
		for k, other := range outputs[:i] {
			if b.overlaps(other) {
				return &OverlapError{Output: sig.Outputs[i].Name, Other: sig.Outputs[k].Name}
			}
		}
	}
	return nil
}

// checkOpen checks that open lengths of the same name, such as the batch, agree
// among the inputs.
func (s *Session) checkOpen(inputs []Buffer) error {
	lens := map[string]int{}
	for i, names := range s.model.open {
		port := s.sig.Inputs[i]
		for k, name := range names {
			if name == "" || port.Dims[k] >= 0 {
				continue
			}
			want, seen := lens[name]
			if got := inputs[i].dims[k]; seen && want != got {
				return &tensor.ShapeError{Op: fmt.Sprintf("accel: bind: port %q: length %q", port.Name, name),
					Want: []int{want}, Got: []int{got}}
			}
			lens[name] = inputs[i].dims[k]
		}
	}
	return nil
}

// outputDims infers the lengths of the outputs for inputs of the given lengths:
// -1 where they are not known, nil where not even their number is. What the file
// declares about outputs does not count. It returns an [*onnx.NodeError] when a node
// cannot take these lengths.
func (m *Model) outputDims(inputs []Buffer) ([][]int, error) {
	given := map[string]onnx.Value{}
	for i, p := range m.sig.Inputs {
		given[p.Name] = onnx.Value{Type: p.Type, Dims: inputs[i].dims}
	}
	values, err := onnx.InferKnown(m.graph, given)
	if err != nil {
		return nil, fmt.Errorf("accel: bind: %w", err)
	}
	dims := make([][]int, len(m.sig.Outputs))
	for i, p := range m.sig.Outputs {
		if v := values[p.Name]; v.Type != onnx.Undefined && !v.Unranked {
			dims[i] = append([]int{}, v.Dims...)
		}
	}
	return dims, nil
}

// checkPort compares a buffer with the type of its port and the wanted lengths.
func checkPort(p Port, want []int, b Buffer) error {
	if p.Type != b.typ && !(p.Type == onnx.Bool && b.typ == onnx.Uint8) || b.typ == onnx.Undefined {
		return &TypeError{Port: p.Name, Want: p.Type, Got: b.typ}
	}
	n, fits := 1, want == nil || len(b.dims) == len(want)
	for i, d := range b.dims {
		fits = fits && d >= 0 && (want == nil || want[i] < 0 || want[i] == d)
		n *= d
	}
	if !fits {
		return &tensor.ShapeError{Op: fmt.Sprintf("accel: bind: port %q", p.Name), Want: want, Got: b.dims}
	}
	if n != b.len {
		return &tensor.ShapeError{Op: fmt.Sprintf("accel: bind: elements of port %q", p.Name), Want: []int{n}, Got: []int{b.len}}
	}
	return nil
}

// Close waits for running bindings, closes them and releases the session. Every
// later call returns [ErrClosed]; closing again does nothing.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	open := make([]*Binding, 0, len(s.bindings))
	for b := range s.bindings {
		open = append(open, b)
	}
	s.mu.Unlock()
	var errs []error
	for _, b := range open {
		errs = append(errs, b.Close())
	}
	return errors.Join(append(errs, s.back.Close())...)
}
