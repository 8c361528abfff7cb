// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"fmt"
	"math/bits"
	"time"
)

// Constants of TS 38.211 §4.
const (
	SymbolsPerSlot    = 14   // OFDM symbols per slot, normal cyclic prefix, §4.3.2
	SubcarriersPerPRB = 12   // N_sc^RB, §4.4.4.1
	MaxPRB            = 275  // largest N_grid^size, §4.4.2
	FramesPerHyper    = 1024 // system frame number modulus
)

// Numerology is µ of TS 38.211 table 4.2-1: the subcarrier spacing is
// 15·2^µ kHz.
type Numerology uint8

// NumerologyOf returns µ of a subcarrier spacing in kHz: 15, 30, 60, 120, 240,
// 480 or 960. It returns a [*FieldError] for any other spacing.
func NumerologyOf(subcarrierSpacingKHz int) (Numerology, error) {
	q := subcarrierSpacingKHz / 15
	if q < 1 || q > 64 || q*15 != subcarrierSpacingKHz || q&(q-1) != 0 {
		return 0, &FieldError{"subcarrier_spacing_khz", subcarrierSpacingKHz, "15·2^µ, µ = 0…6 (TS 38.211 table 4.2-1)"}
	}
	return Numerology(bits.TrailingZeros(uint(q))), nil
}

// SubcarrierSpacingKHz returns the subcarrier spacing in kHz.
func (mu Numerology) SubcarrierSpacingKHz() int { return 15 << mu }

// SlotsPerSubframe returns the number of slots in 1 ms.
func (mu Numerology) SlotsPerSubframe() int { return 1 << mu }

// SlotsPerFrame returns the number of slots in 10 ms.
func (mu Numerology) SlotsPerFrame() int { return 10 << mu }

// SlotDuration returns the mean length of a slot, 1 ms / 2^µ.
func (mu Numerology) SlotDuration() time.Duration { return time.Millisecond >> mu }

// Slot counts slots of one numerology since the start of frame 0. It is the
// time axis of everything in this module and does not wrap.
//
// TS 38.211 §4.3.2.
type Slot uint64

// InFrame returns the slot number within its frame, n_s,f^µ.
func (s Slot) InFrame(mu Numerology) int { return int(uint64(s) % uint64(mu.SlotsPerFrame())) }

// InSubframe returns the slot number within its subframe.
func (s Slot) InSubframe(mu Numerology) int { return int(uint64(s) & (1<<mu - 1)) }

// Frame returns the system frame number, 0…1023.
func (s Slot) Frame(mu Numerology) int {
	return int(uint64(s) / uint64(mu.SlotsPerFrame()) % FramesPerHyper)
}

// Format returns the slot as frame.slot, such as "3.7".
func (s Slot) Format(mu Numerology) string {
	return fmt.Sprintf("%d.%d", s.Frame(mu), s.InFrame(mu))
}
