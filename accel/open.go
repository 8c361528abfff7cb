// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"context"

	"github.com/neuroran/neuroran/accel/backend"
)

// Open compiles the model on the first device of the list that can; without a
// list it is "ref". The session's Device method says which one it is.
//
// It returns an [*OpenError] that says for each device why it could not; the
// reasons are [ErrUnknownDevice], [ErrNoCgo], a [*LibraryError], a
// [*MissingError] that names what the host lacks, an [*OptionError], an
// [*onnx.OpError] that names operator and node, or an error of the runtime. It
// returns the context's error when ctx ends between two devices, and a
// [*TrustError] for a model that is not signed where [Options.TrustedKeys] want
// it to be.
func Open(ctx context.Context, m *Model, devices ...Device) (*Session, error) {
	return Options{}.Open(ctx, m, devices...)
}

// Open is [Open] with options.
func (o Options) Open(ctx context.Context, m *Model, devices ...Device) (*Session, error) {
	if len(devices) == 0 {
		devices = []Device{Ref}
	}
	if err := m.trusted(o.TrustedKeys); err != nil {
		return nil, err
	}
	failed := &OpenError{Model: m.Name()}
	for _, d := range devices {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		back, err := o.open(ctx, m, d)
		if err == nil {
			return newSession(m, d, o, back), nil
		}
		failed.Devices = append(failed.Devices, &DeviceError{Device: d, Err: err})
	}
	return nil, failed
}

func (o Options) open(ctx context.Context, m *Model, d Device) (backend.Session, error) {
	p, err := o.provider(d)
	if err != nil {
		return nil, err
	}
	return p.Open(ctx, string(d), m.backend(), o.config())
}

// backend returns the model as providers see it.
func (m *Model) backend() backend.Model {
	return backend.Model{Data: m.data, Graph: m.graph, Inputs: m.sig.inputNames(), Outputs: m.sig.outputNames()}
}
