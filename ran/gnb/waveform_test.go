// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"fmt"
	"math"
	"testing"

	"github.com/neuroran/neuroran/mac"
)

// TestAirsAgree runs the same cells through both airs, which have the same fading: rate,
// block error rate and MCS must be near each other. The ten scenarios of docs/mac.md are
// those of internal/bench/loop -case air.
func TestAirsAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("3 000 slots of waveforms")
	}
	const slots = 1500
	for _, hz := range []float64{3, 20} {
		t.Run(fmt.Sprint("doppler=", hz), func(t *testing.T) {
			cfg := testConfig(4, mac.RoundRobin{}, Traffic{})
			for i := range cfg.UEs {
				cfg.UEs[i].Trajectory[0].DopplerHz = hz
			}
			ours, a := runLoop(t, cfg, slots)
			cfg.NewAir = NewWaveform
			theirs, b := runLoop(t, cfg, slots)
			t.Logf("abstract %.3f Mbit/s, waveform %.3f", a.Mbps, b.Mbps)
			if math.Abs(a.Mbps/b.Mbps-1) > 0.08 {
				t.Errorf("abstract %.3f Mbit/s, waveform %.3f", a.Mbps, b.Mbps)
			}
			for i := range ours {
				x, y := &ours[i], &theirs[i]
				t.Logf("UE %d: BLER %.3f, %.3f; MCS %.2f, %.2f; %.3f, %.3f Mbit/s; OLLA %.2f, %.2f", x.UE, x.BLER1, y.BLER1, x.MCSMean, y.MCSMean, x.Mbps, y.Mbps, x.OLLAdB, y.OLLAdB)
				if math.Abs(x.BLER1-y.BLER1) > 0.03 || math.Abs(x.MCSMean-y.MCSMean) > 1 {
					t.Errorf("UE %d: BLER %.3f and %.3f, mean MCS %.2f and %.2f", x.UE, x.BLER1, y.BLER1, x.MCSMean, y.MCSMean)
				}
			}
		})
	}
}

// TestPairs lets two UEs share PRBs, which the receiver detects jointly: with four antennas
// that carries more than PRBs of their own do.
func TestPairs(t *testing.T) {
	if testing.Short() {
		t.Skip("800 slots of waveforms")
	}
	const slots = 400
	cfg := testConfig(4, mac.ProportionalFair{}, Traffic{})
	cfg.NewAir, cfg.NumRx = NewWaveform, 4
	_, alone := runLoop(t, cfg, slots)
	cfg.MAC.Pairing = mac.PairingConfig{Enabled: true, MinSINRdB: 3, LossDB: 3}
	ues, paired := runLoop(t, cfg, slots)
	t.Logf("alone %.2f Mbit/s, in pairs %.2f on %.2f of the PRBs", alone.Mbps, paired.Mbps, paired.PRBUse)
	if paired.Mbps < 1.15*alone.Mbps || paired.PRBUse < 1.2 {
		t.Errorf("alone %.2f Mbit/s, in pairs %.2f on %.2f of the PRBs", alone.Mbps, paired.Mbps, paired.PRBUse)
	}
	for _, u := range ues {
		if u.BLER1 > 0.2 {
			t.Errorf("UE %d: BLER %.3f", u.UE, u.BLER1)
		}
	}
}
