// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"context"

	"github.com/neuroran/neuroran/accel/internal/backend"
	"github.com/neuroran/neuroran/accel/internal/ort"
	"github.com/neuroran/neuroran/accel/internal/ref"
)

// Options are choices about sessions. The zero value is the default.
type Options struct {
	// Library is the path of libonnxruntime for ort devices; "" looks it up. It
	// must name the real file. One process loads one library: once it is
	// loaded, another path is refused.
	Library string
	// Threads is how many threads one Run may use; 0 means 1.
	Threads int
	// Spin lets idle threads of the runtime spin, which helps only where
	// Threads > 1 and the machine is otherwise idle.
	Spin bool
}

// Open compiles the model on the first device of the list that can; without a
// list it is "ref". The session's Device method says which one it is.
//
// It returns an [*OpenError] that says for each device why it could not; the
// reasons are [ErrUnknownDevice], [ErrNotImplemented], [ErrNoCgo], a
// [*LibraryError], an [*onnx.OpError] that names operator and node, or an error
// of the runtime. It returns the context's error when ctx ends between two
// devices.
func Open(ctx context.Context, m *Model, devices ...Device) (*Session, error) {
	return Options{}.Open(ctx, m, devices...)
}

// Open is [Open] with options.
func (o Options) Open(ctx context.Context, m *Model, devices ...Device) (*Session, error) {
	if len(devices) == 0 {
		devices = []Device{Ref}
	}
	failed := &OpenError{Model: m.Name()}
	for _, d := range devices {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		back, err := o.open(m, d)
		if err == nil {
			return newSession(m, d, back), nil
		}
		failed.Devices = append(failed.Devices, &DeviceError{Device: d, Err: err})
	}
	return nil, failed
}

func (o Options) open(m *Model, d Device) (backend.Session, error) {
	kind, err := d.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "ref":
		return ref.Open(m.graph)
	case "ort/cpu":
		return ort.Open(m.data, m.sig.inputNames(), m.sig.outputNames(), backend.Config(o))
	}
	return nil, ort.Provider(string(d), ErrNotImplemented)
}
