// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package ort

import "github.com/neuroran/neuroran/accel/internal/backend"

// Load returns [ErrNoCgo].
func Load(backend.Config) (Library, error) { return Library{}, ErrNoCgo }

// Open returns [ErrNoCgo].
func Open([]byte, []string, []string, backend.Config) (backend.Session, error) {
	return nil, ErrNoCgo
}

// Provider returns why the provider of the given device cannot be opened.
func Provider(string, error) error { return ErrNoCgo }
