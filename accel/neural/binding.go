// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"errors"
	"slices"

	"github.com/neuroran/neuroran/accel"
)

// Binding ties an instance to the memory of its inputs and outputs, through
// every change of its weights and device. It is for one goroutine at a time.
type Binding struct {
	inst            *Instance
	inputs, outputs []accel.Buffer
	session         *accel.Session // that run is bound to
	run             *accel.Binding
}

// Bind prepares runs of the instance on these buffers; see [accel.Session.Bind].
// It returns [ErrNotInstantiated] when the instance is on no device.
func (i *Instance) Bind(inputs, outputs []accel.Buffer) (*Binding, error) {
	b := &Binding{inst: i, inputs: slices.Clone(inputs), outputs: slices.Clone(outputs)}
	if err := b.retry(b.follow); err != nil {
		return nil, err
	}
	return b, nil
}

// Run infers with the weights that are in service when it starts. It never
// waits for new weights to be opened, and allocates only in the first run after
// they changed.
//
// It returns [ErrNotInstantiated] when the instance is on no device, or the
// errors of [accel.Binding.Run].
func (b *Binding) Run() error { return b.retry(b.infer) }

// retry calls f again as long as the session is closed under it because the
// instance has moved on to another.
func (b *Binding) retry(f func(*accel.Session) error) error {
	for {
		s := b.inst.service.Load().session
		if s == nil {
			return ErrNotInstantiated
		}
		err := f(s)
		if !errors.Is(err, accel.ErrClosed) || b.inst.service.Load().session == s {
			return err
		}
	}
}

func (b *Binding) infer(s *accel.Session) error {
	if s != b.session {
		if err := b.follow(s); err != nil {
			return err
		}
	}
	return b.run.Run()
}

// follow binds to a session.
func (b *Binding) follow(s *accel.Session) error {
	run, err := s.Bind(b.inputs, b.outputs)
	if err != nil {
		return err
	}
	err = b.Close()
	b.session, b.run = s, run
	return err
}

// Close releases the binding; its buffers are free again. Closing again does
// nothing.
func (b *Binding) Close() error {
	if b.run == nil {
		return nil
	}
	err := b.run.Close()
	b.run, b.session = nil, nil
	return err
}
