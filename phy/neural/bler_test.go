// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/link"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// longEnv is the environment variable that turns long statistics on.
const longEnv = "NEURORAN_LONG"

// blerCase is an MCS and the signal-to-noise ratio near which it has 10 % block
// errors on AWGN.
type blerCase struct {
	modulation nr.Modulation
	table      nr.MCSTable
	index      int
	snr        float64
}

// blerCases holds the lowest and the highest MCS of each modulation, over both
// tables.
var blerCases = []blerCase{
	{nr.QAM64, nr.MCSTable64QAM, 17, 9.1}, {nr.QAM64, nr.MCSTable64QAM, 28, 19.3},
	{nr.QPSK, nr.MCSTable64QAM, 0, -5.6}, {nr.QPSK, nr.MCSTable64QAM, 9, 3.0},
	{nr.QAM16, nr.MCSTable64QAM, 10, 3.3}, {nr.QAM16, nr.MCSTable64QAM, 16, 8.5},
	{nr.QAM256, nr.MCSTable256QAM, 20, 18.5}, {nr.QAM256, nr.MCSTable256QAM, 27, 25},
}

// TestBLER measures what LLRnet loses against exact log-MAP at 10 % block errors
// on AWGN with known channel. All demappers see the same blocks and noise. The
// short form takes the MCS where it loses most.
func TestBLER(t *testing.T) {
	cases, trials := blerCases, 2000
	if os.Getenv(longEnv) == "" {
		cases, trials = cases[:1], 192
	}
	if testing.Short() {
		trials = 48
	}
	nets := networks(t, accel.Ref)
	for _, c := range cases {
		t.Run(fmt.Sprintf("modulation=%v/table=%d/mcs=%d", c.modulation, c.table, c.index), func(t *testing.T) {
			at := map[string]float64{}
			for name, open := range map[string]func() modem.Demapper{
				"exact":  func() modem.Demapper { return new(modem.Exact) },
				"maxlog": func() modem.Demapper { return new(modem.MaxLog) },
				"neural": func() modem.Demapper { return demapper(t, nets) },
			} {
				at[name] = threshold(t, c, trials, open)
			}
			loss := at["neural"] - at["exact"]
			t.Logf("10 %% block errors at %.3f dB exact, %.3f dB neural, %.3f dB max-log: neural loses %.3f dB",
				at["exact"], at["neural"], at["maxlog"], loss)
			if !(loss <= 0.1) {
				t.Errorf("LLRnet loses %.3f dB, want at most 0.1 dB", loss)
			}
			if low, high := neural.MCSRange(c.modulation); at["exact"] < low || at["exact"] > high {
				t.Errorf("10 %% block errors at %.2f dB, outside MCSRange %.0f…%.0f dB", at["exact"], low, high)
			}
		})
	}
}

// threshold returns the signal-to-noise ratio of 10 % block errors.
func threshold(t *testing.T, c blerCase, trials int, open func() modem.Demapper) float64 {
	t.Helper()
	const numPRB = 25
	grant := nr.Grant{
		NID: 1, RNTI: 7, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: numPRB,
		MCSTable: c.table, MCSIndex: c.index, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{1, 2}},
	}
	cfg := link.PUSCHConfig{
		Carrier: nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: numPRB, FFTSize: 512},
		UEs:     []link.UE{{Grant: grant, Channel: channel.Config{Static: true}}},
		NumRx:   1, Receiver: link.PerfectCSI,
	}
	run := link.Config{MaxTrials: trials, Seed: 1, Workers: 1, StopBLER: 0.02, NewChain: func() (link.Chain, error) {
		c := cfg
		c.Blocks = pusch.Blocks{Demapper: open()}
		p, err := link.NewPUSCH(c)
		if err != nil {
			return nil, err
		}
		return p.Chain(), nil
	}}
	for step := -4; step <= 6; step++ {
		run.SNRdB = append(run.SNRdB, c.snr+0.15*float64(step))
	}
	points, err := link.Run(context.Background(), run)
	if err != nil {
		t.Fatal(err)
	}
	snr, _, _ := link.Crossing(points, 0.1)
	if snr != snr {
		for _, p := range points {
			t.Logf("%.2f dB: %d of %d", p.SNRdB, p.BlockErrors, p.Blocks)
		}
		t.Fatal("the points do not enclose 10 % block errors")
	}
	return snr
}
