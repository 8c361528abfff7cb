// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/internal/simd/denormal"
)

// Binding is a session tied to the memory of its inputs and outputs. It is for
// one goroutine at a time.
type Binding struct {
	session *Session
	inputs  []Buffer // kept so that the collector sees the memory
	outputs []Buffer
	pinner  runtime.Pinner

	closing atomic.Bool // set before Close waits for mu
	mu      sync.Mutex  // held while running or closing
	back    backend.Binding
}

// pin keeps the memory of the buffers where it is. Memory from outside the Go
// heap is left alone by the pinner.
func (b *Binding) pin(list []Buffer, ports []Port) []backend.Buffer {
	out := make([]backend.Buffer, len(list))
	for i, buf := range list {
		if buf.len > 0 {
			b.pinner.Pin(buf.data)
		}
		out[i] = buf.backend()
		out[i].Type = ports[i].Type // a bool may come as uint8
	}
	return out
}

// Run computes the outputs from the inputs. Nobody else may touch the buffers
// while it runs.
//
// It returns [ErrClosed] once Close has been called, [ErrBusy] when another
// goroutine is running the binding, or the error of the device. It does not
// allocate.
func (b *Binding) Run() error {
	if b.closing.Load() {
		return ErrClosed // also so that Close need not wait for who runs in a loop
	}
	if !b.mu.TryLock() {
		if b.closing.Load() {
			return ErrClosed
		}
		return ErrBusy
	}
	if b.back == nil {
		b.mu.Unlock()
		return ErrClosed
	}
	defer b.mu.Unlock()
	return b.run()
}

// run runs the binding with denormal numbers taken for zero, unless the options
// of the session keep them. The mode belongs to the thread, so the goroutine
// stays on it meanwhile.
func (b *Binding) run() error {
	if b.session.keepDenormals {
		return b.back.Run()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mode := denormal.Flush()
	defer denormal.Restore(mode)
	return b.back.Run()
}

// Close waits for a running call, releases the binding and unpins its buffers.
// Closing again does nothing.
func (b *Binding) Close() error {
	b.closing.Store(true)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.back == nil {
		return nil
	}
	err := b.back.Close()
	b.back = nil
	b.pinner.Unpin()
	runtime.SetFinalizer(b, nil)
	s := b.session
	s.mu.Lock()
	delete(s.bindings, b)
	s.mu.Unlock()
	return err
}
