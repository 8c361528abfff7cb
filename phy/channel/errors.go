// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"fmt"
)

// ErrProfile is wrapped when a delay profile is unknown.
var ErrProfile = errors.New("unknown delay profile")

// ErrShape is wrapped by every [*ShapeError].
var ErrShape = errors.New("shape mismatch")

// ShapeError reports a tensor whose dimensions disagree with the channel.
type ShapeError struct {
	Field string // what disagrees, such as "src ports"
	Got   int    // length found
	Want  int    // length required
}

// Error implements error.
func (e *ShapeError) Error() string {
	return fmt.Sprintf("channel: %s: got %d, want %d", e.Field, e.Got, e.Want)
}

// Unwrap returns [ErrShape].
func (e *ShapeError) Unwrap() error { return ErrShape }

// ConfigError reports a configuration value outside its range.
type ConfigError struct {
	Field string // name of the field
	Got   any    // value received
	Want  string // what is allowed
}

// Error implements error.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("channel: %s: got %v, want %s", e.Field, e.Got, e.Want)
}
