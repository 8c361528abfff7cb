// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"context"
	"errors"

	"github.com/neuroran/neuroran/accel/backend"
)

// Open compiles the model on the first device of the list that can; without a
// list it is "ref". The session's Device method says which one it is.
//
// It returns an [*OpenError] that says for each device why it could not; the
// reasons are [ErrUnknownDevice], [ErrNoCgo], a [*LibraryError], a
// [*MissingError] that names what the host lacks, an [*OptionError], an
// [*onnx.OpError] that names operator and node, a [*PortError] for an input that no
// buffer holds or for a model all of whose outputs are such, or an error of the
// runtime. It
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
		s, err := o.open(ctx, m, d)
		if err == nil {
			return s, nil
		}
		failed.Devices = append(failed.Devices, &DeviceError{Device: d, Err: err})
	}
	return nil, failed
}

func (o Options) open(ctx context.Context, m *Model, d Device) (*Session, error) {
	p, err := o.provider(d)
	if err != nil {
		return nil, err
	}
	if m.bound.refusal != nil {
		return nil, m.bound.refusal
	}
	back, err := p.Open(ctx, string(d), m.backend(), o.config())
	if err != nil {
		return nil, err
	}
	sig, err := m.described(back)
	if err != nil {
		return nil, errors.Join(err, back.Close())
	}
	return newSession(m, sig, d, o, back), nil
}

// backend returns the model as providers see it.
func (m *Model) backend() backend.Model {
	return backend.Model{Data: m.bound.data, Graph: m.bound.graph, Inputs: m.sig.inputNames(), Outputs: m.sig.outputNames()}
}
