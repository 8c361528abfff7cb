// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/placement/internal/field"
)

// ErrNoLease says that a table has no such lease: it never had, it was released, or its
// time to live has passed.
var ErrNoLease = errors.New("resource: no such lease")

// FieldError says which field of a need, a request or an inventory cannot be: Field names it, such
// as "need.cpu", Got is what it says, and Want what it may be.
type FieldError = field.Error

// ShortError says which line of a need does not fit, on a table from which nothing was
// taken. Of an accelerator Free and Total are those of the one that has most.
type ShortError struct {
	Line  Line   // what is short
	Kind  string // of the accelerator, else ""
	Want  int64  // in the unit of the line
	Free  int64  // what is left
	Total int64  // what the node has
}

// Error implements error.
func (e *ShortError) Error() string {
	name := e.Line.String()
	if e.Kind != "" {
		name = e.Kind + " " + name
	}
	return fmt.Sprintf("resource: %s: want %s, free %s of %s", name, e.Line.Format(e.Want), e.Line.Format(e.Free), e.Line.Format(e.Total))
}

// StaleError refuses a lease for an epoch of ownership that is over: the table has one
// of a later epoch of the same unit.
type StaleError struct {
	Owner Owner  // whose unit it is
	Got   uint32 // epoch that was asked for
	Want  uint32 // epoch of the lease that stands
}

// Error implements error.
func (e *StaleError) Error() string {
	return fmt.Sprintf("resource: %v: epoch %d is over, want %d or later", e.Owner, e.Got, e.Want)
}
