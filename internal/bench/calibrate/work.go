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
// last half of the slots, each predicted before it was measured: with the iterations that it
// took, and with those that were expected.
type workFit struct {
	Receiver  string    `json:"receiver"`
	PRB       int       `json:"prb"`
	Slots     int       `json:"slots"`
	Factors   []float64 `json:"us_per_slot_grant_kre_kbit_kbititeration"`
	Grid      float64   `json:"grid_us"` // of each slot, for the demodulator alone
	ErrorP50  float64   `json:"error_p50"`
	ErrorP99  float64   `json:"error_p99"`
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

	sent, grid nr.Grid
	wave       nr.Baseband
	grants     []nr.Grant
	tb         []nr.TransportBlock
	soft       []*sch.SoftBuffer
	took       [maxUEs]float32 // LDPC iterations per code block
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
	model := cell.State().Work
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var errors []float64
	f := workFit{Receiver: cfg.receiver, PRB: cfg.prb, Slots: cfg.slots}
	for n := range cfg.slots {
		if err := b.draw(nr.Slot(n)); err != nil {
			return err
		}
		took, grid, err := b.receive(nr.Slot(n))
		if err != nil {
			return err
		}
		load := b.load()
		if n >= cfg.slots/2 {
			errors = append(errors, math.Abs(model.Predict(load)/took-1))
			f.MeanMicro += took / float64(cfg.slots-cfg.slots/2)
			f.Grid += grid / float64(cfg.slots-cfg.slots/2)
			f.MaxMicros = max(f.MaxMicros, took)
		}
		model.Learn(load, took, 0.999)
	}
	slices.Sort(errors)
	f.Factors = model.Factors[:]
	f.ErrorP50, f.ErrorP99 = errors[len(errors)/2], errors[len(errors)*99/100]
	return cfg.out.Encode(f)
}

// draw makes a slot: one to eight UEs on PRBs of their own, a part of the carrier, each with
// an MCS about right for its channel, and in every third slot with a bound on iterations.
func (b *bench) draw(slot nr.Slot) error {
	b.grants = b.grants[:0]
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
		b.grants = append(b.grants, g)
	}
	b.noise.Add(b.grid.RE.Data(), 1)
	return b.mod.Process(&b.wave, &b.grid)
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

// receive receives the slot some times and returns the least that it took, µs, and of that
// the demodulator.
func (b *bench) receive(slot nr.Slot) (took, grid float64, err error) {
	took, grid = math.Inf(1), math.Inf(1)
	var rx nr.Grid
	for range b.cfg.rounds {
		began := cpuTime()
		if err := b.demod.Process(&rx, &b.wave); err != nil {
			return 0, 0, err
		}
		grid = min(grid, micros(cpuTime()-began))
		for i := range b.grants {
			if err := b.rx.Configure(slot, &b.grants[i]); err != nil {
				return 0, 0, fmt.Errorf("slot %d, grant %d: %w", slot, i, err)
			}
			if err := b.rx.Process(b.tb, b.soft, &rx); err != nil {
				return 0, 0, err
			}
			b.took[i] = b.tb[0].MeanIterations
		}
		took = min(took, micros(cpuTime()-began))
	}
	return took, grid, nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

var start = time.Now()

func wallTime() time.Duration { return time.Since(start) }

// load returns the slot in the terms of the model.
func (b *bench) load() mac.Load {
	l := mac.Load{Grants: len(b.grants)}
	for i := range b.grants {
		g := &b.grants[i]
		l.LayerREs += g.DataREs() * g.NumLayers
		l.CodedBits += g.CodedBits()
		l.CodedBitIteration += float64(g.CodedBits()) * float64(b.took[i])
	}
	return l
}
