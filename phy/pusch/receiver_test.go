// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// plainGrant is one layer on the whole loop carrier.
func plainGrant() *nr.Grant {
	return &nr.Grant{
		RNTI: 4, NID: 5, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 24,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 10, HARQProcess: 3, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{6, 7}},
	}
}

// sendPlain returns one received slot of a grant on two antennas with white
// noise.
func sendPlain(t *testing.T, g *nr.Grant, slot nr.Slot, block []byte, snrdB float64, seed uint64) *nr.Grid {
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: loopCarrier})
	must(t, err)
	must(t, tx.Configure(slot, g))
	var sent nr.Grid
	must(t, tx.Process(&sent, block))
	got := newReceived(&loopCarrier, slot, 2)
	hear(got, &sent, [][]complex128{{1, 1i}})
	channel.NewNoise(seed).Add(got.RE.Data(), math.Pow(10, -snrdB/10))
	return got
}

func newPlainReceiver(t *testing.T, cfg pusch.Config) *pusch.Receiver {
	cfg.Limits = pusch.Limits{Carrier: loopCarrier, NumRx: 2}
	rx, err := pusch.NewReceiver(cfg)
	must(t, err)
	return rx
}

// What one transmission lacks, combining adds; the soft bits outlive a CRC
// pass, and new data discards them.
func TestHARQ(t *testing.T) {
	rx, g := newPlainReceiver(t, pusch.Config{}), plainGrant()
	block := randomBlock(rand.New(rand.NewPCG(1, 1)), g)
	tb, soft := make([]nr.TransportBlock, 1), []*sch.SoftBuffer{new(sch.SoftBuffer)}
	var passed []bool
	send := func(rv int, newData bool, snrdB float64) {
		g.RV, g.NewData = rv, newData
		slot := nr.Slot(len(passed))
		must(t, rx.Configure(slot, g))
		must(t, rx.Process(tb, soft, sendPlain(t, g, slot, block, snrdB, uint64(len(passed)))))
		passed = append(passed, tb[0].CRC)
	}
	for i, rv := range []int{0, 2, 3, 1} {
		send(rv, i == 0, -1)
	}
	if passed[0] || !passed[3] {
		t.Fatalf("CRC of versions 0, 2, 3, 1 at −1 dB: %v, want a fail first and a pass last", passed)
	}
	if soft[0].Transmissions != 4 || tb[0].HARQ != 3 || !bytes.Equal(tb[0].Data.Data(), block) {
		t.Errorf("%d transmissions, process %d", soft[0].Transmissions, tb[0].HARQ)
	}
	send(0, false, -20) // nothing but noise, yet the soft bits are still there
	if !tb[0].CRC || tb[0].Iterations > 8 {
		t.Errorf("a retransmission in noise after a pass: CRC %v, %d iterations", tb[0].CRC, tb[0].Iterations)
	}
	send(0, true, -20)
	if tb[0].CRC || soft[0].Transmissions != 1 {
		t.Errorf("new data in noise: CRC %v, %d transmissions; want a fail and 1", tb[0].CRC, soft[0].Transmissions)
	}
	g.NumPRB = 12 // another transport block size without new data: nothing to combine with
	block = randomBlock(rand.New(rand.NewPCG(1, 2)), g)
	send(0, false, 20)
	if !tb[0].CRC || soft[0].Transmissions != 1 {
		t.Errorf("another size: CRC %v, %d transmissions; want a pass and 1", tb[0].CRC, soft[0].Transmissions)
	}
}

