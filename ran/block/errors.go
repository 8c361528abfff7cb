// SPDX-License-Identifier: Apache-2.0

package block

import (
	"errors"
	"io"
)

// errNoGrant faults data for which its slot has no grant. The gate of a control
// port lets only data pass whose slot has a schedule; the schedule may have been
// refused, or lack the HARQ process.
var errNoGrant = errors.New("block: no grant in this slot")

// errOtherCode faults data that belongs to another transport block than the
// grant says.
var errOtherCode = errors.New("block: soft bits do not fit the grant")

// closer releases an algorithm that wants it.
func closer[T any](x T) error {
	if c, ok := any(x).(io.Closer); ok {
		return c.Close()
	}
	return nil
}
