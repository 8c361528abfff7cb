// SPDX-License-Identifier: Apache-2.0

package ofdm

import (
	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// Modulator turns one slot of the resource grid into samples with cyclic
// prefixes. It is for one goroutine at a time.
//
// TS 38.211 §5.3.1.
type Modulator struct {
	cfg       Config
	plan      *Plan
	rotations []complex64 // [slot of subframe · symbol]
	bins      []complex64 // [N] input of the transform, zero outside the carrier
	scratch   []complex64 // [N]
}

// NewModulator returns a modulator for the carrier; WindowAdvance is not used.
// Its errors are those of [Config.Validate]. It allocates everything that
// Process needs.
func NewModulator(cfg Config) (*Modulator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	plan, err := NewPlan(cfg.Carrier.FFTSize)
	if err != nil {
		return nil, err
	}
	return &Modulator{
		cfg: cfg, plan: plan,
		rotations: rotations(&cfg.Carrier, -1),
		bins:      buffer(plan.Size()),
		scratch:   buffer(plan.Size()),
	}, nil
}

// Process modulates one slot.
//
//   - dst: [port, samples], resized as needed; its slot is set
//   - src: [port, 14, 12·N_PRB], with its slot number
//
// It returns a [*tensor.ShapeError] if src has other lengths than the carrier
// asks for. It does not allocate once dst has grown.
//
// TS 38.211 §5.3.1 and §5.4.
func (m *Modulator) Process(dst *nr.Baseband, src *nr.Grid) error {
	c := &m.cfg.Carrier
	want := [...]int{m.cfg.NumPorts, nr.SymbolsPerSlot, c.NumSubcarriers()}
	if src.RE.Dim(0) != want[0] || src.RE.Dim(1) != want[1] || src.RE.Dim(2) != want[2] {
		return &tensor.ShapeError{Op: "ofdm: modulate: grid", Want: append([]int(nil), want[:]...), Got: src.RE.Dims()}
	}
	dst.Slot = src.Slot
	dst.Samples.Resize(m.cfg.NumPorts, c.SlotSamples(src.Slot))
	view := nr.ViewOf(&src.RE)
	for p := range m.cfg.NumPorts {
		m.port(dst, &view, p)
	}
	return nil
}

// port modulates the symbols of one port.
func (m *Modulator) port(dst *nr.Baseband, src *nr.View, p int) {
	c := &m.cfg.Carrier
	n, half := c.FFTSize, c.NumSubcarriers()/2
	samples := dst.Samples.Data()[p*dst.Samples.Dim(1):][:dst.Samples.Dim(1)]
	first := firstSymbol(dst.Slot, c)
	at := 0
	for l := range nr.SymbolsPerSlot {
		m.load(src.Row(p, l), half)
		cp := c.CPSamples(dst.Slot, l)
		body := samples[at+cp : at+cp+n]
		m.plan.fft.Transform(body, m.bins, m.scratch)
		c64.Scale(body, body, m.rotations[first+l])
		copy(samples[at:at+cp], body[n-cp:])
		at += cp + n
	}
}

// load puts subcarrier f, from −half, at bin −f mod N: the forward transform of
// the reversed input is the inverse transform.
func (m *Modulator) load(row []complex64, half int) {
	n := len(m.bins)
	for i, x := range row[:half] {
		m.bins[half-i] = x
	}
	m.bins[0] = row[half]
	for i, x := range row[half+1:] {
		m.bins[n-1-i] = x
	}
}

// firstSymbol returns the index of the slot's first symbol in its subframe.
func firstSymbol(s nr.Slot, c *nr.Carrier) int {
	return s.InSubframe(c.Numerology()) * nr.SymbolsPerSlot
}
