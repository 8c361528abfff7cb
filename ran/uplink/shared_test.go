// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// play decodes a recording with a chain of the given options.
func play(t *testing.T, meta string, with ...uplink.Config) *uplink.Report {
	t.Helper()
	rec, err := sigmf.Open(meta)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	chain, err := uplink.New(configOf(block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}, with...))
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	report, err := chain.Play(context.Background(), rec, uplink.PlayConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestSharedRecordings decodes the recordings of another implementation through
// the stateful chain: what it still decodes with 1 dB more noise must come out
// right, no recording may have fewer passes than it has, and no CRC may pass on
// wrong bits. The neural demapper loses at most one pass a recording.
func TestSharedRecordings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testvec.Shared(t), "iq", "*.sigmf-meta"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	atLeast := map[string]int{"tdlb-codebook-2ue": 14, "tdlc-16qam": 8}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".sigmf-meta")
		name := filepath.Base(base)
		t.Run(name, func(t *testing.T) {
			answers, err := testvec.Answers(file)
			if err != nil {
				t.Fatal(err)
			}
			sionna := 0
			for _, a := range answers {
				if a.Sionna {
					sionna++
				}
			}
			lmmse := tally(t, answers, play(t, file, uplink.Config{Receiver: "lmmse"}))
			if want := max(sionna, atLeast[name]); lmmse < want {
				t.Errorf("lmmse: %d of %d pass, want at least %d", lmmse, len(answers), want)
			}
			neural := play(t, file, uplink.Config{Receiver: "neural"}).Passed()
			if neural < lmmse-1 {
				t.Errorf("neural: %d pass, lmmse %d", neural, lmmse)
			}
			t.Logf("lmmse %d, neural %d, Sionna %d of %d", lmmse, neural, sionna, len(answers))
		})
	}
}

// tally counts passes and compares the outcomes with the answers.
func tally(t *testing.T, want []testvec.Answer, got *uplink.Report) int {
	t.Helper()
	for i := range want {
		w, g := &want[i], &got.Transmissions[i]
		right := w.Right(g.SHA256)
		t.Logf("slot %3d rnti %d harq %d crc %-5t decodable %-5t sionna %-5t SINR %5.1f dB SNR %5.1f dB iterations %2d latency %v",
			g.Slot, g.Grant.RNTI, g.Grant.HARQProcess, g.CRC, w.Decodable, w.Sionna, g.SINRdB(), g.SNRdB(), g.Iterations, g.Latency)
		switch {
		case uint64(g.Slot) != w.Slot || g.Grant.RNTI != w.RNTI || g.Grant.HARQProcess != w.HARQ || g.NumBits != w.Bits:
			t.Errorf("transmission %d: got slot %d rnti %d harq %d bits %d, want %+v", i, g.Slot, g.Grant.RNTI, g.Grant.HARQProcess, g.NumBits, *w)
		case g.CRC && !right:
			t.Errorf("slot %d rnti %d: CRC passes on wrong bits", g.Slot, g.Grant.RNTI)
		case w.Decodable && !g.CRC:
			t.Errorf("slot %d rnti %d: a decodable block is lost", g.Slot, g.Grant.RNTI)
		}
	}
	return got.Passed()
}
