// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/accel"
)

// ErrNotInstantiated says that an instance is not on a device yet, or closed.
var ErrNotInstantiated = errors.New("neural: instance is not on a device")

// ErrNoPrevious says that there are no earlier weights to roll back to.
var ErrNoPrevious = errors.New("neural: no earlier weights")

// ErrNoModel says that a model was wanted and nil was given, by the caller or
// by a [Trainer].
var ErrNoModel = errors.New("neural: no model")

// Trainer makes a better model. The recipes of phy/neural are trainers.
type Trainer interface {
	// Train returns a model with the signature of from, beginning at the weights
	// of from. It reports its progress, where asked to, and ends early with the
	// context's error.
	Train(ctx context.Context, from *accel.Model, progress func(step, steps int, loss float64)) (*accel.Model, error)
}

// MaxPrevious is how many earlier models an instance keeps for
// [Instance.Rollback].
const MaxPrevious = 8

// Instance is one network in service. Its methods may be called from any
// goroutine; training, replacing and inference go on side by side.
//
// What is in service is one immutable value behind one pointer. Whoever changes
// it holds the lock change, prepares the next value, which includes opening a
// session, and then swaps the pointer; a run only reads the pointer. So a run
// never waits for a change, and sees the whole of one value.
type Instance struct {
	train   sync.Mutex // held while training, so that one training runs at a time
	change  sync.Mutex // held while preparing and swapping the service
	service atomic.Pointer[service]
}

// service is what an instance has in service.
type service struct {
	model    *accel.Model
	previous []*accel.Model // earlier models, the latest last
	session  *accel.Session // nil before Instantiate and after Close
	options  accel.Options
	devices  []accel.Device
}

// Create makes an instance of a model, which is not on a device yet.
func Create(m *accel.Model) *Instance {
	i := &Instance{}
	i.service.Store(&service{model: m})
	return i
}

// Model returns the model in service.
func (i *Instance) Model() *accel.Model { return i.service.Load().model }

// Device returns the device that the instance is on, or "".
func (i *Instance) Device() accel.Device {
	if s := i.service.Load().session; s != nil {
		return s.Device()
	}
	return ""
}

// Instantiate opens the model on the first of the devices that can; see
// [accel.Open]. An instance that is on a device moves to the new one: its
// bindings follow, and run on the old one until then.
//
// It returns the error of opening, after which the instance is where it was,
// or [ErrNoModel].
func (i *Instance) Instantiate(ctx context.Context, o accel.Options, devices ...accel.Device) error {
	i.change.Lock()
	defer i.change.Unlock()
	next := *i.service.Load()
	if next.model == nil {
		return fmt.Errorf("neural: instantiate: %w", ErrNoModel)
	}
	s, err := o.Open(ctx, next.model, devices...)
	if err != nil {
		return fmt.Errorf("neural: instantiate: %w", err)
	}
	next.session, next.options, next.devices = s, o, devices
	return i.swap(&next)
}

// Train trains the model while the old one stays in service, and then puts the
// new one in its place between two runs of each binding. The old one is kept
// for [Instance.Rollback]. An instance that is on no device only changes its
// model.
//
// It returns the trainer's error, [ErrNoModel] when it made none, an
// [*accel.SignatureError] when the new model has other ports, or the error of
// opening it; the old model then stays.
func (i *Instance) Train(ctx context.Context, t Trainer, progress func(step, steps int, loss float64)) error {
	i.train.Lock()
	defer i.train.Unlock()
	m, err := t.Train(ctx, i.Model(), progress)
	if err != nil {
		return fmt.Errorf("neural: train: %w", err)
	}
	return i.Replace(ctx, m)
}

// Replace puts another model of the same signature in service. It opens the
// model first, while runs go on with the old one, and returns when the last run
// of the old one has ended. See [Instance.Train] for the rest.
func (i *Instance) Replace(ctx context.Context, m *accel.Model) error {
	i.change.Lock()
	defer i.change.Unlock()
	now := i.service.Load()
	previous := append(now.previous[:len(now.previous):len(now.previous)], now.model)
	return i.replace(ctx, m, previous[max(0, len(previous)-MaxPrevious):])
}

// Rollback puts the model in service that the present one replaced, up to
// [MaxPrevious] steps back. It returns [ErrNoPrevious] when there is none.
func (i *Instance) Rollback(ctx context.Context) error {
	i.change.Lock()
	defer i.change.Unlock()
	previous := i.service.Load().previous
	if len(previous) == 0 {
		return ErrNoPrevious
	}
	last := len(previous) - 1
	return i.replace(ctx, previous[last], previous[:last])
}

// replace puts m in service; i.change is held.
func (i *Instance) replace(ctx context.Context, m *accel.Model, previous []*accel.Model) error {
	next := *i.service.Load()
	if m == nil || next.model == nil {
		return fmt.Errorf("neural: replace: %w", ErrNoModel)
	}
	if err := m.Expect(next.model.Signature()); err != nil {
		return fmt.Errorf("neural: replace: %w", err)
	}
	if next.session != nil {
		s, err := next.options.Open(ctx, m, next.devices...)
		if err != nil {
			return fmt.Errorf("neural: replace: %w", err)
		}
		next.session = s
	}
	next.model, next.previous = m, previous
	return i.swap(&next)
}

// Close takes the instance off its device. Its bindings then return
// [ErrNotInstantiated]; Instantiate brings it back. Closing again does nothing.
func (i *Instance) Close() error {
	i.change.Lock()
	defer i.change.Unlock()
	next := *i.service.Load()
	next.session = nil
	return i.swap(&next)
}

// swap puts next in service and closes the session that it displaces, which
// waits for the runs on it; i.change is held.
func (i *Instance) swap(next *service) error {
	old := i.service.Swap(next).session
	if old == nil || old == next.session {
		return nil
	}
	return old.Close()
}

// Save writes the model in service as an ONNX file. The file appears whole or
// not at all.
func (i *Instance) Save(path string) error {
	m := i.Model()
	if m == nil {
		return fmt.Errorf("neural: save: %w", ErrNoModel)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".instance-*")
	if err != nil {
		return fmt.Errorf("neural: save: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after the rename
	_, err = f.Write(m.Bytes())
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("neural: save: %w", err)
	}
	return nil
}
