// SPDX-License-Identifier: Apache-2.0

// Package backend is the contract between accel and the executors below it.
// accel owns names, signatures, checks, pinning and lifetimes; an executor
// compiles a model and runs it on memory that stays put.
package backend

import (
	"unsafe"

	"github.com/neuroran/neuroran/accel/onnx"
)

// Buffer is the memory of one input or output: dense, row-major, pinned and
// owned by the caller until the binding is closed.
type Buffer struct {
	Type onnx.DataType  // element type
	Dims []int          // lengths, all known
	Data unsafe.Pointer // first element
	Len  int            // number of elements, at least 1
}

// Slice returns the buffer as elements of type E, which the caller knows to be
// that of the buffer.
func Slice[E any](b Buffer) []E { return unsafe.Slice((*E)(b.Data), b.Len) }

// Config is what a user may choose about a session.
type Config struct {
	Library string // path of libonnxruntime; "" looks it up
	Threads int    // threads of one Run; 0 means 1
	Spin    bool   // whether idle threads spin
}

// Session is a compiled model. Bind may be called concurrently; Close only
// after every binding is closed.
type Session interface {
	// Bind prepares a run on these buffers, in the order of the signature. The
	// buffers fit the signature and each other is checked by the session.
	Bind(in, out []Buffer) (Binding, error)
	// Close releases the session.
	Close() error
}

// Binding runs a session on fixed buffers, one Run at a time.
type Binding interface {
	// Run computes the outputs from the inputs without allocating.
	Run() error
	// Close releases the binding.
	Close() error
}
