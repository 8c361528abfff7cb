// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// row is one kind of grant. Edge is the SNR of 10 % block error rate in dB, of "lmmse"
// on AWGN: go run ./internal/bench/puschbler -profile awgn -doppler 0.
type row struct {
	rx, prb, mcs int
	edge         float64
}

// rows span one and many code words, both CRC lengths, and one to four antennas.
var rows = [...]row{
	{1, 1, 0, -2.45}, {2, 1, 20, 9.98}, {4, 1, 20, 7.05}, {4, 4, 10, -1.92}, {4, 24, 10, -2.40}, {2, 24, 0, -8.50},
}

// counts is what became of the slots.
type counts struct{ slots, passes, wrong, detected, tbs, crcBits int }

func (c *counts) add(o *counts) {
	c.slots, c.passes, c.wrong, c.detected = c.slots+o.slots, c.passes+o.passes, c.wrong+o.wrong, c.detected+o.detected
	c.tbs, c.crcBits = o.tbs, o.crcBits
}

// trial receives slots of one grant.
type trial struct {
	counts
	edge         float64
	grant, other nr.Grant
	tx, txOther  *pusch.Transmitter
	rx           *pusch.Receiver
	networks     *neural.Networks
	noise        *channel.Noise
	slot         nr.Slot
	grid, sent   nr.Grid
	data         []byte
	soft         []*sch.SoftBuffer
	out          []nr.TransportBlock
}

func newTrial(r *row, receiver string) (*trial, error) {
	c := nr.Carrier{CellID: 7, SubcarrierSpacingKHz: 30, NumPRB: r.prb, FFTSize: 512}
	t := &trial{edge: r.edge, noise: channel.NewNoise(0), soft: []*sch.SoftBuffer{new(sch.SoftBuffer)}, out: make([]nr.TransportBlock, 1)}
	t.grant = nr.Grant{
		RNTI: 4, NID: 5, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: r.prb,
		MCSTable: nr.MCSTable64QAM, MCSIndex: r.mcs, HARQProcess: 3, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{6, 7}},
	}
	t.other = t.grant
	t.other.RNTI, t.other.NID, t.other.DMRS.NID = 900, 77, [2]int{88, 89}
	limits := pusch.Limits{Carrier: c, NumRx: r.rx}
	cfg := pusch.Config{Limits: limits, Receiver: receiver}
	if receiver == "neural" {
		cfg.Receiver = "lmmse"
		var err error
		if t.networks, err = neural.Open(context.Background(), neural.Config{}); err != nil {
			return nil, err
		}
		if cfg.Blocks.Demapper, err = t.networks.NewDemapper(); err != nil {
			return nil, err
		}
	}
	var err error
	if t.rx, err = pusch.NewReceiver(cfg); err != nil {
		return nil, err
	}
	if t.tx, err = pusch.NewTransmitter(limits); err != nil {
		return nil, err
	}
	if t.txOther, err = pusch.NewTransmitter(limits); err != nil {
		return nil, err
	}
	t.grid.RE = tensor.New[complex64]([]int{r.rx, nr.SymbolsPerSlot, c.NumSubcarriers()})
	t.data = make([]byte, t.grant.TBS()/8)
	t.tbs, t.crcBits = t.grant.TBS(), 16
	if t.tbs > 3824 {
		t.crcBits = 24
	}
	return t, nil
}

func (t *trial) close() {
	if t.networks != nil {
		t.networks.Close()
	}
}

// begin starts slot i with new data and new noise.
func (t *trial) begin(seed uint64, i int) {
	t.noise.Reset(seed + uint64(i)*0x9e3779b97f4a7c15)
	t.slots++
	t.slot = nr.Slot(2 * i)
	for k := range t.data {
		t.data[k] = byte(t.noise.Rand().Uint32())
	}
	t.grant.RV, t.grant.NewData = 0, true
	t.listen()
}

// listen begins a transmission with the noise of the antennas, of unit variance.
func (t *trial) listen() {
	t.slot++
	t.grid.Slot = t.slot
	t.grid.RE.Clear()
	t.noise.Add(t.grid.RE.Data(), 1)
}

// uniform draws from an interval.
func (t *trial) uniform(lo, hi float64) float64 { return lo + (hi-lo)*t.noise.Rand().Float64() }

