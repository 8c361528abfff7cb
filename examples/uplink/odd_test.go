// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// oddSlot is a slot to be recorded.
type oddSlot struct {
	slot   nr.Slot
	grants []nr.Grant
}

// oddRecording is a recording over white noise, 30 dB below a layer.
type oddRecording struct {
	carrier  nr.Carrier
	antennas int
	datatype sigmf.Datatype
	slots    []oddSlot
	spoil    func(i int, b *nr.Baseband) // changes the samples of slot i; may be nil
}

// write records the slots and returns the name of the metadata.
func (o *oddRecording) write(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "odd"+sigmf.MetaExt)
	w, err := sigmf.Create(name, sigmf.Config{Datatype: o.datatype, NumChannels: o.antennas, Carrier: o.carrier, Scale: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: o.carrier})
	if err != nil {
		t.Fatal(err)
	}
	noise, rng := channel.NewNoise(1), rand.New(rand.NewPCG(1, 2))
	for i, s := range o.slots {
		b := nr.Baseband{Slot: s.slot}
		b.Samples.Resize(o.antennas, o.carrier.SlotSamples(s.slot))
		for k := range s.grants {
			o.send(t, &b, tx, &s.grants[k], rng)
		}
		noise.Add(b.Samples.Data(), 1e-3)
		if o.spoil != nil {
			o.spoil(i, &b)
		}
		if err := w.WriteSlot(&b, s.grants...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// send adds a transmission of random bits. Between each port and antenna lies a
// phase of its own, so that a few layers can be separated.
func (o *oddRecording) send(t *testing.T, b *nr.Baseband, tx *pusch.Transmitter, g *nr.Grant, rng *rand.Rand) {
	t.Helper()
	block := make([]byte, g.TBS()/8)
	for i := range block {
		block[i] = byte(rng.Uint32())
	}
	m, err := ofdm.NewModulator(ofdm.Config{Carrier: o.carrier, NumPorts: g.NumAntennaPorts})
	if err != nil {
		t.Fatal(err)
	}
	var grid nr.Grid
	var wave nr.Baseband
	for _, err := range []error{tx.Configure(b.Slot, g), tx.Process(&grid, block), m.Process(&wave, &grid)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for r := range o.antennas {
		dst := b.Samples.Row(r)
		for p := range g.NumAntennaPorts {
			phase := complex64(cmplx.Exp(complex(0, 2.4*float64(r*p)+float64(r)*float64(g.RNTI))))
			for i, x := range wave.Samples.Row(p) {
				dst[i] += phase * x
			}
		}
	}
}

// oddGrant returns a grant of one layer on all symbols.
func oddGrant(rnti uint16, startPRB, numPRB, harq int) nr.Grant {
	return nr.Grant{
		RNTI: rnti, NID: 3, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14,
		StartPRB: startPRB, NumPRB: numPRB, MCSTable: nr.MCSTable64QAM, MCSIndex: 5, NewData: true, HARQProcess: harq,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, AdditionalPosition: 1, NumCDMGroupsWithoutData: 2},
	}
}

// during returns the grant for a part of the slot.
func during(g nr.Grant, start, length int) nr.Grant {
	g.Mapping, g.StartSymbol, g.NumSymbols = nr.MappingB, start, length
	return g
}

// TestOddRecordings decodes recordings at the edges of the format. Every
// transmission has a line; those that passed are counted.
func TestOddRecordings(t *testing.T) {
	narrow := nr.Carrier{CellID: 3, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	var crowd []nr.Grant
	for i := range 24 {
		crowd = append(crowd, oddGrant(uint16(100+i), i, 1, i%16))
	}
	four, retransmission := oddGrant(9, 0, 24, 0), oddGrant(1, 0, 24, 0)
	four.NumLayers, four.NumAntennaPorts, four.DMRS.Ports = 4, 4, [nr.MaxLayers]uint8{0, 1, 2, 3}
	retransmission.NewData = false
	three := []oddSlot{{0, []nr.Grant{oddGrant(1, 0, 24, 0)}}, {3, []nr.Grant{oddGrant(1, 0, 24, 1)}}, {4, []nr.Grant{oddGrant(1, 0, 24, 2)}}}
	second := func(x complex64) func(int, *nr.Baseband) {
		return func(i int, b *nr.Baseband) {
			if i == 1 {
				b.Samples.Row(1)[1200] = x
			}
		}
	}
	for name, c := range map[string]struct {
		oddRecording
		lines, passed int
		fails         string
	}{
		"cf32":                    {oddRecording{narrow, 2, sigmf.CF32, three, nil}, 3, 3, ""},
		"ci16":                    {oddRecording{narrow, 3, sigmf.CI16, three, nil}, 3, 3, ""},
		"ci8":                     {oddRecording{narrow, 1, sigmf.CI8, three, nil}, 3, 3, ""},
		"eight antennas":          {oddRecording{narrow, 8, sigmf.CI16, []oddSlot{{5, []nr.Grant{four}}}, nil}, 1, 1, ""},
		"nine antennas":           {oddRecording{narrow, 9, sigmf.CI16, three, nil}, 0, 0, "num_channels"},
		"too few antennas":        {oddRecording{narrow, 1, sigmf.CI16, []oddSlot{{5, []nr.Grant{four}}}, nil}, 1, 0, ""},
		"24 UEs":                  {oddRecording{narrow, 1, sigmf.CF32, []oddSlot{{0, crowd}, {7, crowd}}, nil}, 48, 48, ""},
		"two processes of one UE": {oddRecording{narrow, 2, sigmf.CI16, []oddSlot{{1, []nr.Grant{oddGrant(1, 12, 12, 3), oddGrant(1, 0, 12, 0)}}}, nil}, 2, 2, ""},
		"one after the other": {oddRecording{narrow, 2, sigmf.CI16, []oddSlot{{1, []nr.Grant{
			during(oddGrant(1, 0, 24, 0), 0, 7), during(oddGrant(1, 0, 24, 1), 7, 7)}}}, nil}, 2, 2, ""},
		"one symbol":            {oddRecording{narrow, 1, sigmf.CF32, []oddSlot{{2, []nr.Grant{oneSymbol()}}}, nil}, 1, 1, ""},
		"begins in the middle":  {oddRecording{narrow, 2, sigmf.CF32, []oddSlot{{2, []nr.Grant{retransmission}}}, nil}, 1, 1, ""},
		"late in the day":       {oddRecording{narrow, 2, sigmf.CF32, []oddSlot{{1 << 52, []nr.Grant{oddGrant(1, 0, 24, 0)}}}, nil}, 1, 1, ""},
		"silence":               {oddRecording{narrow, 2, sigmf.CF32, three, func(_ int, b *nr.Baseband) { b.Samples.Clear() }}, 3, 0, ""},
		"dead antenna":          {oddRecording{narrow, 2, sigmf.CF32, three, func(_ int, b *nr.Baseband) { clear(b.Samples.Row(0)) }}, 3, 3, ""},
		"overflow":              {oddRecording{narrow, 2, sigmf.CF32, three, second(complex(3e38, 0))}, 3, 3, ""},
		"not a number":          {oddRecording{narrow, 2, sigmf.CF32, three, second(complex(0, float32(math.NaN())))}, 0, 0, "sample 8880 of channel 1"},
		"infinite":              {oddRecording{narrow, 2, sigmf.CF32, three, second(complex(float32(math.Inf(-1)), 0))}, 0, 0, "sample 8880 of channel 1"},
		"widest":                {oddRecording{nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 15, NumPRB: 275, FFTSize: 4096}, 1, sigmf.CI8, []oddSlot{{0, []nr.Grant{oddGrant(1, 270, 5, 0)}}}, nil}, 1, 1, ""},
		"most subcarriers of N": {oddRecording{nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 120, NumPRB: 32, FFTSize: 384}, 1, sigmf.CI8, []oddSlot{{1279, []nr.Grant{oddGrant(1, 0, 32, 0)}}}, nil}, 1, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := c.write(t)
			for _, receiver := range []string{"ls", "lmmse", "neural"} {
				args := []string{"-recording", file, "-receiver", receiver, "-json"}
				if c.fails != "" {
					refuse(t, args, c.fails)
					continue
				}
				code, out, errs := invoke(t, args...)
				lines := strings.Split(strings.TrimSpace(out), "\n")
				var s summary
				if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); code != 0 || err != nil {
					t.Fatalf("%s: exit %d, %s%s", receiver, code, out, errs)
				}
				if len(lines) != c.lines+1 || s.Transmissions != c.lines || s.CRCOK != c.passed || s.Slots != len(c.slots) {
					t.Errorf("%s: want %d passed of %d:\n%s", receiver, c.passed, c.lines, out)
				}
			}
		})
	}
}

// oneSymbol returns a grant whose only symbol carries DM-RS and data.
func oneSymbol() nr.Grant {
	g := during(oddGrant(1, 3, 4, 0), 5, 1)
	g.MCSIndex, g.DMRS.NumCDMGroupsWithoutData = 0, 1
	return g
}
