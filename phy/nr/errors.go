// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/tensor"
)

// ErrUnsupported is wrapped by every [*UnsupportedError].
var ErrUnsupported = errors.New("not supported")

// ErrNotConfigured is returned by blocks that work on the pilots of a group,
// when these belong to another group than the one last configured.
var ErrNotConfigured = errors.New("pilots of a group that is not configured")

// ErrShape is wrapped by every [*ShapeError].
var ErrShape = tensor.ErrShape

// ShapeError reports lengths that disagree: of a message with its group, with the
// configuration of a block, or with its limits. It is the one of package tensor.
type ShapeError = tensor.ShapeError

// BadLength returns the error about one length: op names block and field, such as
// "chest: pilots.symbols"; want is the length required, or the limit exceeded.
func BadLength(op string, got, want int) *ShapeError {
	return &ShapeError{Op: op, Want: []int{want}, Got: []int{got}}
}

// FieldError reports a value that the standard or the caller's configuration
// does not allow. Field is named as in the recording format, such as
// "dmrs.additional_position".
type FieldError struct {
	Field string // name of the field
	Got   any    // value received
	Want  string // what is allowed, with the clause where there is one
}

// Error implements error.
func (e *FieldError) Error() string {
	return fmt.Sprintf("nr: %s: got %v, want %s", e.Field, e.Got, e.Want)
}

// UnsupportedError reports a value that the standard allows and this library
// does not implement. It wraps [ErrUnsupported].
type UnsupportedError struct {
	Field string // name of the field
	Got   any    // value received
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("not supported: %s (got %v)", e.Field, e.Got)
}

// Unwrap returns [ErrUnsupported].
func (e *UnsupportedError) Unwrap() error { return ErrUnsupported }

func checkRange(field string, got, lo, hi int) error {
	if got < lo || got > hi {
		return &FieldError{Field: field, Got: got, Want: fmt.Sprintf("%d…%d", lo, hi)}
	}
	return nil
}
