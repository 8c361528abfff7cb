// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// MaxWindow is the largest number of slots that a [UE] remembers.
const MaxWindow = 32

// Config says what a tracker may use. It is passed by value.
//
// A UE's clock keeps to TS 38.101-1 §6.4.1, its timing to TS 38.133 §7.1.2.
type Config struct {
	// Lag is how many slots lie between a slot and the first one whose prior uses
	// it, 1 or more: what processing in a pipeline needs.
	Lag int
	// Window is how many slots a prior may use, 1…[MaxWindow].
	Window int
	// DelayDrift is how much the delay of a UE may wander from slot to slot, s. A
	// UE of 30 m/s moves by 0.05 ns in 0.5 ms; its clock, of 0.1 ppm, by as much.
	DelayDrift float64
	// CFODrift is how much the carrier offset may wander from slot to slot, Hz.
	CFODrift float64
}

// DefaultConfig uses the sixteen slots before the last one.
func DefaultConfig() Config {
	return Config{Lag: 2, Window: 16, DelayDrift: 1e-9, CFODrift: 2}
}

// Validate reports the first field out of range, as a [*nr.FieldError].
func (c *Config) Validate() error {
	switch {
	case c.Lag < 1:
		return &nr.FieldError{Field: "track.lag", Got: c.Lag, Want: "1 or more"}
	case c.Window < 1 || c.Window > MaxWindow:
		return &nr.FieldError{Field: "track.window", Got: c.Window, Want: fmt.Sprintf("1…%d", MaxWindow)}
	case !(c.DelayDrift >= 0):
		return &nr.FieldError{Field: "track.delay_drift", Got: c.DelayDrift, Want: "0 or more"}
	case !(c.CFODrift >= 0):
		return &nr.FieldError{Field: "track.cfo_drift", Got: c.CFODrift, Want: "0 or more"}
	}
	return nil
}
