// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/tensor"
)

// harqSlot is one slot of a UE: what it was granted, whether it missed the grant,
// and what must become of it.
type harqSlot struct {
	grant  nr.Grant
	silent bool
	want   nr.Outcome
}

// TestHARQAsNetworksDo plays a recording with lost and weak initial transmissions,
// reserved MCS on other PRBs, a limited buffer, overhead, and a block whose initial
// transmission is not in the recording.
func TestHARQAsNetworksDo(t *testing.T) {
	carrier := nr.Carrier{CellID: 3, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	first := nr.Grant{
		RNTI: 77, NID: 3, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 12,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 24, NewData: true, HARQProcess: 31, XOverhead: 6,
		TBSLBRM: nr.LimitedBufferTBS(1, nr.MCSTable64QAM, 24),
		DMRS:    nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
	again := func(mcs, rv, start, prb int) nr.Grant {
		g := first
		g.NewData, g.MCSIndex, g.RV, g.StartPRB, g.NumPRB = false, mcs, rv, start, prb
		return g
	}
	stranger := again(29, 2, 0, 24)
	stranger.HARQProcess = 7
	fresh := first
	fresh.HARQProcess, fresh.MCSIndex = 30, 4
	slots := []harqSlot{
		{first, true, nr.OutcomeAbsent}, {again(31, 2, 12, 12), false, nr.OutcomeFailed}, {again(29, 0, 0, 24), false, nr.OutcomePassed},
		{stranger, false, nr.OutcomeUnsupported}, {fresh, false, nr.OutcomePassed},
	}
	rec, sum := recordHARQ(t, carrier, slots)
	chain, err := uplink.New(uplink.Config{Config: block.Config{Carrier: carrier, NumRx: 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	report, err := chain.Play(context.Background(), rec, uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range report.Transmissions {
		if x.Outcome != slots[i].want || x.Received() && x.CRC != (x.SHA256 == sum[i]) || (x.Err != nil) != (x.Outcome == nr.OutcomeUnsupported) {
			t.Errorf("slot %d: outcome %v, CRC %v, the block that was sent: %v; want %v", i, x.Outcome, x.CRC, x.SHA256 == sum[i], slots[i].want)
		}
	}
	if n := report.Transmissions[2].NumBits; n != first.TBS() {
		t.Errorf("%d bits, want %d", n, first.TBS())
	}
}

// recordHARQ makes the recording, 14 dB above the noise, and the hashes of what was
// sent.
func recordHARQ(t *testing.T, carrier nr.Carrier, slots []harqSlot) (*sigmf.Recording, [][sha256.Size]byte) {
	t.Helper()
	var data bytes.Buffer
	var meta []byte
	w, err := sigmf.NewWriter(sigmf.Config{Datatype: sigmf.CF32, NumChannels: 2, Carrier: carrier}, &data,
		func(m []byte) error { meta = m; return nil })
	check(t, err)
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: carrier})
	check(t, err)
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: carrier, NumPorts: 1})
	check(t, err)
	noise := channel.NewNoise(5)
	var sums [][sha256.Size]byte
	blocks := map[int][]byte{}
	for i, s := range slots {
		slot := nr.Slot(i)
		out := nr.Baseband{Slot: slot, Samples: tensor.New[complex64]([]int{2, carrier.SlotSamples(slot)})}
		if s.grant.NewData {
			blocks[s.grant.HARQProcess] = bytes.Repeat([]byte{byte(17 * (i + 1)), 3}, s.grant.TBS())[:s.grant.TBS()/8]
		}
		tb := blocks[s.grant.HARQProcess]
		sums = append(sums, sha256.Sum256(tb))
		if tb != nil {
			var grid nr.Grid
			var air nr.Baseband
			check(t, tx.Configure(slot, &s.grant))
			check(t, tx.Process(&grid, tb))
			check(t, mod.Process(&air, &grid))
			for r := range 2 {
				if !s.silent {
					copy(out.Samples.Row(r), air.Samples.Row(0))
				}
			}
		}
		noise.Add(out.Samples.Data(), 0.04)
		check(t, w.WriteSlot(&out, s.grant))
	}
	check(t, w.Close())
	m, err := sigmf.ParseMeta(meta)
	check(t, err)
	rec, err := sigmf.New(m, bytes.NewReader(data.Bytes()), int64(data.Len()))
	check(t, err)
	return rec, sums
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
