// SPDX-License-Identifier: Apache-2.0

package ratematch

import (
	"errors"
	"fmt"
)

// ErrConfig is wrapped by every [*ConfigError].
var ErrConfig = errors.New("ratematch: bad configuration")

// ErrShape is wrapped by every [*ShapeError].
var ErrShape = errors.New("ratematch: wrong length")

// ConfigError reports a parameter outside what TS 38.212 allows.
type ConfigError struct {
	Field string // name of the parameter
	Got   int    // value received
	Want  string // what is allowed
}

// Error implements error.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("ratematch: %s: got %d, want %s", e.Field, e.Got, e.Want)
}

// Unwrap returns [ErrConfig].
func (e *ConfigError) Unwrap() error { return ErrConfig }

// ShapeError reports a slice whose length disagrees with the configuration.
type ShapeError struct {
	Op   string // the call and its argument
	Got  int    // length received
	Want string // length required
}

// Error implements error.
func (e *ShapeError) Error() string {
	return fmt.Sprintf("ratematch: %s: got length %d, want %s", e.Op, e.Got, e.Want)
}

// Unwrap returns [ErrShape].
func (e *ShapeError) Unwrap() error { return ErrShape }
