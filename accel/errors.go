// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"errors"
	"fmt"
	"strings"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/internal/ort"
	"github.com/neuroran/neuroran/accel/onnx"
)

// ErrClosed says that a session or binding is used after Close.
var ErrClosed = errors.New("accel: closed")

// ErrBusy says that a binding is already running in another goroutine.
var ErrBusy = errors.New("accel: binding is running")

// ErrNoCgo says that the program was built without cgo, which ort devices need.
var ErrNoCgo = ort.ErrNoCgo

// ErrUnknownDevice says that a device name is none of the known ones.
var ErrUnknownDevice = backend.ErrUnknownDevice

// ErrNotFound says that a registry holds no such name or version.
var ErrNotFound = errors.New("accel: model not found")

// LibraryError says that libonnxruntime could not be loaded, and where it was
// looked for.
type LibraryError = ort.LibraryError

// MissingError says what a device lacks on this host, and what would mend it.
type MissingError = backend.MissingError

// PortError says that an input or output of a model cannot be bound to memory:
// it is a sequence, map, optional value or sparse tensor, or a tensor of strings
// or of another type that no [Buffer] holds.
type PortError = backend.PortError

// OptionError says that a device cannot do what an option asks for.
type OptionError = backend.OptionError

// DeviceError says why one device could not open a model.
type DeviceError struct {
	Device Device // the device as given
	Err    error  // the reason
}

// Error implements error.
func (e *DeviceError) Error() string { return fmt.Sprintf("%s: %v", e.Device, e.Err) }

// Unwrap returns the reason.
func (e *DeviceError) Unwrap() error { return e.Err }

// OpenError says for each device of a list why it could not open the model.
type OpenError struct {
	Model   string         // name of the model
	Devices []*DeviceError // one for each device, in the order given
}

// Error implements error.
func (e *OpenError) Error() string {
	parts := make([]string, len(e.Devices))
	for i, d := range e.Devices {
		parts[i] = d.Error()
	}
	return fmt.Sprintf("accel: open %q: %s", e.Model, strings.Join(parts, "; "))
}

// Unwrap returns the reasons, so that errors.Is and errors.As see each.
func (e *OpenError) Unwrap() []error {
	errs := make([]error, len(e.Devices))
	for i, d := range e.Devices {
		errs[i] = d
	}
	return errs
}

// TypeError says that a buffer has another element type than its port.
type TypeError struct {
	Port string        // name of the input or output
	Want onnx.DataType // type of the port
	Got  onnx.DataType // type of the buffer
}

// Error implements error.
func (e *TypeError) Error() string {
	return fmt.Sprintf("accel: port %q: element type %v, want %v", e.Port, e.Got, e.Want)
}

// SignatureError says how the signature of a model differs from the wanted one.
type SignatureError struct {
	Model string    // name of the model
	Want  Signature // wanted
	Got   Signature // found
}

// Error implements error.
func (e *SignatureError) Error() string {
	return fmt.Sprintf("accel: model %q: signature %v, want %v", e.Model, e.Got, e.Want)
}

// HashError says that the bytes of a model are not those that were registered.
type HashError struct {
	Name string // name and version, as name@version
	Want string // SHA-256 in hex, as registered
	Got  string // SHA-256 in hex, as found
}

// Error implements error.
func (e *HashError) Error() string {
	return fmt.Sprintf("accel: model %s: SHA-256 %s, want %s", e.Name, e.Got, e.Want)
}

// WeightError says that a constant of a model holds a NaN.
type WeightError struct {
	Model string // name of the model
	Name  string // name of the constant
	Index int    // index of the first NaN
}

// Error implements error.
func (e *WeightError) Error() string {
	return fmt.Sprintf("accel: model %q: constant %q is NaN at index %d", e.Model, e.Name, e.Index)
}

// OverlapError says that the memory of an output overlaps that of another port.
type OverlapError struct {
	Output string // name of the output
	Other  string // name of the other input or output
}

// Error implements error.
func (e *OverlapError) Error() string {
	return fmt.Sprintf("accel: memory of output %q overlaps that of %q", e.Output, e.Other)
}
