// SPDX-License-Identifier: Apache-2.0

package ofdm

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// Config describes one carrier as an OFDM modem sees it. It is passed by value
// and never changes after New.
//
// TS 38.211 §5.3.1, and §5.4 for the phase compensation.
type Config struct {
	Carrier  nr.Carrier // the carrier
	NumPorts int        // receive antennas or transmit ports, 1…8

	// WindowAdvance moves the receiver's transform window this many samples
	// into the cyclic prefix, so that a signal that arrives early, or whose
	// channel rings before its first path, does not meet the next symbol. The
	// ramp over the subcarriers that this causes is taken out again. It is at
	// most the shorter cyclic prefix; DefaultAdvance is a good value.
	WindowAdvance int
}

// DefaultAdvance returns an eighth of the cyclic prefix, in samples.
func DefaultAdvance(c nr.Carrier) int { return 144 * c.FFTSize / 2048 / 8 }

// Validate reports the first field out of range, as the errors of
// [nr.Carrier.Validate] or a [*nr.FieldError].
func (c *Config) Validate() error {
	if err := c.Carrier.Validate(); err != nil {
		return err
	}
	if c.NumPorts < 1 || c.NumPorts > nr.MaxRx {
		return &nr.FieldError{Field: "num_channels", Got: c.NumPorts, Want: fmt.Sprintf("1…%d", nr.MaxRx)}
	}
	if cp := 144 * c.Carrier.FFTSize / 2048; c.WindowAdvance < 0 || c.WindowAdvance > cp {
		return &nr.FieldError{Field: "window_advance", Got: c.WindowAdvance, Want: fmt.Sprintf("0…%d", cp)}
	}
	return nil
}

// rotations returns, for every symbol of a subframe, the scale 1/√N, turned by
// sign·2π f0 (t_start,l + N_CP,l·T_c) when the carrier compensates the phase.
//
// TS 38.211 §5.4, with t from the start of the subframe.
func rotations(c *nr.Carrier, sign float64) []complex64 {
	perSubframe := c.Numerology().SlotsPerSubframe()
	out := make([]complex64, 0, perSubframe*nr.SymbolsPerSlot)
	scale := 1 / math.Sqrt(float64(c.FFTSize))
	at := 0
	for slot := range nr.Slot(perSubframe) {
		for l := range nr.SymbolsPerSlot {
			at += c.CPSamples(slot, l)
			angle := 0.0
			if c.PhaseCompensation {
				cycles := c.CarrierHz * float64(at) / c.SampleRate()
				angle = sign * 2 * math.Pi * (cycles - math.Floor(cycles))
			}
			sin, cos := math.Sincos(angle)
			out = append(out, complex(float32(scale*cos), float32(scale*sin)))
			at += c.FFTSize
		}
	}
	return out
}
