// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"errors"
	"fmt"
)

// ErrMeta is wrapped by errors about metadata that are not JSON.
var ErrMeta = errors.New("not a sigmf metadata object")

// FieldError reports a field of the metadata that is missing, unknown, of the
// wrong type or of a value that does not fit the rest of the recording. Values
// that the standard does not allow come as [nr.FieldError] or
// [nr.UnsupportedError] instead, wrapped with the place.
type FieldError struct {
	Where string // "global", "capture 0", "annotation 3"
	Field string // such as "core:datatype" or "nr:pusch.dmrs.length"
	Got   any    // value received
	Want  string // what is allowed
}

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
}

// Error implements error.
func (e *DataError) Error() string {
	return fmt.Sprintf("sigmf: data file: got %d bytes, want %d (%s)", e.Got, e.Want, e.Field)
}
