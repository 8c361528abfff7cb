// SPDX-License-Identifier: Apache-2.0

package ofdm

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// Demodulator turns one slot of samples into the resource grid of the carrier.
// It is for one goroutine at a time.
//
// It inverts TS 38.211 §5.3.1.
type Demodulator struct {
	cfg       Config
	plan      *Plan
	rotations []complex64 // [slot of subframe · symbol]
	ramp      []complex64 // [subcarrier] undoes the window advance; nil without one
	bins      []complex64 // [N] output of the transform
	scratch   []complex64 // [N]
}

// NewDemodulator returns a demodulator for the carrier. Its errors are those of
// [Config.Validate]. It allocates everything that Process needs.
func NewDemodulator(cfg Config) (*Demodulator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	plan, err := NewPlan(cfg.Carrier.FFTSize)
	if err != nil {
		return nil, err
	}
	return &Demodulator{
		cfg: cfg, plan: plan,
		rotations: rotations(&cfg.Carrier, 1),
		ramp:      ramp(&cfg.Carrier, cfg.WindowAdvance),
		bins:      buffer(plan.Size()),
		scratch:   buffer(plan.Size()),
	}, nil
}

// ramp returns exp(+j2π k advance/N) for every subcarrier, k from −6·N_PRB.
func ramp(c *nr.Carrier, advance int) []complex64 {
	if advance == 0 {
		return nil
	}
	out := make([]complex64, c.NumSubcarriers())
	for i := range out {
		k := i - len(out)/2
		sin, cos := math.Sincos(2 * math.Pi * float64(k*advance) / float64(c.FFTSize))
		out[i] = complex(float32(cos), float32(sin))
	}
	return out
}

// Process demodulates one slot.
//
//   - dst: [rx, 14, 12·N_PRB], resized as needed; its slot is set
//   - src: [rx, samples], from the first sample of the first cyclic prefix to
//     the end of the slot, with its slot number
//
// It returns a [*tensor.ShapeError] if src has other lengths than the carrier
// and the slot ask for. It does not allocate once dst has grown.
//
// TS 38.211 §5.3.1 and §5.4.
func (d *Demodulator) Process(dst *nr.Grid, src *nr.Baseband) error {
	c := &d.cfg.Carrier
	if n := c.SlotSamples(src.Slot); src.Samples.Dim(0) != d.cfg.NumPorts || src.Samples.Dim(1) != n {
		return &tensor.ShapeError{Op: "ofdm: demodulate: samples", Want: []int{d.cfg.NumPorts, n}, Got: src.Samples.Dims()}
	}
	dst.Slot = src.Slot
	dst.RE.Resize(d.cfg.NumPorts, nr.SymbolsPerSlot, c.NumSubcarriers())
	view := nr.ViewOf(&dst.RE)
	for r := range d.cfg.NumPorts {
		d.antenna(&view, r, src)
	}
	return nil
}

// antenna demodulates the symbols of one antenna.
func (d *Demodulator) antenna(dst *nr.View, r int, src *nr.Baseband) {
	c := &d.cfg.Carrier
	n, half := c.FFTSize, c.NumSubcarriers()/2
	samples := src.Samples.Data()[r*src.Samples.Dim(1):][:src.Samples.Dim(1)]
	first := firstSymbol(src.Slot, c)
	at := 0
	for l := range nr.SymbolsPerSlot {
		at += c.CPSamples(src.Slot, l)
		start := at - d.cfg.WindowAdvance
		d.plan.fft.Transform(d.bins, samples[start:start+n], d.scratch)
		row, w := dst.Row(r, l), d.rotations[first+l]
		at += n
		if d.ramp == nil {
			c64.Scale(row[:half], d.bins[n-half:], w) // subcarriers below 0 Hz
			c64.Scale(row[half:], d.bins, w)
			continue
		}
		c64.MulScale(row[:half], d.bins[n-half:], d.ramp, w)
		c64.MulScale(row[half:], d.bins, d.ramp[half:], w)
	}
}
