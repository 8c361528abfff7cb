// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestBestSINR: a receiver that is told everything reaches the closed form, with
// antennas that are not alike and interferers, flat or not, and none exceeds it.
func TestBestSINR(t *testing.T) {
	const trials, snr = 20, 12
	flat := channel.Config{Profile: channel.Flat()}
	for _, c := range []struct {
		name        string
		antennas    []Antenna
		interferers []Interferer
		tolerance   float64 // dB
	}{
		{"alike", nil, nil, 0.1},
		{"noise", []Antenna{{}, {NoiseDB: 30}}, nil, 0.1},
		{"gain", []Antenna{{GainDB: -20}, {GainDB: 3}}, nil, 0.1},
		{"flat interferer", nil, []Interferer{{INRdB: 30}}, 0.1},
		{"all at once", []Antenna{{NoiseDB: 3}, {GainDB: -10}}, []Interferer{{Channel: flat, INRdB: 10}, {INRdB: 20, StartPRB: 2, NumPRB: 4}}, 0.2},
		{"selective interferer", nil, []Interferer{{Channel: channel.Config{Profile: channel.TDLA30()}, INRdB: 10}}, 0.5},
	} {
		for _, receiver := range []string{PerfectCSI, "lmmse"} {
			cfg := singleUE(receiver, 8, flat)
			cfg.Antennas, cfg.Interferers = c.antennas, c.interferers
			p, err := NewPUSCH(cfg)
			if err != nil {
				t.Fatal(err)
			}
			short := 0.0
			for seed := range uint64(trials) {
				if _, err := p.Simulate(Trial{Seed: seed, SNRdB: snr}); err != nil {
					t.Fatal(err)
				}
				short += 10 * math.Log10(p.BestSINR(0)/p.SINR(0)) / trials
			}
			if short < -0.1 || receiver == PerfectCSI && short > c.tolerance {
				t.Errorf("%s, %s: SINR %.2f dB below the closed form, want 0…%.1f", c.name, receiver, short, c.tolerance)
			}
		}
	}
}

// TestSilent: UEs that do not transmit change nothing that the others send, are not
// counted, and have no channel.
func TestSilent(t *testing.T) {
	cfg := singleUE("lmmse", 8, channel.Config{Profile: channel.Flat()})
	other := cfg.UEs[0]
	other.Grant.RNTI, other.Grant.DMRS.Ports[0], other.Silent = 2, 1, true
	alone, err := NewPUSCH(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.UEs = append([]UE{other}, cfg.UEs...)
	beside, err := NewPUSCH(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(10) {
		trial := Trial{Seed: seed, SNRdB: 15}
		if _, err := alone.Simulate(trial); err != nil {
			t.Fatal(err)
		}
		o, err := beside.Simulate(trial)
		if err != nil {
			t.Fatal(err)
		}
		if o.Blocks != 1 || !beside.Last().Absent[0] || beside.Last().Absent[1] {
			t.Errorf("seed %d: %+v, %+v", seed, o, beside.Last())
		}
		if a, b := alone.BestSINR(0), beside.BestSINR(1); math.Abs(a/b-1) > 1e-9 {
			t.Errorf("seed %d: closed form %g alone, %g beside a silent UE", seed, a, b)
		}
		for i, x := range alone.grid.RE.Data() {
			if beside.grid.RE.Data()[i] != x {
				t.Fatalf("seed %d: element %d is %v alone, %v beside a silent UE", seed, i, x, beside.grid.RE.Data()[i])
			}
		}
	}
}

// TestAddedIsApart: what interferers add leaves data, channel and noise as they are.
func TestAddedIsApart(t *testing.T) {
	cfg := singleUE("ls", 8, channel.Config{Profile: channel.Flat()})
	without, err := NewPUSCH(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Interferers = []Interferer{{INRdB: 20, StartPRB: 3, NumPRB: 2}}
	with, err := NewPUSCH(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*PUSCH{without, with} {
		if _, err := p.Simulate(Trial{Seed: 5, SNRdB: 10}); err != nil {
			t.Fatal(err)
		}
	}
	changed := 0
	for i, x := range without.grid.RE.Data() {
		prb := i % cfg.Carrier.NumSubcarriers() / nr.SubcarriersPerPRB
		if with.grid.RE.Data()[i] != x {
			changed++
			if prb < 3 || prb > 4 {
				t.Fatalf("PRB %d is disturbed", prb)
			}
		}
	}
	if want := 2 * nr.SymbolsPerSlot * 2 * nr.SubcarriersPerPRB; changed != want {
		t.Errorf("%d elements are disturbed, want %d", changed, want)
	}
}

func TestSurroundingsRefuse(t *testing.T) {
	for _, change := range []func(*PUSCHConfig){
		func(c *PUSCHConfig) { c.Antennas = make([]Antenna, 3) },
		func(c *PUSCHConfig) { c.Antennas = []Antenna{{}, {NoiseDB: -1}} },
		func(c *PUSCHConfig) { c.Antennas = []Antenna{{}, {NoiseDB: math.NaN()}} },
		func(c *PUSCHConfig) { c.Interferers = []Interferer{{StartPRB: 7, NumPRB: 2}} },
		func(c *PUSCHConfig) { c.Interferers = []Interferer{{StartPRB: -1}} },
	} {
		cfg := singleUE("ls", 8, channel.Config{Profile: channel.Flat()})
		change(&cfg)
		var field *nr.FieldError
		if _, err := NewPUSCH(cfg); !errors.As(err, &field) {
			t.Errorf("%+v, %+v: %v, want a field error", cfg.Antennas, cfg.Interferers, err)
		}
	}
}

// TestInterferers: what an interferer costs beyond the closed form, which already
// counts the dimension that it takes: next to nothing where it is flat, also where one
// PRB has few more pilots than there are antennas, and a bounded share where its
// direction changes over the band.
func TestInterferers(t *testing.T) {
	const trials, snr, inr = 40, 10, 30
	for _, c := range []struct {
		profile channel.Profile
		prb, rx int
		limit   float64 // dB
	}{
		{channel.Flat(), 1, 4, 0.8}, {channel.Flat(), 1, 8, 0.8}, {channel.Flat(), 24, 8, 0.5},
		{channel.TDLA30(), 24, 4, 3.5}, {channel.TDLC300(), 4, 4, 9}, {channel.TDLC300(), 4, 8, 5.5},
	} {
		for _, receiver := range []string{"ls", "lmmse"} {
			lost := [2]float64{} // without and with
			for i := range lost {
				cfg := singleUE(receiver, c.prb, channel.Config{Profile: channel.Flat()})
				cfg.NumRx = c.rx
				if i == 1 {
					cfg.Interferers = []Interferer{{Channel: channel.Config{Profile: c.profile}, INRdB: inr}}
				}
				p, err := NewPUSCH(cfg)
				if err != nil {
					t.Fatal(err)
				}
				for seed := range uint64(trials) {
					if _, err := p.Simulate(Trial{Seed: seed, SNRdB: snr}); err != nil {
						t.Fatal(err)
					}
					lost[i] += 10 * math.Log10(p.BestSINR(0)/p.SINR(0)) / trials
				}
			}
			if beyond := lost[1] - lost[0]; beyond > c.limit {
				t.Errorf("%s, %s, %d PRBs, %d antennas: an interferer of %d dB costs %.2f dB beyond the closed form, want at most %.1f",
					receiver, c.profile.Name, c.prb, c.rx, inr, beyond, c.limit)
			}
		}
	}
}
