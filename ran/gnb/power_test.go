// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestPowerControl has a UE near the cell and one at its edge, whose power lasts for four PRBs
// at the density that is asked for (a report is rounded down by up to 1 dB). Both arrive with that density, whatever their path loss; the
// scheduler sees the headroom of the second one and gives it no more PRBs than that, so that
// its MCS is that of the density.
func TestPowerControl(t *testing.T) {
	for name, air := range map[string]func(AirConfig) (Air, error){"abstract": NewAbstract, "waveform": NewWaveform} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(2, mac.RoundRobin{}, Traffic{})
			cfg.NewAir = air
			c := &cfg.MAC.Carrier
			noise := ThermalNoiseDBm(c, 5)
			const wantDB = 12 // SNR of a PRB
			control := mac.PowerControl{P0dBm: noise + wantDB - 10*math.Log10(2), Alpha: 1, PCMAX: 23}
			for i, snr := range []float64{45, wantDB + 10*math.Log10(4) + 1.2} {
				cfg.UEs[i].Trajectory = Fixed(snr, 20)
				cfg.UEs[i].Power = Power{Control: control, NoiseDBm: noise}
			}
			l, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			const start, slots = 100, 500
			var most [2]int
			l.Watch(func(s *nr.Schedule, _ []Reception) {
				for i := range s.Grants {
					if s.Slot > start {
						at := l.index[s.Grants[i].RNTI]
						most[at] = max(most[at], s.Grants[i].NumPRB)
					}
				}
			})
			if err := l.Run(slots); err != nil {
				t.Fatal(err)
			}
			ues, _ := l.Report()
			t.Logf("near: MCS %.1f, at most %d PRBs; at the edge: MCS %.1f, at most %d PRBs", ues[0].MCSMean, most[0], ues[1].MCSMean, most[1])
			if most[0] < 12 || most[1] > 4 || most[1] < 3 {
				t.Errorf("at most %v PRBs, want 12 and more, and 4", most)
			}
			if d := math.Abs(ues[0].MCSMean - ues[1].MCSMean); d > 2.5 {
				t.Errorf("mean MCS %.1f and %.1f: not of one power density", ues[0].MCSMean, ues[1].MCSMean)
			}
		})
	}
}

// TestPowerIsValidated refuses what no UE has.
func TestPowerIsValidated(t *testing.T) {
	for _, p := range []Power{{Control: mac.PowerControl{Alpha: 2}}, {Control: mac.PowerControl{PCMAX: math.NaN()}}, {NoiseDBm: math.Inf(-1)}} {
		cfg := testConfig(1, mac.RoundRobin{}, Traffic{})
		cfg.UEs[0].Power = p
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", p)
		}
	}
}
