// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"errors"
	"fmt"
)

// Errors that the package wraps; test for them with errors.Is.
var (
	// ErrFormat says that bytes are not the Arrow stream that was expected:
	// truncated, out of bounds, compressed, or of another byte order.
	ErrFormat = errors.New("malformed arrow stream")
	// ErrUnaligned says that a buffer does not start at a multiple of its
	// element's size, so that it could only be read through a copy.
	ErrUnaligned = errors.New("buffer is not aligned to its element")
	// ErrShape says that lengths do not fit; a [*ShapeError] has the facts.
	ErrShape = errors.New("shape mismatch")
)

// ShapeError reports lengths that do not fit: which operation, port or field,
// what it wants and what it got. It wraps [ErrShape].
type ShapeError struct {
	Op   string // operation, port or field, such as "ldpc: decode: llr"
	Want []int  // wanted lengths; -1 means any
	Got  []int  // lengths received
}

// Error implements error.
func (e *ShapeError) Error() string {
	if e.Want == nil {
		return fmt.Sprintf("%s: invalid shape %v", e.Op, e.Got)
	}
	return fmt.Sprintf("%s: shape %v, want %v", e.Op, e.Got, e.Want)
}

// Unwrap returns [ErrShape].
func (e *ShapeError) Unwrap() error { return ErrShape }

// TypeError reports an element type, a field type or axis names that do not
// fit: which port or field, what it wants and what it got.
type TypeError struct {
	Op   string // port or field, such as "nr.Grid.Samples"
	Want string // wanted type
	Got  string // type received
}

// Error implements error.
func (e *TypeError) Error() string {
	return fmt.Sprintf("%s: got %s, want %s", e.Op, e.Got, e.Want)
}

func formatError(op, format string, args ...any) error {
	return fmt.Errorf("tensor: %s: %w: %s", op, ErrFormat, fmt.Sprintf(format, args...))
}
