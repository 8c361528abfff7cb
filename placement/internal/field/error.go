// SPDX-License-Identifier: Apache-2.0

// Package field has the error about a field of what packages of placement are asked for: an
// instance, a set of workers, an inventory. Each names it FieldError.
package field

import "fmt"

// Error says which field cannot be, and what it may be.
type Error struct {
	Of    string // whose field: a package, and what there
	Field string // such as "need.cpu" or "units[3].modes[0].work_us"
	Got   string // what it says
	Want  string // what it may be
}

// Error names the field, what it says and what it may be.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: got %s, want %s", e.Of, e.Field, e.Got, e.Want)
}
