// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// TestLoopbackSamples sends slots through OFDM and a fading channel with delay
// and carrier offset, in the time domain, and wants the blocks and the offsets
// back.
func TestLoopbackSamples(t *testing.T) {
	for _, test := range []struct {
		profile  channel.Profile
		doppler  float64
		delay    float64 // s
		cfo      float64 // Hz
		mcs      int
		snrdB    float64
		carrier  float64 // Hz, with phase compensation; 0 without
		tolerate float64 // of the delay, s: the channel's own
	}{
		{channel.Flat(), 0, 0, 0, 20, 25, 0, 20e-9},
		{channel.Flat(), 0, 280e-9, 300, 20, 25, 3.55e9, 20e-9},
		{channel.TDLA30(), 10, -130e-9, -200, 16, 28, 0, 150e-9},
		{channel.TDLB100(), 400, 90e-9, 0, 12, 24, 3.5e9, 400e-9},
		{channel.TDLC300(), 100, 0, 100, 8, 22, 0, 900e-9},
	} {
		t.Run(fmt.Sprintf("%s/delay=%.0fns/cfo=%.0fHz", test.profile.Name, 1e9*test.delay, test.cfo), func(t *testing.T) {
			c := loopCarrier
			c.CarrierHz, c.PhaseCompensation = test.carrier, test.carrier != 0
			air := newAir(t, c, channel.Config{
				Profile: test.profile, DopplerHz: test.doppler, NumTx: 1, NumRx: 4, Static: test.doppler == 0,
				DelaySeconds: test.delay, CFOHz: test.cfo, Seed: 5,
			})
			g := plainGrant()
			g.MCSIndex, g.DMRS.AdditionalPosition = test.mcs, 2
			for slot := range nr.Slot(6) {
				block := randomBlock(rand.New(rand.NewPCG(uint64(slot), 9)), g)
				tb := air.send(t, slot, g, block, test.snrdB)
				if !tb.CRC || !bytes.Equal(tb.Data.Data(), block) {
					t.Errorf("slot %d: CRC %v, SINR %.1f dB", slot, tb.CRC, 10*math.Log10(float64(tb.Quality.SINR)))
				}
				q := tb.Quality
				if math.Abs(q.DelaySeconds-test.delay) > test.tolerate {
					t.Errorf("slot %d: delay %.0f ns, want %.0f ns", slot, 1e9*q.DelaySeconds, 1e9*test.delay)
				}
				if math.Abs(q.CFOHz-test.cfo) > 60+test.doppler/2 || !q.CFOObserved {
					t.Errorf("slot %d: carrier offset %.0f Hz, want %.0f Hz", slot, q.CFOHz, test.cfo)
				}
			}
		})
	}
}

// air is a link in the time domain.
type air struct {
	tx    *pusch.Transmitter
	mod   *ofdm.Modulator
	tdl   *channel.TDL
	noise *channel.Noise
	demod *ofdm.Demodulator
	rx    *pusch.Receiver
	c     nr.Carrier
	start int // sample of the next slot
}

func newAir(t *testing.T, c nr.Carrier, cfg channel.Config) *air {
	a := &air{c: c, noise: channel.NewNoise(cfg.Seed)}
	var err error
	a.tx, err = pusch.NewTransmitter(pusch.Limits{Carrier: c})
	must(t, err)
	a.mod, err = ofdm.NewModulator(ofdm.Config{Carrier: c, NumPorts: cfg.NumTx})
	must(t, err)
	a.demod, err = ofdm.NewDemodulator(ofdm.Config{Carrier: c, NumPorts: cfg.NumRx, WindowAdvance: ofdm.DefaultAdvance(c)})
	must(t, err)
	a.rx, err = pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: c, NumRx: cfg.NumRx}})
	must(t, err)
	a.tdl, err = channel.New(cfg)
	must(t, err)
	return a
}

// send transmits one slot and receives it.
func (a *air) send(t *testing.T, slot nr.Slot, g *nr.Grant, block []byte, snrdB float64) nr.TransportBlock {
	must(t, a.tx.Configure(slot, g))
	var sent, got nr.Grid
	var wave nr.Baseband
	must(t, a.tx.Process(&sent, block))
	must(t, a.mod.Process(&wave, &sent))
	n := a.c.SlotSamples(slot)
	heard := nr.Baseband{Slot: slot, Samples: tensor.New[complex64]([]int{a.tdl.Config().NumRx, n})}
	must(t, a.tdl.AddSamples(&heard.Samples, &wave.Samples, a.c.SampleRate(), int64(a.start)))
	a.noise.Add(heard.Samples.Data(), math.Pow(10, -snrdB/10))
	a.start += n
	must(t, a.demod.Process(&got, &heard))
	must(t, a.rx.Configure(slot, g))
	tb := make([]nr.TransportBlock, 1)
	must(t, a.rx.Process(tb, []*sch.SoftBuffer{new(sch.SoftBuffer)}, &got))
	return tb[0]
}
