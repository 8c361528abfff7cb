// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"errors"
	"fmt"
)

// ErrMeta is wrapped by errors about metadata that are not JSON.
var ErrMeta = errors.New("not a sigmf metadata object")

// FieldError reports a field of the metadata that is missing, unknown, of the
// wrong type or of a value that the standard or the rest of the recording does not
// allow. It wraps the [*nr.FieldError] where package nr has found it. What the
// standard allows and this library does not comes as an [*nr.UnsupportedError],
// wrapped with the place.
type FieldError struct {
	Where string // "global", "capture 0", "annotation 3", "annotations 3, 4"
	Field string // such as "core:datatype" or "nr:pusch.dmrs.length"
	Got   any    // value received
	Want  string // what is allowed, with the clause where there is one

	cause error // of package nr
}

// Unwrap returns the error of package nr, or nil.
func (e *FieldError) Unwrap() error { return e.cause }

// Error implements error.
func (e *FieldError) Error() string {
	return fmt.Sprintf("sigmf: %s: %s: got %v, want %s", e.Where, e.Field, e.Got, e.Want)
}

// DataError reports a data file that does not hold the samples that the
// metadata announce.
type DataError struct {
	Field string // field of the metadata that announces them
	Got   int64  // bytes in the data file
	Want  int64  // bytes needed
	Fits  string // how the metadata would have to be for this length, such as "core:datatype ci8"; "" where nothing is known
}

// Error implements error.
func (e *DataError) Error() string {
	out := fmt.Sprintf("sigmf: data file: got %d bytes, want %d (%s)", e.Got, e.Want, e.Field)
	if e.Fits != "" {
		out += "; the length fits " + e.Fits
	}
	return out
}
