// SPDX-License-Identifier: Apache-2.0

package link

import (
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
)

// air carries one slot as samples: modulator, channel in the time domain,
// demodulator. Unlike the channel on the grid it shows interference between
// subcarriers and symbols.
type air struct {
	carrier nr.Carrier
	mod     []*ofdm.Modulator
	demod   *ofdm.Demodulator
	sent    nr.Baseband
	got     nr.Baseband
	start   int64 // first sample of the slot, from slot 0
}

func newAir(cfg *PUSCHConfig) (*air, error) {
	a := &air{carrier: cfg.Carrier}
	for i := range cfg.UEs {
		antennas := cfg.UEs[i].Grant.NumAntennaPorts
		if w := cfg.UEs[i].Precoder; w != nil {
			antennas = len(w)
		}
		m, err := ofdm.NewModulator(ofdm.Config{Carrier: cfg.Carrier, NumPorts: antennas})
		if err != nil {
			return nil, err
		}
		a.mod = append(a.mod, m)
	}
	var err error
	a.demod, err = ofdm.NewDemodulator(ofdm.Config{
		Carrier: cfg.Carrier, NumPorts: cfg.NumRx, WindowAdvance: ofdm.DefaultAdvance(cfg.Carrier),
	})
	a.got.Samples.Resize(cfg.NumRx, cfg.Carrier.SlotSamples(0))
	return a, err
}

// begin clears the received samples of a slot.
func (a *air) begin(slot nr.Slot) {
	a.start = a.carrier.SlotStart(slot)
	a.got.Slot = slot
	a.got.Samples.Resize(a.got.Samples.Dim(0), a.carrier.SlotSamples(slot))
	a.got.Samples.Clear()
}

// send adds the slot of UE u.
func (a *air) send(u int, path *channel.TDL, grid *nr.Grid) error {
	if err := a.mod[u].Process(&a.sent, grid); err != nil {
		return err
	}
	return path.AddSamples(&a.got.Samples, &a.sent.Samples, a.carrier.SampleRate(), a.start)
}
