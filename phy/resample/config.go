// SPDX-License-Identifier: Apache-2.0

package resample

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Config describes a change of the sample rate. It is passed by value and never
// changes after New.
//
// The window is that of J. F. Kaiser, 1974, "Nonrecursive Digital Filter Design Using
// the I0-sinh Window Function".
type Config struct {
	From, To      float64 // sample rates of input and output in Hz, 1…1e12, taken to the millihertz
	PassHz        float64 // edge of the band to keep; 0 stands for 0.4 of the lower rate
	StopHz        float64 // where the stop band begins; 0 stands for the lower rate less PassHz
	AttenuationDB float64 // of the stop band, 30…120; 0 stands for 80
}

// maxRate keeps rates in millihertz within 53 bits.
const maxRate = 1e12

// normalize fills in defaults and reports the first field out of range.
func (c *Config) normalize() error {
	for _, f := range []struct {
		name string
		rate float64
	}{{"resample.from", c.From}, {"resample.to", c.To}} {
		if !(f.rate >= 1 && f.rate <= maxRate) {
			return &nr.FieldError{Field: f.name, Got: f.rate, Want: "a rate of 1…1e12 Hz"}
		}
	}
	low := min(c.From, c.To)
	if c.PassHz == 0 {
		c.PassHz = 0.4 * low
	}
	if c.StopHz == 0 {
		c.StopHz = low - c.PassHz
	}
	if c.AttenuationDB == 0 {
		c.AttenuationDB = 80
	}
	if !(c.PassHz > 0 && c.PassHz < low/2) {
		return &nr.FieldError{Field: "resample.pass_hz", Got: c.PassHz, Want: fmt.Sprintf("above 0 and below %v, half of the lower rate", low/2)}
	}
	if !(c.StopHz > c.PassHz && c.StopHz <= low-c.PassHz) {
		return &nr.FieldError{Field: "resample.stop_hz", Got: c.StopHz, Want: fmt.Sprintf("above %v and at most %v, the first alias of the pass band", c.PassHz, low-c.PassHz)}
	}
	if !(c.AttenuationDB >= 30 && c.AttenuationDB <= 120) {
		return &nr.FieldError{Field: "resample.attenuation_db", Got: c.AttenuationDB, Want: "30…120"}
	}
	if h := c.halfWidth(); h > maxHalfWidth {
		return &nr.FieldError{Field: "resample.stop_hz", Got: c.StopHz, Want: fmt.Sprintf("a wider transition: %.0f taps, at most %d", 2*h, 2*maxHalfWidth)}
	}
	return nil
}

// minHalfWidth and maxHalfWidth bound the taps on each side of an output. With fewer
// the estimate of the length does not hold.
const (
	minHalfWidth = 8
	maxHalfWidth = 2048
)

// halfWidth returns how many inputs the filter reaches to each side.
//
// J. F. Kaiser's estimate for a window of the given attenuation: the length in
// samples is (A − 7.95) / (2.285 Δω).
func (c *Config) halfWidth() float64 {
	transition := 2 * math.Pi * (c.StopHz - c.PassHz) / c.From
	return max(minHalfWidth, math.Ceil((c.AttenuationDB-7.95)/(2.285*transition)/2))
}

// beta returns the shape parameter of the Kaiser window (Kaiser 1974).
func (c *Config) beta() float64 {
	switch a := c.AttenuationDB; {
	case a > 50:
		return 0.1102 * (a - 8.7)
	default:
		return 0.5842*math.Pow(a-21, 0.4) + 0.07886*(a-21)
	}
}
