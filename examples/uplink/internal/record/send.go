// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// sender is one UE with its channel.
type sender struct {
	modulator *ofdm.Modulator
	channel   *channel.TDL
	grid      nr.Grid
	wave      nr.Baseband
	blocks    [16][]byte // transport block of each HARQ process
}

// station makes slots.
type station struct {
	transmitter *pusch.Transmitter
	senders     map[uint16]*sender
	noise       *channel.Noise
	payload     *rand.ChaCha8
	received    nr.Baseband
	start       int64
}

func newStation(seed uint64) (*station, error) {
	t, err := pusch.NewTransmitter(pusch.Limits{Carrier: carrier})
	if err != nil {
		return nil, err
	}
	s := &station{transmitter: t, senders: map[uint16]*sender{}, noise: channel.NewNoise(seed), payload: rand.NewChaCha8([32]byte{byte(seed)})}
	for i, u := range users {
		c := u.channel
		c.NumTx, c.NumRx, c.Seed = u.ports, numRx, seed+uint64(i)
		tdl, err := channel.New(c)
		if err != nil {
			return nil, err
		}
		m, err := ofdm.NewModulator(ofdm.Config{Carrier: carrier, NumPorts: u.ports})
		if err != nil {
			return nil, err
		}
		s.senders[u.rnti] = &sender{modulator: m, channel: tdl}
	}
	return s, nil
}

// send writes the first slots of the plan.
func send(w *sigmf.Writer, seed uint64, slots int) error {
	s, err := newStation(seed)
	if err != nil {
		return err
	}
	for slot := range slots {
		grants := plan(slot)
		if err := s.slot(nr.Slot(slot), grants); err != nil {
			return err
		}
		if err := w.WriteSlot(&s.received, grants...); err != nil {
			return err
		}
	}
	return nil
}

// slot makes the received samples of one slot.
func (s *station) slot(slot nr.Slot, grants []nr.Grant) error {
	n := carrier.SlotSamples(slot)
	s.received.Slot = slot
	s.received.Samples.Resize(numRx, n)
	s.received.Samples.Clear()
	for i := range grants {
		if err := s.add(slot, &grants[i]); err != nil {
			return err
		}
	}
	for r := range numRx {
		s.noise.Add(s.received.Samples.Row(r), math.Pow(10, -snrDB/10.0))
	}
	s.start += int64(n)
	return nil
}

// add sends one transmission through its channel and adds it to the slot.
func (s *station) add(slot nr.Slot, g *nr.Grant) error {
	u := s.senders[g.RNTI]
	if err := s.transmitter.Configure(slot, g); err != nil {
		return err
	}
	if g.NewData {
		u.blocks[g.HARQProcess] = make([]byte, g.TBS()/8)
		if _, err := s.payload.Read(u.blocks[g.HARQProcess]); err != nil {
			return err
		}
	}
	if err := s.transmitter.Process(&u.grid, u.blocks[g.HARQProcess]); err != nil {
		return err
	}
	if err := u.modulator.Process(&u.wave, &u.grid); err != nil {
		return err
	}
	return u.channel.AddSamples(&s.received.Samples, &u.wave.Samples, carrier.SampleRate(), s.start)
}
