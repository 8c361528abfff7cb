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
	return b, b.follow()
}

// Run infers with the weights that are in service when it starts. It allocates
// only in the first run after they changed.
func (b *Binding) Run() error {
	for {
		b.inst.mu.RLock()
		current := b.inst.session
		b.inst.mu.RUnlock()
		if current == nil {
			return ErrNotInstantiated
		}
		if current != b.session {
			if err := b.follow(); err != nil {
				return err
			}
		}
		err := b.run.Run()
		if errors.Is(err, accel.ErrClosed) && b.changed() {
			continue // replaced between the look and the run
		}
		return err
	}
}

// changed reports whether the instance has left the session of this binding.
func (b *Binding) changed() bool {
	b.inst.mu.RLock()
	defer b.inst.mu.RUnlock()
	return b.inst.session != b.session
}

// follow binds to the present session.
func (b *Binding) follow() error {
	b.inst.mu.RLock()
	defer b.inst.mu.RUnlock()
	s := b.inst.session
	if s == nil {
		return ErrNotInstantiated
	}
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