// Two antennas of equal gain give 3 dB over one in SINR; the DM-RS is boosted
// by 3 dB over the data.
func TestQuality(t *testing.T) {
	for receiver, tolerance := range map[string]float64{"ls": 0.5, "lmmse": 2} {
		rx, g := newPlainReceiver(t, pusch.Config{Receiver: receiver}), plainGrant()
		block := randomBlock(rand.New(rand.NewPCG(2, 1)), g)
		tb := make([]nr.TransportBlock, 1)
		must(t, rx.Configure(9, g))
		must(t, rx.Process(tb, []*sch.SoftBuffer{new(sch.SoftBuffer)}, sendPlain(t, g, 9, block, 12, 3)))
		q := tb[0].Quality
		sinr, snr := 10*math.Log10(float64(q.SINR)), 10*math.Log10(float64(q.SNR))
		if math.Abs(sinr-15) > 1 || math.Abs(snr-15) > tolerance {
			t.Errorf("%s: SINR %.2f dB, SNR %.2f dB; want 15 and 15", receiver, sinr, snr)
		}
		if !q.CFOObserved || math.Abs(q.CFOHz) > 60 || math.Abs(q.DelaySeconds) > 20e-9 {
			t.Errorf("%s: offsets of a perfect link: %+v", receiver, q)
		}
		if tb[0].Slot != 9 || tb[0].RNTI != 4 || tb[0].NumBits != g.TBS() {
			t.Errorf("%s: slot %d, RNTI %d, %d bits", receiver, tb[0].Slot, tb[0].RNTI, tb[0].NumBits)
		}
	}
}

// counted is a demapper that counts its calls.
type counted struct {
	modem.MaxLog
	calls int
}

func (c *counted) Demap(dst []int8, sym []complex64, noiseVar []float32) error {
	c.calls++
	return c.MaxLog.Demap(dst, sym, noiseVar)
}

func TestBlocksAreSwappable(t *testing.T) {
	var d counted
	rx, g := newPlainReceiver(t, pusch.Config{Blocks: pusch.Blocks{Demapper: &d}}), plainGrant()
	block := randomBlock(rand.New(rand.NewPCG(3, 1)), g)
	tb := make([]nr.TransportBlock, 1)
	must(t, rx.Configure(0, g))
	must(t, rx.Process(tb, []*sch.SoftBuffer{new(sch.SoftBuffer)}, sendPlain(t, g, 0, block, 20, 4)))
	if d.calls != 1 || !tb[0].CRC {
		t.Errorf("%d calls of the demapper, CRC %v; want 1 and a pass", d.calls, tb[0].CRC)
	}
}

func TestReceiverRefuses(t *testing.T) {
	good := pusch.Limits{Carrier: loopCarrier, NumRx: 2}
	for name, cfg := range map[string]pusch.Config{
		"receiver":          {Limits: good, Receiver: "magic"},
		"limits.num_rx":     {Limits: pusch.Limits{Carrier: loopCarrier, NumRx: 9}},
		"limits.max_prb":    {Limits: pusch.Limits{Carrier: loopCarrier, NumRx: 2, MaxPRB: 25}},
		"limits.max_layers": {Limits: pusch.Limits{Carrier: loopCarrier, NumRx: 2, MaxLayers: 5}},
		"max_iterations":    {Limits: good, MaxIterations: -1},
		"sync.cfo_limit_hz": {Limits: pusch.Limits{Carrier: loopCarrier, NumRx: 2, CFOLimitHz: math.Inf(1)}},
		"n_size_grid":       {Limits: pusch.Limits{NumRx: 2, Carrier: nr.Carrier{SubcarrierSpacingKHz: 15, FFTSize: 128}}},
	} {
		var field *nr.FieldError
		if _, err := pusch.NewReceiver(cfg); !errors.As(err, &field) || field.Field != name {
			t.Errorf("bad %s: got %v", name, err)
		}
	}
	rx, err := pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: loopCarrier, NumRx: 2, MaxPRB: 6, MaxLayers: 1}})
	must(t, err)
	two := plainGrant()
	two.NumPRB, two.NumLayers, two.NumAntennaPorts, two.DMRS.Ports = 6, 2, 2, [4]uint8{0, 1}
	precoded := plainGrant()
	precoded.TransformPrecoding = true
	for name, g := range map[string]*nr.Grant{"PRBs": plainGrant(), "layers": two, "transform precoding": precoded} {
		if err := rx.Configure(0, g); !errors.Is(err, nr.ErrUnsupported) {
			t.Errorf("too many %s: got %v, want nr.ErrUnsupported", name, err)
		}
	}
	var shape *tensor.ShapeError
	if err := rx.Process(make([]nr.TransportBlock, 1), []*sch.SoftBuffer{{}}, newReceived(&loopCarrier, 0, 2)); !errors.As(err, &shape) {
		t.Errorf("before Configure: got %v, want a *tensor.ShapeError", err)
	}
	g := plainGrant()
	g.NumPRB = 6
	must(t, rx.Configure(0, g))
	if err := rx.Process(make([]nr.TransportBlock, 1), []*sch.SoftBuffer{{}}, newReceived(&loopCarrier, 0, 3)); !errors.As(err, &shape) {
		t.Errorf("three antennas: got %v, want a *tensor.ShapeError", err)
	}
	if err := rx.Process(nil, nil, newReceived(&loopCarrier, 0, 2)); !errors.As(err, &shape) {
		t.Errorf("no transport block: got %v, want a *tensor.ShapeError", err)
	}
}

