// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/internal/field"
)

// Line names what a set of workers was found to lack.
type Line string

// Lines of a [LineError].
const (
	LineDeadline Line = "deadline" // a unit would be done too late
	LineLoad     Line = "load"     // more work per slot than the cores can do, so that the backlog grows
)

// LineError says that units do not fit on a set of workers: which line of the demand is not
// met, by which unit, what it would get and what it wants.
type LineError struct {
	Line Line
	Unit int           // place of the unit; the candidate stands behind the others
	Got  time.Duration // the bound of its finish; for LineLoad: of all work in the longest slot, over the cores
	Want time.Duration // the deadline without its margin; for LineLoad: the longest slot
}

// Error implements error.
func (e *LineError) Error() string {
	if e.Line == LineLoad {
		return fmt.Sprintf("admission: load: %v of work per core in a slot of %v", e.Got, e.Want)
	}
	return fmt.Sprintf("admission: deadline: unit %d is done after %v, want at most %v", e.Unit, e.Got, e.Want)
}

// FieldError says that a field of a [Set] or a [Unit] is out of range: Field names it, such as
// "set.cores" or "units[2].work", Got is what it says, and Want what it may be.
type FieldError = field.Error

func wrong(name string, got any, want string) error {
	return &FieldError{Of: "admission", Field: name, Got: fmt.Sprint(got), Want: want}
}
