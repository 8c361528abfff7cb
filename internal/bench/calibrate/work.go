// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
)

// maxUEs is how many UEs a slot has at most.
const maxUEs = 8

// workFit are the factors of [mac.Work] as it learned them, and by how much it was off in the
// last half of the slots, each predicted before it was measured; and beside it another model,
// which does not know how many of the PRBs are the first ones of a grant.
type workFit struct {
	Receiver  string    `json:"receiver"`
	PRB       int       `json:"prb"`
	Slots     int       `json:"slots"`
	Factors   []float64 `json:"us_per_slot_grant_firstprb_kre_kbit_kbititeration"`
	Grid      float64   `json:"grid_us"` // of each slot, for the demodulator alone
	ErrorP50  float64   `json:"error_p50"`
	ErrorP99  float64   `json:"error_p99"`
	PlainP50  float64   `json:"error_without_first_p50"`
	PlainP99  float64   `json:"error_without_first_p99"`
	MeanMicro float64   `json:"mean_us"`
	MaxMicros float64   `json:"max_us"`
}

// bench sends slots of random grants over fading channels and times the receiver: the OFDM
// demodulator, and phy/pusch for one grant after the other.
type bench struct {
	cfg     *config
	carrier nr.Carrier
	rng     *rand.Rand
	noise   *channel.Noise
	tx      *pusch.Transmitter
	mod     *ofdm.Modulator
	demod   *ofdm.Demodulator
	rx      *pusch.Receiver

	sent, grid, seen nr.Grid
	tb               []nr.TransportBlock
	soft             []*sch.SoftBuffer
}

// batch is how many slots are received in turns.
const batch = 50

// slot is what is sent in a slot, and what it took to receive it.
type slot struct {
	grants     []nr.Grant
	wave       nr.Baseband
	mean       [maxUEs]float32 // LDPC iterations per code block
	took, grid float64         // µs, and of them the demodulator's
}

func (cfg *config) newBench() (*bench, error) {
	c, err := carrier(cfg.prb)
	if err != nil {
		return nil, err
	}
	b := &bench{
		cfg: cfg, carrier: c, rng: rand.New(rand.NewPCG(cfg.seed, 0x776f726b)), noise: channel.NewNoise(cfg.seed),
		tb: make([]nr.TransportBlock, 1), soft: []*sch.SoftBuffer{new(sch.SoftBuffer)},
	}
	limits := pusch.Limits{Carrier: c, NumRx: 2}
	if b.tx, err = pusch.NewTransmitter(pusch.Limits{Carrier: c}); err != nil {
		return nil, err
	}
	if b.rx, err = pusch.NewReceiver(pusch.Config{Limits: limits, Receiver: cfg.receiver}); err != nil {
		return nil, err
	}
	if b.mod, err = ofdm.NewModulator(ofdm.Config{Carrier: c, NumPorts: 2}); err != nil {
		return nil, err
	}
	b.demod, err = ofdm.NewDemodulator(ofdm.Config{Carrier: c, NumPorts: 2})
	return b, err
}

// work measures slots and lets the model follow them.
func (cfg *config) work() error {
	b, err := cfg.newBench()
	if err != nil {
		return err
	}
	cell, err := mac.New(mac.Config{Carrier: b.carrier})
	if err != nil {
		return err
	}
	model, other := cell.State().Work, cell.State().Work
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var errors, plain []float64
	f := workFit{Receiver: cfg.receiver, PRB: cfg.prb, Slots: cfg.slots}
	all := make([]slot, batch)
	for first := 0; first < cfg.slots; first += batch {
		now := all[:min(batch, cfg.slots-first)]
		if err := b.receiveAll(now, nr.Slot(first)); err != nil {
			return err
		}
		for n := range now {
			s := &now[n]
			load := s.load()
			without := load
			without.FirstPRBs = 0
			if first+n >= cfg.slots/2 {
				errors = append(errors, math.Abs(model.Predict(load)/s.took-1))
				plain = append(plain, math.Abs(other.Predict(without)/s.took-1))
				f.MeanMicro += s.took / float64(cfg.slots-cfg.slots/2)
				f.Grid += s.grid / float64(cfg.slots-cfg.slots/2)
				f.MaxMicros = max(f.MaxMicros, s.took)
			}
			model.Learn(load, s.took, 0.999)
			other.Learn(without, s.took, 0.999)
		}
	}
	f.Factors = model.Factors[:]
	f.ErrorP50, f.ErrorP99 = quantiles(errors)
	f.PlainP50, f.PlainP99 = quantiles(plain)
	return cfg.out.Encode(f)
}

