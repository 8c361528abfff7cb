// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/tensor"
)

// keptBatches is how many lengths of the batch a [BatchBinding] keeps ready.
const keptBatches = 16

// BatchBinding is a session tied to memory for a largest batch, of which each Run
// uses as many rows as it is told. It is for one goroutine at a time.
type BatchBinding struct {
	session         *Session
	max             int
	inputs, outputs []Buffer

	mu     sync.Mutex
	ready  []*readyBatch // latest used last
	closed bool
}

// readyBatch is a binding of the first rows.
type readyBatch struct {
	rows    int
	binding *Binding
}

// BindBatch is [Session.Bind] for batches of up to max rows: every port whose
// length on axis 0 is open has max rows there, the others are as in Bind. It binds
// the largest batch, so that what does not fit is an error now.
func (s *Session) BindBatch(max int, inputs, outputs []Buffer) (*BatchBinding, error) {
	b := &BatchBinding{session: s, max: max, inputs: slices.Clone(inputs), outputs: slices.Clone(outputs)}
	for _, list := range []struct {
		ports   []Port
		buffers []Buffer
	}{{s.sig.Inputs, inputs}, {s.sig.Outputs, outputs}} {
		for i, buf := range list.buffers {
			if i < len(list.ports) && openRows(list.ports[i]) && len(buf.dims) > 0 && buf.dims[0] != max {
				return nil, &tensor.ShapeError{Op: fmt.Sprintf("accel: bind: rows of port %q", list.ports[i].Name), Want: []int{max}, Got: buf.dims[:1]}
			}
		}
	}
	if _, err := b.batch(max); err != nil {
		return nil, err
	}
	return b, nil
}

// openRows reports whether the length on axis 0 is chosen at Bind.
func openRows(p Port) bool { return len(p.Dims) > 0 && p.Dims[0] < 0 }

// Run computes the first n rows of the outputs from the first n rows of the
// inputs; 0 does nothing. It returns a [*tensor.ShapeError] when n is not from 0
// to the largest batch, and the errors of [Binding.Run]. It allocates when a
// number of rows comes for the first time, or again after 16 others.
func (b *BatchBinding) Run(n int) error {
	if !b.mu.TryLock() {
		return ErrBusy
	}
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return ErrClosed
	case n < 0 || n > b.max:
		return &tensor.ShapeError{Op: "accel: run: rows", Want: []int{b.max}, Got: []int{n}}
	case n == 0:
		return nil
	}
	binding, err := b.batch(n)
	if err != nil {
		return err
	}
	return binding.Run()
}

// batch returns the binding of n rows, made when it is not ready.
func (b *BatchBinding) batch(n int) (*Binding, error) {
	if i := slices.IndexFunc(b.ready, func(r *readyBatch) bool { return r.rows == n }); i >= 0 {
		r := b.ready[i]
		copy(b.ready[i:], b.ready[i+1:])
		b.ready[len(b.ready)-1] = r
		return r.binding, nil
	}
	binding, err := b.session.Bind(cut(b.session.sig.Inputs, b.inputs, n), cut(b.session.sig.Outputs, b.outputs, n))
	if err != nil {
		return nil, err
	}
	if len(b.ready) == keptBatches {
		if err := b.ready[0].binding.Close(); err != nil {
			return nil, errors.Join(err, binding.Close())
		}
		b.ready = slices.Delete(b.ready, 0, 1)
	}
	b.ready = append(b.ready, &readyBatch{n, binding})
	return binding, nil
}

// cut returns the buffers with n rows where the rows are open.
func cut(ports []Port, buffers []Buffer, n int) []Buffer {
	list := slices.Clone(buffers)
	for i := range list {
		if i < len(ports) && openRows(ports[i]) && len(list[i].dims) > 0 {
			list[i] = list[i].rows(n)
		}
	}
	return list
}

// Close releases the bindings. Closing again does nothing.
func (b *BatchBinding) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	var errs []error
	for _, r := range b.ready {
		errs = append(errs, r.binding.Close())
	}
	b.ready = nil
	return errors.Join(errs...)
}