// TestNothingIsRefused hands over nil pointers and UEs that are not there.
func TestNothingIsRefused(t *testing.T) {
	rx, err := pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: loopCarrier, NumRx: 2}})
	must(t, err)
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: loopCarrier})
	must(t, err)
	g := plainGrant()
	must(t, rx.Configure(0, g))
	must(t, tx.Configure(0, g))
	grid, soft, tb := newReceived(&loopCarrier, 0, 2), new(sch.SoftBuffer), make([]nr.TransportBlock, 1)
	must(t, rx.Process(tb, []*sch.SoftBuffer{soft}, grid))
	for name, err := range map[string]error{
		"Process, grid":    rx.Process(tb, []*sch.SoftBuffer{soft}, nil),
		"Process, soft":    rx.Process(tb, []*sch.SoftBuffer{nil}, grid),
		"Demap, UE":        rx.Demap(1),
		"Combine, UE":      rx.Combine(soft, -1),
		"Combine, soft":    rx.Combine(nil, 0),
		"Decode, UE":       rx.Decode(&tb[0], soft, 4),
		"Decode, soft":     rx.Decode(&tb[0], nil, 0),
		"Configure":        rx.Configure(0, nil),
		"ExtractPilots":    pusch.ExtractPilots(new(nr.Pilots), nil, new(nr.Group)),
		"transmitter":      tx.Process(nil, make([]byte, g.TBS()/8)),
		"transmitter, nil": tx.Configure(0, nil),
	} {
		var field *nr.FieldError
		if !errors.As(err, &field) {
			t.Errorf("%s: got %v, want a *nr.FieldError", name, err)
		}
	}
}

// Noise alone passes no CRC.
func TestNoiseIsNotDecoded(t *testing.T) {
	rx, g := newPlainReceiver(t, pusch.Config{MaxIterations: 5}), plainGrant()
	tb, soft := make([]nr.TransportBlock, 1), []*sch.SoftBuffer{new(sch.SoftBuffer)}
	for seed := range uint64(30) {
		got := newReceived(&loopCarrier, 0, 2)
		channel.NewNoise(seed).Add(got.RE.Data(), 1)
		must(t, rx.Configure(0, g))
		must(t, rx.Process(tb, soft, got))
		if tb[0].CRC {
			t.Errorf("seed %d: the CRC of noise passes", seed)
		}
	}
	got := newReceived(&loopCarrier, 0, 2) // not even noise
	must(t, rx.Process(tb, soft, got))
	if q := tb[0].Quality; tb[0].CRC && tb[0].Data.Data()[0] != 0 || q.SINR != q.SINR {
		t.Errorf("silence: CRC %v, %+v", tb[0].CRC, q)
	}
}

func TestNoAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, receiver := range []string{"ls", "lmmse"} {
		rx, g := newPlainReceiver(t, pusch.Config{Receiver: receiver}), plainGrant()
		tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: loopCarrier})
		must(t, err)
		block := randomBlock(rand.New(rand.NewPCG(5, 1)), g)
		grid, tb, soft := sendPlain(t, g, 1, block, 15, 6), make([]nr.TransportBlock, 1), []*sch.SoftBuffer{new(sch.SoftBuffer)}
		var sent nr.Grid
		var data nr.Data
		run := func() {
			group := rx.Group()
			if tx.Configure(1, g) != nil || tx.Process(&sent, block) != nil || rx.Configure(1, g) != nil ||
				rx.Process(tb, soft, grid) != nil || pusch.ExtractData(&data, grid, &group) != nil || !tb[0].CRC {
				t.Error("a call failed")
			}
		}
		must(t, rx.Configure(1, g))
		run()
		if n := testing.AllocsPerRun(20, run); n != 0 {
			t.Errorf("receiver %s: %v allocations a slot, want 0", receiver, n)
		}
	}
}
