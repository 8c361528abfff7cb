// SPDX-License-Identifier: Apache-2.0

package nr

import "math/bits"

// Carrier describes one NR carrier as a receiver or transmitter sees it. It is
// a comparable value and never changes after a block was made for it.
type Carrier struct {
	CellID               int     // physical cell identity N_ID^cell, 0…1007 (TS 38.211 §7.4.2.1)
	SubcarrierSpacingKHz int     // 15, 30, 60 or 120
	ExtendedCP           bool    // extended cyclic prefix; not supported
	NumPRB               int     // N_grid^size, 1…275
	StartCRB             int     // N_grid^start: common resource block of the first PRB, 0…2199
	FFTSize              int     // N; the sample rate is N times the subcarrier spacing
	CarrierHz            float64 // f0 in Hz, used by phase compensation
	PhaseCompensation    bool    // samples carry the rotation of TS 38.211 §5.4
}

// Validate reports the first field that TS 38.211 or this library does not
// allow, as a [*FieldError] or [*UnsupportedError].
func (c Carrier) Validate() error {
	if err := checkRange("n_cell_id", c.CellID, 0, 1007); err != nil {
		return err
	}
	if mu, err := NumerologyOf(c.SubcarrierSpacingKHz); err != nil {
		return err
	} else if mu > 3 {
		return &UnsupportedError{"subcarrier_spacing_khz", c.SubcarrierSpacingKHz}
	}
	if c.ExtendedCP {
		return &UnsupportedError{"cyclic_prefix", "extended"}
	}
	if err := checkRange("n_size_grid", c.NumPRB, 1, MaxPRB); err != nil {
		return err
	}
	if err := checkRange("n_start_grid", c.StartCRB, 0, 2199); err != nil {
		return err
	}
	if c.FFTSize < c.NumSubcarriers() || c.FFTSize > 8192 || !smooth(c.FFTSize) {
		return &FieldError{"fft_size", c.FFTSize, "a size of 128…8192 whose cyclic prefixes are whole samples, at least 12 × n_size_grid"}
	}
	if c.PhaseCompensation && !(c.CarrierHz > 0 && c.CarrierHz < 1e12) {
		return &FieldError{"carrier_frequency_hz", c.CarrierHz, "a positive frequency when phase_compensation is set"}
	}
	if !(c.CarrierHz >= 0) {
		return &FieldError{"carrier_frequency_hz", c.CarrierHz, "0 or a frequency"}
	}
	return nil
}

// smooth reports whether the cyclic prefixes 144·N/2048 and 16·κ of TS 38.211
// §5.3.1 are whole samples and N is 2^a or 3·2^a.
func smooth(n int) bool {
	odd := n >> bits.TrailingZeros(uint(n))
	return n%128 == 0 && (odd == 1 || odd == 3)
}

// Form returns the carrier without its identity: what is equal in all cells that one
// receiver can serve.
func (c Carrier) Form() Carrier {
	c.CellID = 0
	return c
}

// Numerology returns µ of the carrier; the carrier must be valid.
func (c Carrier) Numerology() Numerology {
	return Numerology(bits.TrailingZeros(uint(c.SubcarrierSpacingKHz / 15)))
}

// NumSubcarriers returns 12 · NumPRB.
func (c Carrier) NumSubcarriers() int { return SubcarriersPerPRB * c.NumPRB }

// SampleRate returns samples per second.
func (c Carrier) SampleRate() float64 {
	return float64(c.FFTSize) * float64(c.SubcarrierSpacingKHz) * 1e3
}

// CPSamples returns the length of the cyclic prefix, in samples, of symbol l
// (0…13) of a slot: 144·N/2048, and 16κ/2^µ·… longer at the start of every
// half subframe (TS 38.211 §5.3.1).
func (c Carrier) CPSamples(s Slot, l int) int {
	cp := 144 * c.FFTSize / 2048
	mu := c.Numerology()
	inSubframe := s.InSubframe(mu)*SymbolsPerSlot + l
	if inSubframe == 0 || inSubframe == 7<<mu {
		cp += 16 * c.FFTSize << mu / 2048
	}
	return cp
}

// SlotSamples returns the number of samples of a slot with its prefixes.
func (c Carrier) SlotSamples(s Slot) int {
	n := SymbolsPerSlot * c.FFTSize
	for l := range SymbolsPerSlot {
		n += c.CPSamples(s, l)
	}
	return n
}

// SlotStart returns the first sample of a slot, counted from the start of slot 0.
func (c Carrier) SlotStart(s Slot) int64 {
	perSubframe := Slot(c.Numerology().SlotsPerSubframe())
	first := s / perSubframe * perSubframe
	at := int64(first/perSubframe) * int64(c.FFTSize*c.SubcarrierSpacingKHz)
	for ; first < s; first++ {
		at += int64(c.SlotSamples(first))
	}
	return at
}
