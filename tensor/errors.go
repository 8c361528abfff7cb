// SPDX-License-Identifier: Apache-2.0

package tensor

import "fmt"

// ShapeError reports lengths or an element type that do not fit: which
// operation or port, what it wants and what it got.
type ShapeError struct {
	Op   string // operation or port, such as "ldpc: decode: llr"
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
