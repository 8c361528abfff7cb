// SPDX-License-Identifier: Apache-2.0

// Package backend is the seam between package accel and what executes models: a
// [Provider] for a kind of device. ONNX Runtime and the reference are two; one
// for a TPU, an FPGA or a DSP is a third, in a package of its own, which a
// program hands over in accel.Options.Providers.
//
// accel owns names, signatures, checks, pinning and lifetimes. A provider
// compiles a model, binds it to memory that stays put, and runs it there. It is
// right when it passes the conformance suite of package accel/acceltest.
package backend

import (
	"context"
	"errors"
	"unsafe"

	"github.com/neuroran/neuroran/accel/onnx"
)

// ErrUnknownDevice says that a device name is none of a provider's.
var ErrUnknownDevice = errors.New("accel: unknown device")

// Provider executes models on one kind of device, or on a family of kinds. Its
// methods may be called from any goroutine.
type Provider interface {
	// Name returns the first part of the names of the provider's devices, up to
	// the first "/" or ":", such as "ref", "ort" or "tpu".
	Name() string
	// Check returns an error that wraps [ErrUnknownDevice] and says which names
	// there are, when device is not the name of a device of the provider. That
	// the device is there is not its concern.
	Check(device string) error
	// Probe lists the devices, those of this host and those that could be, with
	// what the latter lack.
	Probe(c Config) []Info
	// Open compiles a model for a device, whose name has been checked. The
	// model has been checked too, but may have operators, types or shapes that
	// the provider does not support: it then returns an [*onnx.OpError] that
	// names node and operator. It returns a [*MissingError] when the host
	// lacks something, an [*OptionError] when the device cannot do what the
	// configuration asks for, and the context's error when ctx ends early.
	Open(ctx context.Context, device string, m Model, c Config) (Session, error)
}

// Model is what a provider compiles. It is immutable and shared.
type Model struct {
	Data    []byte      // the model as an ONNX file, complete in itself
	Graph   *onnx.Model // the same, decoded and checked
	Inputs  []string    // names of the inputs, in the order of Bind
	Outputs []string    // names of the outputs, in the order of Bind
}

// Info is what a provider finds about one device.
type Info struct {
	Device    string // name to open it by
	Available bool   // whether a model can be opened on it here
	Reason    error  // what is missing, when it is not available
	Detail    string // what the device is, such as the name of a card, where known
	Version   string // version of the runtime, where known
	Library   string // path of the shared library, where one is used
}

// Session is a compiled model. Bind may be called concurrently; Close only
// after every binding is closed.
type Session interface {
	// Bind prepares a run on these buffers, in the order of the model's ports.
	// accel has checked that the buffers fit the signature and each other.
	Bind(in, out []Buffer) (Binding, error)
	// Close releases the session.
	Close() error
}

// Describer is a [Session] that also says what it found its outputs to be, in the
// order of Bind. accel asks it only about those of which neither the file nor
// inference says the type.
type Describer interface {
	// Outputs returns name and type of each output, as [onnx.NotTensor] where it
	// is no tensor.
	Outputs() ([]onnx.ValueInfo, error)
}

// Binding runs a session on fixed buffers, one Run at a time. Bindings of one
// session run side by side.
type Binding interface {
	// Run computes the outputs from what the inputs hold when it is called,
	// without allocating. When it returns, the outputs are written.
	Run() error
	// Close releases the binding.
	Close() error
}

// Buffer is the memory of one input or output: dense, row-major, pinned and
// owned by the caller until the binding is closed.
type Buffer struct {
	Type onnx.DataType  // element type
	Dims []int          // lengths, all known
	Data unsafe.Pointer // first element
	Len  int            // number of elements; with none Data may be nil
}

// Slice returns the buffer as elements of type E, which the caller knows to be
// that of the buffer.
func Slice[E any](b Buffer) []E { return unsafe.Slice((*E)(b.Data), b.Len) }
