// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Config describes the channel of one UE. It is passed by value and never
// changes after [New].
//
// TS 38.104 annex G.2: multi-path fading, with the profiles of [ProfileByName].
type Config struct {
	Profile      Profile // power delay profile; the zero value is [Flat]
	DopplerHz    float64 // maximum Doppler frequency, 0…10000
	NumTx        int     // transmit antenna ports, 1…8
	NumRx        int     // receive antennas, 1…64
	Static       bool    // every tap has its mean amplitude and no phase: no fading
	DelaySeconds float64 // added to all taps; negative is early
	CFOHz        float64 // carrier offset
	Seed         uint64  // of the fading
}

// sinusoids is how many make one tap.
const sinusoids = 24

// Validate reports the first field out of range, as a [*nr.FieldError].
func (c *Config) Validate() error {
	switch {
	case c.NumTx < 1 || c.NumTx > 8:
		return &nr.FieldError{Field: "channel.num_tx", Got: c.NumTx, Want: "1…8"}
	case c.NumRx < 1 || c.NumRx > 64:
		return &nr.FieldError{Field: "channel.num_rx", Got: c.NumRx, Want: "1…64"}
	case !(c.DopplerHz >= 0 && c.DopplerHz <= 1e4):
		return &nr.FieldError{Field: "channel.doppler_hz", Got: c.DopplerHz, Want: "0…10000"}
	case !(math.Abs(c.DelaySeconds) <= 1e-3):
		return &nr.FieldError{Field: "channel.delay_seconds", Got: c.DelaySeconds, Want: "±1 ms"}
	case !(math.Abs(c.CFOHz) <= 1e6):
		return &nr.FieldError{Field: "channel.cfo_hz", Got: c.CFOHz, Want: "±1 MHz"}
	}
	for _, t := range c.Profile.Taps {
		if !(t.DelaySeconds >= 0 && t.DelaySeconds <= 1e-4) || math.IsNaN(t.PowerDB) || t.PowerDB > 200 {
			return &nr.FieldError{Field: "channel.profile", Got: t, Want: "taps of 0…100 µs and finite power"}
		}
	}
	return nil
}
