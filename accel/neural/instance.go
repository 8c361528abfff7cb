// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
)

// ErrNotInstantiated says that an instance is not on a device yet, or closed.
var ErrNotInstantiated = errors.New("neural: instance is not on a device")

// ErrNoPrevious says that there are no earlier weights to roll back to.
var ErrNoPrevious = errors.New("neural: no earlier weights")

// Trainer makes a better model. The recipes of phy/neural are trainers.
type Trainer interface {
	// Train returns a model with the signature of from. It reports its
	// progress, where asked to, and ends early with the context's error.
	Train(ctx context.Context, from *accel.Model, progress func(step, steps int, loss float64)) (*accel.Model, error)
}

// Instance is one network in service. Its methods may be called from any
// goroutine; training and inference go on side by side.
type Instance struct {
	train sync.Mutex // held while training, so that one training runs at a time

	mu       sync.RWMutex
	model    *accel.Model
	previous *accel.Model
	session  *accel.Session // nil before Instantiate and after Close
	options  accel.Options
	devices  []accel.Device
}

// Create makes an instance of a model, which is not on a device yet.
func Create(m *accel.Model) *Instance { return &Instance{model: m} }

// Model returns the model in service.
func (i *Instance) Model() *accel.Model {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.model
}

// Device returns the device that the instance is on, or "".
func (i *Instance) Device() accel.Device {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.session == nil {
		return ""
	}
	return i.session.Device()
}

// Instantiate opens the model on the first of the devices that can; see
// [accel.Open]. An instance that is on a device moves to the new one: its
// bindings follow.
func (i *Instance) Instantiate(ctx context.Context, o accel.Options, devices ...accel.Device) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	s, err := o.Open(ctx, i.model, devices...)
	if err != nil {
		return fmt.Errorf("neural: instantiate: %w", err)
	}
	old := i.session
	i.session, i.options, i.devices = s, o, devices
	return closeSession(old)
}

// Train trains the model while the old one stays in service, and then puts the
// new one in its place between two runs of each binding. The old one is kept
// for [Instance.Rollback]. An instance that is on no device only changes its
// model.
//
// It returns the trainer's error, an [*accel.SignatureError] when the new model
// has other ports, or the error of opening it; the old model then stays.
func (i *Instance) Train(ctx context.Context, t Trainer, progress func(step, steps int, loss float64)) error {
	i.train.Lock()
	defer i.train.Unlock()
	from := i.Model()
	m, err := t.Train(ctx, from, progress)
	if err != nil {
		return fmt.Errorf("neural: train: %w", err)
	}
	return i.Replace(ctx, m)
}

// Replace puts another model of the same signature in service; see
// [Instance.Train].
func (i *Instance) Replace(ctx context.Context, m *accel.Model) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.replace(ctx, m)
}

// Rollback puts the model in service that the present one replaced. It returns
// [ErrNoPrevious] when there is none.
func (i *Instance) Rollback(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.previous == nil {
		return ErrNoPrevious
	}
	return i.replace(ctx, i.previous)
}

func (i *Instance) replace(ctx context.Context, m *accel.Model) error {
	if err := m.Expect(i.model.Signature()); err != nil {
		return fmt.Errorf("neural: replace: %w", err)
	}
	old := i.session
	if old != nil {
		s, err := i.options.Open(ctx, m, i.devices...)
		if err != nil {
			return fmt.Errorf("neural: replace: %w", err)
		}
		i.session = s
	}
	i.previous, i.model = i.model, m
	return closeSession(old)
}

// Save writes the model in service as an ONNX file.
func (i *Instance) Save(path string) error { return onnx.Save(path, i.Model().Graph()) }

// Close takes the instance off its device. Its bindings then return
// [ErrNotInstantiated]; Instantiate brings it back. Closing again does nothing.
func (i *Instance) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	old := i.session
	i.session = nil
	return closeSession(old)
}

func closeSession(s *accel.Session) error {
	if s == nil {
		return nil
	}
	return s.Close()
}