// send adds what one UE sends through flat fading at a mean ratio to the noise.
func (t *trial) send(tx *pusch.Transmitter, g *nr.Grant, data []byte, snrdB float64) error {
	if err := tx.Configure(t.slot, g); err != nil {
		return err
	}
	if err := tx.Process(&t.sent, data); err != nil {
		return err
	}
	rng, a := t.noise.Rand(), math.Pow(10, snrdB/20)/math.Sqrt2
	t.hear(func() complex128 { return complex(a*rng.NormFloat64(), a*rng.NormFloat64()) })
	return nil
}

// sendSteady is send of the trial's own block without fading: every antenna hears
// it with a phase of its own.
func (t *trial) sendSteady(snrdB float64) error {
	if err := t.tx.Configure(t.slot, &t.grant); err != nil {
		return err
	}
	if err := t.tx.Process(&t.sent, t.data); err != nil {
		return err
	}
	t.hear(func() complex128 { return cmplx.Rect(math.Pow(10, snrdB/20), t.uniform(0, 2*math.Pi)) })
	return nil
}

// hear adds what is sent to the noise of each antenna, times its channel.
func (t *trial) hear(channel func() complex128) {
	for r := range t.grid.RE.Dim(0) {
		h := complex64(channel())
		row := t.grid.RE.Row(r)
		for k, x := range t.sent.RE.Row(0) {
			row[k] += h * x
		}
	}
}

// receive decodes the slot.
func (t *trial) receive() error {
	if err := t.rx.Configure(t.slot, &t.grant); err != nil {
		return err
	}
	return t.rx.Process(t.out, t.soft, &t.grid)
}

// score receives the slot and counts what came out.
func (t *trial) score(sent bool) error {
	if err := t.receive(); err != nil {
		return err
	}
	if t.out[0].Detected() {
		t.detected++
	}
	if tb := &t.out[0]; tb.CRC {
		t.passes++
		if !sent || !bytes.Equal(tb.Data.Data(), t.data) {
			t.wrong++
		}
	}
	return nil
}

// cases are what a receiver meets where no block can be received.
var cases = []struct {
	name string
	play func(t *trial) error
}{
	{"noise", func(t *trial) error { return t.score(false) }},
	{"weak", func(t *trial) error { // far below the threshold
		if err := t.send(t.tx, &t.grant, t.data, t.uniform(-25, -10)); err != nil {
			return err
		}
		return t.score(true)
	}},
	{"lost", func(t *trial) error { // the UE missed the first grant; the second is weak
		if err := t.receive(); err != nil {
			return err
		}
		t.grant.RV, t.grant.NewData = 1+t.noise.Rand().IntN(3), false
		t.listen()
		if err := t.tx.Configure(t.slot, &t.grant); err != nil {
			return err
		}
		if err := t.send(t.tx, &t.grant, t.data, t.uniform(-15, 15)); err != nil {
			return err
		}
		return t.score(true)
	}},
	{"dead", func(t *trial) error { // the first antenna hears nothing at all
		if err := t.send(t.tx, &t.grant, t.data, t.uniform(-25, 0)); err != nil {
			return err
		}
		clear(t.grid.RE.Row(0))
		return t.score(true)
	}},
	{"dead-noise", func(t *trial) error { // and nobody transmits
		clear(t.grid.RE.Row(0))
		return t.score(false)
	}},
	{"interferer", func(t *trial) error { // a UE of another cell is heard instead
		t.other.NID, t.other.DMRS.NID[0] = t.noise.Rand().IntN(1024), t.noise.Rand().IntN(65536)
		if err := t.send(t.txOther, &t.other, t.data, t.uniform(0, 40)); err != nil {
			return err
		}
		return t.score(false)
	}},
	{"edge", func(t *trial) error { // what must be detected, 1 dB below 10 % block errors
		if err := t.sendSteady(t.edge - 1); err != nil {
			return err
		}
		return t.score(true)
	}},
	{"threshold", func(t *trial) error { // at 10 % block errors
		if err := t.sendSteady(t.edge); err != nil {
			return err
		}
		return t.score(true)
	}},
	{"zeros", func(t *trial) error { // the same slots with blocks of zeros
		clear(t.data)
		if err := t.sendSteady(t.edge); err != nil {
			return err
		}
		return t.score(true)
	}},
}

func caseNames() []string {
	var names []string
	for _, c := range cases {
		names = append(names, c.name)
	}
	return names
}
