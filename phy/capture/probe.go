// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// probe is one DM-RS symbol of one transmission, as it would be received without a
// channel.
type probe struct {
	at       int64       // first sample after the cyclic prefix, where the schedule states it
	weight   float32     // share of the widest probe's PRBs
	rnti     uint16      // who sends it
	spectrum []complex64 // conjugate transform of the symbol, of unit energy, padded with zeros
}

// candidate is a symbol that can become a probe.
type candidate struct {
	t      *sigmf.Transmission
	symbol int
	lPrime int // symbol of a double one, 0 or 1
	layer  int
}

// candidates lists the DM-RS symbols of all transmissions that can be in the
// recording at a shift within reach, layer by layer. One layer alone would not do:
// the codes in frequency that tell layers apart are shifts by a part of the symbol,
// and a strong second layer would be taken for the first one, shifted.
func candidates(rec *sigmf.Recording, reach int64) []candidate {
	var out []candidate
	for i := range rec.Transmissions {
		t := &rec.Transmissions[i]
		if t.Unsupported != nil || t.SampleStart < -reach || t.SampleStart > rec.NumSamples+reach {
			continue
		}
		seen, mask := 0, t.Grant.DMRSMask()
		for l := range nr.SymbolsPerSlot {
			if mask>>l&1 != 0 {
				for layer := range t.Grant.NumLayers {
					out = append(out, candidate{t, l, seen % t.Grant.DMRS.Length, layer})
				}
				seen++
			}
		}
	}
	return out
}

// prober makes probes.
type prober struct {
	carrier nr.Carrier
	plan    *ofdm.Plan
	mod     *ofdm.Modulator
	grid    nr.Grid
	wave    nr.Baseband
	length  int // samples of a symbol that are correlated
	scratch []complex64
}

func newProber(c nr.Carrier, plan *ofdm.Plan, length int) (*prober, error) {
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: c, NumPorts: 1})
	if err != nil {
		return nil, err
	}
	p := &prober{carrier: c, plan: plan, mod: mod, length: length, scratch: make([]complex64, plan.Size())}
	p.grid.RE.Resize(1, nr.SymbolsPerSlot, c.NumSubcarriers())
	return p, nil
}

// make modulates the reference signal of one layer in one symbol.
func (p *prober) make(x candidate) (probe, error) {
	g, c := &x.t.Grant, &p.carrier
	d := &g.DMRS
	r := make([]complex64, g.NumPRB*dmrs.PilotsPerPRB(d.ConfigType))
	dmrs.Sequence(r, d.ConfigType, c.StartCRB+g.StartPRB, dmrs.CInit(c.Numerology(), x.t.Slot, x.symbol, d.NID[d.NSCID], d.NSCID))
	p.grid.Slot = x.t.Slot
	p.grid.RE.Clear()
	row := p.grid.RE.Row(0, x.symbol)[nr.SubcarriersPerPRB*g.StartPRB:][:nr.SubcarriersPerPRB*g.NumPRB]
	dmrs.Map(row, r, d.ConfigType, int(d.Ports[x.layer]), x.lPrime, 1)
	if err := p.mod.Process(&p.wave, &p.grid); err != nil {
		return probe{}, fmt.Errorf("capture: %w", err)
	}
	at := 0
	for l := range x.symbol + 1 {
		at += c.CPSamples(x.t.Slot, l)
	}
	at += x.symbol * c.FFTSize
	padded := make([]complex64, p.plan.Size())
	copy(padded, p.wave.Samples.Row(0)[at:at+p.length])
	energy := 0.0
	for _, z := range padded {
		energy += power(z)
	}
	out := probe{at: x.t.SampleStart + int64(at), weight: float32(g.NumPRB), rnti: g.RNTI, spectrum: make([]complex64, p.plan.Size())}
	if err := p.plan.Transform(out.spectrum, padded, p.scratch); err != nil {
		return probe{}, err
	}
	scale := float32(1 / math.Sqrt(energy))
	for i, z := range out.spectrum {
		out.spectrum[i] = complex(real(z)*scale, -imag(z)*scale)
	}
	return out, nil
}

func power(z complex64) float64 {
	re, im := float64(real(z)), float64(imag(z))
	return re*re + im*im
}