// quantiles returns the median, and what all but a hundredth do not exceed.
func quantiles(all []float64) (p50, p99 float64) {
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100]
}

// draw makes a slot: one to eight UEs on PRBs of their own, a part of the carrier, each with
// an MCS about right for its channel, and in every third slot with a bound on iterations.
func (b *bench) draw(s *slot, slot nr.Slot) error {
	b.grid.Slot = slot
	b.grid.RE.Resize(2, nr.SymbolsPerSlot, b.carrier.NumSubcarriers())
	b.grid.RE.Clear()
	n, used := 1+b.rng.IntN(maxUEs), b.rng.IntN(b.carrier.NumPRB-maxUEs)+maxUEs
	for i := range n {
		g := pattern()
		g.RNTI, g.StartPRB, g.NumPRB = uint16(i+1), i*used/n, (i+1)*used/n-i*used/n
		if slot%3 == 2 {
			g.MaxIterations = 4 + b.rng.IntN(6)
		}
		snr := 2 + 22*b.rng.Float64()
		// The MCS of table 5.1.3.1-1 rises by about 1.1 for each decibel from −4 dB on; one in
		// three lies around where blocks fail.
		g.MCSIndex = min(max(int(1.1*(snr+4)-4*b.rng.Float64()), 0), 28)
		if err := b.send(slot, &g, snr); err != nil {
			return err
		}
		s.grants = append(s.grants, g)
	}
	b.noise.Add(b.grid.RE.Data(), 1)
	return b.mod.Process(&s.wave, &b.grid)
}

// send adds what one UE sends.
func (b *bench) send(slot nr.Slot, g *nr.Grant, snr float64) error {
	path, err := channel.New(channel.Config{Profile: channel.TDLB100(), DopplerHz: 20, NumTx: 1, NumRx: 2, Seed: b.rng.Uint64()})
	if err != nil {
		return err
	}
	if err := b.tx.Configure(slot, g); err != nil {
		return err
	}
	data := make([]byte, g.TBS()/8)
	for i := range data {
		data[i] = byte(b.rng.Uint32())
	}
	if err := b.tx.Process(&b.sent, data); err != nil {
		return err
	}
	amplitude := complex(float32(math.Pow(10, snr/20)), 0)
	for i, x := range b.sent.RE.Data() {
		b.sent.RE.Data()[i] = amplitude * x
	}
	return path.AddGrid(&b.grid.RE, &b.sent.RE, &b.carrier, slot)
}

// receiveAll draws slots and receives all of them some times, one after the other, so that
// what a slot took at least is found at moments that lie apart: others use the machine too.
func (b *bench) receiveAll(all []slot, first nr.Slot) error {
	for i := range all {
		s := &all[i]
		s.grants, s.took, s.grid = s.grants[:0], math.Inf(1), math.Inf(1)
		if err := b.draw(s, first+nr.Slot(i)); err != nil {
			return err
		}
	}
	for range b.cfg.rounds {
		for i := range all {
			if err := b.receive(&all[i], first+nr.Slot(i)); err != nil {
				return fmt.Errorf("slot %d: %w", first+nr.Slot(i), err)
			}
		}
	}
	return nil
}

// receive receives a slot and notes what it and the demodulator took.
func (b *bench) receive(s *slot, n nr.Slot) error {
	began := cpuTime()
	if err := b.demod.Process(&b.seen, &s.wave); err != nil {
		return err
	}
	s.grid = min(s.grid, micros(cpuTime()-began))
	for i := range s.grants {
		if err := b.rx.Configure(n, &s.grants[i]); err != nil {
			return fmt.Errorf("grant %d: %w", i, err)
		}
		if err := b.rx.Process(b.tb, b.soft, &b.seen); err != nil {
			return err
		}
		s.mean[i] = b.tb[0].MeanIterations
	}
	s.took = min(s.took, micros(cpuTime()-began))
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

var start = time.Now()

func wallTime() time.Duration { return time.Since(start) }

// load returns the slot in the terms of the model.
func (s *slot) load() (l mac.Load) {
	for i := range s.grants {
		l.Add(&s.grants[i], float64(s.mean[i]))
	}
	return l
}
