// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Class says what becomes of a push beyond a limit.
type Class uint8

// Classes. Slots that cannot wait are refused: a push of theirs that came later would be
// late anyway.
const (
	Refuse Class = iota // the push fails; who pushes goes on with the next slot
	Wait                // back-pressure: the push fails with [sfaas.ErrBusy], and may be repeated
)

// Limits bound what a unit or a tenant may use. A limit of 0 is none.
type Limits struct {
	PerSecond Amounts       // of each quantity: CPU is in cores then, and Joules in watts
	Burst     time.Duration // so much of it may be saved up; 0 stands for [DefaultBurst]
	Class     Class         // what becomes of pushes beyond
}

// DefaultBurst is ten milliseconds.
const DefaultBurst = 10 * time.Millisecond

// Validate returns a [*LimitError] for a limit or burst below 0, or not a number.
func (l *Limits) Validate() error {
	for q, x := range l.PerSecond {
		if !(x >= 0 && x < 1e30) {
			return &LimitError{Quantity: Quantity(q), PerSecond: x}
		}
	}
	if l.Burst < 0 || l.Burst > time.Hour {
		return &LimitError{Name: "burst", PerSecond: l.Burst.Seconds()}
	}
	return nil
}

// LimitError says that a push was not taken as a limit is used up. It is
// [sfaas.ErrBusy] for [errors.Is] if the class is [Wait]. The errors of one gate are made
// once: they are not to be changed.
type LimitError struct {
	Name      string   // of the unit or tenant
	Quantity  Quantity // whose limit is used up
	PerSecond float64  // the limit; of shares what the tenant got
	Class     Class
	Shared    bool // not a limit: others have a better claim to what there is
}

// Error implements error.
func (e *LimitError) Error() string {
	if e.Shared {
		return fmt.Sprintf("meter: %s has had its share", e.Name)
	}
	return fmt.Sprintf("meter: %s is at its limit of %g %v a second", e.Name, e.PerSecond, e.Quantity)
}

// Unwrap returns [sfaas.ErrBusy] if the push may be repeated.
func (e *LimitError) Unwrap() error {
	if e.Class == Wait {
		return sfaas.ErrBusy
	}
	return nil
}
