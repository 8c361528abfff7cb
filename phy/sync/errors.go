// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"errors"
	"fmt"
)

// ErrNotConfigured is returned by [Synchronizer.Estimate] when the pilots belong
// to another group than the one last configured.
var ErrNotConfigured = errors.New("sync: pilots of a group that is not configured")

// ErrShape is wrapped by every [*ShapeError].
var ErrShape = errors.New("shape mismatch")

// ShapeError reports a message whose dimensions disagree with its group or with
// the limits of the block.
type ShapeError struct {
	Field string // what disagrees, such as "pilots.symbols"
	Got   int    // length found
	Want  int    // length required, or the limit that was exceeded
}

// Error implements error.
func (e *ShapeError) Error() string {
	return fmt.Sprintf("sync: %s: got %d, want %d", e.Field, e.Got, e.Want)
}

// Unwrap returns [ErrShape].
func (e *ShapeError) Unwrap() error { return ErrShape }

// ConfigError reports a configuration value outside its range.
type ConfigError struct {
	Field string // name of the field
	Got   int    // value received
	Want  string // what is allowed
}

// Error implements error.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("sync: %s: got %d, want %s", e.Field, e.Got, e.Want)
}
