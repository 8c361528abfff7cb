// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
)

// Transmitter makes the resource grid of one PUSCH transmission from a
// transport block: CRC, segmentation, LDPC, rate matching, scrambling,
// modulation, layer mapping, precoding, DM-RS. It is for one goroutine at a
// time.
//
// TS 38.212 §6.2; TS 38.211 §6.3.1 and §6.4.1.1.
type Transmitter struct {
	limits  Limits
	slot    nr.Slot
	grant   nr.Grant
	group   nr.Group
	code    sch.Code
	initial initialCodes
	w       Precoder
	encoder *sch.Encoder
	mapper  modem.Mapper

	bits    []uint8     // coded bits of the transmission, scrambled
	symbols []complex64 // modulated symbols
	pilots  []complex64 // DM-RS sequence of one symbol
}

// NewTransmitter returns a transmitter for grants within the limits. It returns
// the errors of [nr.Carrier.Validate], or a [*nr.FieldError] for bad limits.
func NewTransmitter(l Limits) (*Transmitter, error) {
	if err := l.normalize(); err != nil {
		return nil, err
	}
	bits, err := l.MaxCodedBits()
	if err != nil {
		return nil, err
	}
	encoder, err := sch.NewEncoder(bits)
	if err != nil {
		return nil, fmt.Errorf("pusch: transmitter: %w", err)
	}
	return &Transmitter{
		limits: l, encoder: encoder,
		bits:    make([]uint8, bits),
		symbols: make([]complex64, l.maxSymbols()),
		pilots:  make([]complex64, l.MaxPRB*dmrs.PilotsPerPRB(1)),
	}, nil
}

// Configure selects slot and grant of the next transmission. A retransmission of
// a transport block that this transmitter has sent keeps the base graph of its
// initial transmission (TS 38.212 §6.2.2). Configure returns the
// errors of [nr.Grant.Validate], or a [*nr.UnsupportedError] for a grant above
// the limits, and then keeps the former one. It does not allocate when it
// succeeds.
func (t *Transmitter) Configure(slot nr.Slot, g *nr.Grant) error {
	if err := t.limits.check(g); err != nil {
		return err
	}
	group, err := nr.NewGroup(&t.limits.Carrier, slot, g)
	if err != nil {
		return err
	}
	code, err := NewCode(g)
	if err != nil {
		return err
	}
	if err := t.initial.apply(&code); err != nil {
		return err
	}
	if err := t.encoder.Configure(&code); err != nil {
		return fmt.Errorf("pusch: transmitter: %w", err)
	}
	t.slot, t.grant, t.group, t.code, t.w = slot, *g, group, code, NewPrecoder(g)
	return t.mapper.Configure(code.Modulation)
}

// Code returns the code of the configured transmission.
func (t *Transmitter) Code() sch.Code { return t.code }

// Symbols returns the modulated symbols of the last Process in codeword order, as
// [nr.Symbols] holds those that a receiver found; valid until the next Process.
func (t *Transmitter) Symbols() []complex64 {
	return t.symbols[:t.code.CodedBits/t.code.Modulation.BitsPerSymbol()]
}

// Process makes the grid of one transport block.
//
//   - dst: [port, 14, 12·N_PRB of the carrier], resized as needed; elements
//     outside the allocation are 0
//   - tb: [TBS/8] bytes, first bit most significant
//
// It returns a [*tensor.ShapeError] if tb has another length. It does not
// allocate once dst has grown.
//
// TS 38.212 §6.2, TS 38.211 §6.3.1 and §6.4.1.1.
func (t *Transmitter) Process(dst *nr.Grid, tb []byte) error {
	if dst == nil {
		return &nr.FieldError{Field: "grid", Got: "nil", Want: "a grid to write to"}
	}
	bits := t.bits[:t.code.CodedBits]
	if err := t.encoder.Encode(bits, tb); err != nil {
		return fmt.Errorf("pusch: transmit: %w", err)
	}
	if err := t.mapper.Map(t.symbols[:len(bits)/t.code.Modulation.BitsPerSymbol()], bits); err != nil {
		return err
	}
	dst.Slot = t.slot
	dst.RE.Resize(t.grant.NumAntennaPorts, nr.SymbolsPerSlot, t.limits.Carrier.NumSubcarriers())
	dst.RE.Clear()
	window := nr.ViewOf(&dst.RE).Window(0, nr.SymbolsPerSlot, nr.SubcarriersPerPRB*t.grant.StartPRB, t.group.NumSubcarriers())
	t.mapData(&window)
	t.mapDMRS(&window)
	return nil
}

// mapData writes the precoded symbols: layers first, then subcarriers, then
// OFDM symbols (TS 38.211 §6.3.1.3, §6.3.1.5 and §6.3.1.6).
func (t *Transmitter) mapData(dst *nr.View) {
	symbols, layers := t.symbols, t.grant.NumLayers
	for l := t.grant.StartSymbol; l < t.grant.StartSymbol+t.grant.NumSymbols; l++ {
		mask := t.group.DataMask(l)
		for k := range t.group.NumSubcarriers() {
			if mask>>(k%nr.SubcarriersPerPRB)&1 == 0 {
				continue
			}
			for p := range t.grant.NumAntennaPorts {
				sum := complex64(0)
				for v, x := range symbols[:layers] {
					sum += t.w[p][v] * x
				}
				dst.Row(p, l)[k] = sum
			}
			symbols = symbols[layers:]
		}
	}
}

// mapDMRS adds the reference signal of every layer, precoded like the data.
func (t *Transmitter) mapDMRS(dst *nr.View) {
	d, ue := &t.grant.DMRS, &t.group.UEs[0]
	beta := complex(dmrs.Beta(d.NumCDMGroupsWithoutData), 0)
	r := t.pilots[:t.grant.NumPRB*dmrs.PilotsPerPRB(d.ConfigType)]
	seen := 0
	for l := range nr.SymbolsPerSlot {
		if !t.group.IsDMRS(l) {
			continue
		}
		dmrs.Sequence(r, d.ConfigType, t.group.StartCRB, dmrs.CInit(t.group.Mu, t.slot, l, ue.NID, ue.NSCID))
		for p := range t.grant.NumAntennaPorts {
			for v := range t.grant.NumLayers {
				if w := t.w[p][v]; w != 0 {
					dmrs.Map(dst.Row(p, l), r, d.ConfigType, int(d.Ports[v]), seen%d.Length, beta*w)
				}
			}
		}
		seen++
	}
}
