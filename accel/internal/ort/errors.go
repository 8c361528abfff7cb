// SPDX-License-Identifier: Apache-2.0

// Package ort runs models on ONNX Runtime through its C API. Without cgo it
// only says so.
package ort

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoCgo says that the program was built without cgo.
var ErrNoCgo = errors.New("accel: built without cgo (CGO_ENABLED=0), which ONNX Runtime needs")

// Library is the loaded libonnxruntime.
type Library struct {
	Path    string // path or loader name that it was loaded from
	Version string // its version
}

// LibraryError says that libonnxruntime could not be loaded.
type LibraryError struct {
	Tried  []string // paths and loader names, in the order tried
	Flavor string   // flavour of the library that the device needs
	Err    error    // what the loader or the library said about the first that is more than absent
}

// Error implements error.
func (e *LibraryError) Error() string {
	return fmt.Sprintf("accel: libonnxruntime not loaded (tried %s): %v; install it with: %s",
		strings.Join(e.Tried, ", "), e.Err, installCommand(e.Flavor))
}

// Unwrap returns what the loader or the library said.
func (e *LibraryError) Unwrap() error { return e.Err }

// installCommand returns the command that installs a flavour.
func installCommand(flavor string) string {
	command := "go run github.com/neuroran/neuroran/accel/ortlib"
	if flavor != "cpu" {
		command += " -flavor " + flavor
	}
	return command
}
