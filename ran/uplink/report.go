// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// Report is the outcome of a run.
type Report struct {
	Transmissions []Transmission        // in the order of the recording's annotations
	Functions     []sfaas.FunctionStats // counters of every function
	Slots         int                   // distinct slots
	Air           time.Duration         // length of these slots
	Wall          time.Duration         // from the first sample handed over to the last outcome
}

// Count returns how many transmissions had an outcome.
func (r *Report) Count(o nr.Outcome) int {
	n := 0
	for i := range r.Transmissions {
		if r.Transmissions[i].Outcome == o {
			n++
		}
	}
	return n
}

// Passed returns how many transmissions passed their CRC.
func (r *Report) Passed() int { return r.Count(nr.OutcomePassed) }

// Unsupported returns how many transmissions were left out because this library
// cannot receive them.
func (r *Report) Unsupported() int { return r.Count(nr.OutcomeUnsupported) }

// bits returns the bits of the transmissions that passed.
func (r *Report) bits() float64 {
	n := 0
	for i := range r.Transmissions {
		if t := &r.Transmissions[i]; t.CRC {
			n += t.NumBits
		}
	}
	return float64(n)
}

// ThroughputMbps returns the bits that passed over the length of the slots, in
// Mbit/s.
func (r *Report) ThroughputMbps() float64 { return rate(r.bits(), r.Air) }

// DecodeMbps returns the bits that passed over the time that the run took, in
// Mbit/s.
func (r *Report) DecodeMbps() float64 { return rate(r.bits(), r.Wall) }

func rate(bits float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return bits / d.Seconds() / 1e6
}
