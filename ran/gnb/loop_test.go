// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// testConfig returns a cell of 24 PRBs with n UEs from 4 to 22 dB.
func testConfig(n int, scheduler mac.Scheduler, traffic Traffic) Config {
	cfg := Config{
		MAC: mac.Config{
			Carrier:   nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512},
			Scheduler: scheduler, K2: 2, FeedbackSlots: 4, Check: true,
		},
		Seed: 1,
	}
	for i := range n {
		snr := 4 + 18*float64(i)/float64(max(n-1, 1))
		u := UE{RNTI: uint16(i + 1), Traffic: traffic, Trajectory: Fixed(snr, 20), Profile: channel.TDLB100()}
		u.MAC = mac.UEConfig{StartSINRdB: snr, Grant: nr.Grant{
			NID: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, MCSTable: nr.MCSTable64QAM,
			DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, AdditionalPosition: 1, NumCDMGroupsWithoutData: 2},
		}}
		cfg.UEs = append(cfg.UEs, u)
	}
	return cfg
}

// runLoop runs a configuration and returns its report.
func runLoop(t testing.TB, cfg Config, slots int) ([]UEReport, Summary) {
	t.Helper()
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Run(slots); err != nil {
		t.Fatal(err)
	}
	return l.Report()
}

// TestOuterLoop meets its target for every UE that is not at an end of the MCS table,
// whatever the reported SINR is worth.
func TestOuterLoop(t *testing.T) {
	for _, bias := range []float64{-3, 0, 3} {
		t.Run(fmt.Sprint("bias=", bias), func(t *testing.T) {
			cfg := testConfig(4, mac.RoundRobin{}, Traffic{})
			cfg.BiasDB = bias
			ues, _ := runLoop(t, cfg, 12000)
			for _, u := range ues {
				t.Logf("%+v", u)
				if u.MCSMean > 1 && u.MCSMean < 26 && math.Abs(u.BLER1-0.1) > 0.02 {
					t.Errorf("UE %d: first-transmission BLER %.3f of %d, want 0.10 ± 0.02", u.UE, u.BLER1, u.First)
				}
			}
		})
	}
}

// TestTrafficIsServed carries packets at low load: all of them, soon.
func TestTrafficIsServed(t *testing.T) {
	cfg := testConfig(4, mac.RoundRobin{}, Traffic{Pattern: Poisson, Mbps: 1})
	ues, s := runLoop(t, cfg, 20000)
	for _, u := range ues {
		t.Logf("%+v", u)
		if math.Abs(u.Mbps-1) > 0.1 || u.DelayMsP99 > 100 || u.DelayMsP50 <= 1 {
			t.Errorf("UE %d: %.3f Mbit/s of 1, delay %.1f ms at p50 and %.1f at p99", u.UE, u.Mbps, u.DelayMsP50, u.DelayMsP99)
		}
	}
	if s.PRBUse > 0.6 {
		t.Errorf("%.2f of the PRBs are used", s.PRBUse)
	}
}

// TestOneHistory repeats a run.
func TestOneHistory(t *testing.T) {
	cfg := testConfig(3, mac.ProportionalFair{}, Traffic{Pattern: OnOff, Mbps: 4})
	cfg.Impairments = Impairments{GrantLoss: 0.02, FeedbackLoss: 0.02, FeedbackJitter: 5}
	_, a := runLoop(t, cfg, 2000)
	_, b := runLoop(t, cfg, 2000)
	if a.History != b.History {
		t.Errorf("histories %s and %s (seed 1)", a.History, b.History)
	}
	cfg.Seed = 2
	if _, c := runLoop(t, cfg, 2000); c.History == a.History {
		t.Error("seeds 1 and 2 have one history")
	}
}

// TestComeAndGo lets a UE arrive late and leave early.
func TestComeAndGo(t *testing.T) {
	cfg := testConfig(3, mac.RoundRobin{}, Traffic{})
	cfg.UEs[1].Arrive, cfg.UEs[1].Leave = 100*time.Millisecond, 300*time.Millisecond
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Watch(func(s *nr.Schedule, heard []Reception) {
		for i := range s.Grants {
			at := slotTime(&cfg.MAC.Carrier, s.Slot)
			if s.Grants[i].RNTI == 2 && (at < cfg.UEs[1].Arrive || at > cfg.UEs[1].Leave+2*time.Millisecond) {
				t.Errorf("a grant at %v", at)
			}
		}
	})
	if err := l.Run(1000); err != nil {
		t.Fatal(err)
	}
	ues, _ := l.Report()
	if u := ues[1]; u.First == 0 || u.Mbps == 0 {
		t.Errorf("got %+v", u)
	}
}

// TestStepNoAllocs runs slots of a cell whose buffers have grown.
func TestStepNoAllocs(t *testing.T) {
	cfg := testConfig(8, mac.ProportionalFair{}, Traffic{Pattern: Poisson, Mbps: 1})
	cfg.MAC.Check = false
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Run(4000); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(2000, func() {
		if err := l.Step(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a slot, want 0", n)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, hz := range []float64{3, 20, 100} {
		b.Run(fmt.Sprintf("ues=8/doppler=%g", hz), func(b *testing.B) {
			cfg := testConfig(8, mac.ProportionalFair{}, Traffic{})
			cfg.MAC.Check = false
			for i := range cfg.UEs {
				cfg.UEs[i].Trajectory[0].DopplerHz = hz
			}
			l, err := New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Step(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestOuterLoopComesBack keeps a UE beyond an end of the MCS table for 10⁴ transmissions, where
// the outer loop must not wind up, and then brings its channel back by 20 dB: the offset is
// within 1 dB of where it stays in at most 300 first transmissions.
func TestOuterLoopComesBack(t *testing.T) {
	for name, snr := range map[string][2]float64{"above": {35, 15}, "below": {-18, 2}} {
		t.Run(name, func(t *testing.T) {
			const slots = 10_000
			cfg := testConfig(1, mac.RoundRobin{}, Traffic{})
			moved := slotTime(&cfg.MAC.Carrier, slots)
			cfg.UEs[0].Trajectory = Trajectory{{At: 0, SNRdB: snr[0], DopplerHz: 20}, {At: moved, SNRdB: snr[0], DopplerHz: 20}, {At: moved, SNRdB: snr[1], DopplerHz: 20}}
			l, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := l.Run(slots); err != nil {
				t.Fatal(err)
			}
			end, _ := l.UE(0)
			first, final := comesBack(t, l)
			t.Logf("offset %.1f dB beyond the table, %.1f dB back in it, after %d first transmissions", end.Loop.OffsetDB, final, first)
			if math.Abs(end.Loop.OffsetDB) > 10 {
				t.Errorf("offset %.1f dB: the loop has wound up", end.Loop.OffsetDB)
			}
			if first > 300 {
				t.Errorf("within 1 dB of %.1f dB after %d first transmissions, want 300 at most", final, first)
			}
		})
	}
}

// TestOuterLoopStep changes the bias of reports by 10 dB, up and down: the offset comes
// within 1 dB of where it stays in at most 300 first transmissions.
func TestOuterLoopStep(t *testing.T) {
	cfg := testConfig(1, mac.RoundRobin{}, Traffic{})
	cfg.UEs[0].Trajectory = Fixed(12, 20)
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Run(4000); err != nil {
		t.Fatal(err)
	}
	for _, bias := range []float64{10, 0} {
		if err := l.SetBias(bias); err != nil {
			t.Fatal(err)
		}
		first, final := comesBack(t, l)
		t.Logf("bias %g dB: %.2f dB in the end, within 1 dB after %d first transmissions", bias, final, first)
		if first > 300 {
			t.Errorf("bias %g dB: %d first transmissions, want at most 300", bias, first)
		}
	}
}

// comesBack runs the loop of one UE on until its offset rests, and returns after how many first
// transmissions it was within 1 dB of where it stays, and where that is.
func comesBack(t *testing.T, l *Loop) (first int, final float64) {
	t.Helper()
	var offsets []float64 // after each first transmission
	for range 5000 {
		if err := l.Step(); err != nil {
			t.Fatal(err)
		}
		if u, _ := l.UE(0); len(offsets) == 0 || u.Loop.OffsetDB != offsets[len(offsets)-1] {
			offsets = append(offsets, u.Loop.OffsetDB)
		}
	}
	tail := offsets[len(offsets)/2:]
	for _, x := range tail {
		final += x / float64(len(tail))
	}
	for math.Abs(offsets[first]-final) > 1 {
		first++
	}
	return first, final
}

// BenchmarkAbstract is the air alone: a slot in which eight UEs send.
func BenchmarkAbstract(b *testing.B) {
	for _, hz := range []float64{3, 20, 100} {
		b.Run(fmt.Sprintf("ues=8/doppler=%g", hz), func(b *testing.B) {
			cfg := testConfig(8, mac.RoundRobin{}, Traffic{})
			air := AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, UEs: cfg.UEs, Seed: 1}
			for i := range 12 {
				air.RBGs = append(air.RBGs, RBG{2 * i, 2})
			}
			s, who := nr.Schedule{}, []int{}
			for i := range cfg.UEs {
				cfg.UEs[i].Trajectory[0].DopplerHz = hz
				g := cfg.UEs[i].MAC.Grant
				g.RNTI, g.StartPRB, g.NumPRB, g.MCSIndex, g.NewData = uint16(i+1), 3*i, 3, 8+2*i, true
				s.Grants, who = append(s.Grants, g), append(who, i)
			}
			a, err := NewAbstract(air)
			if err != nil {
				b.Fatal(err)
			}
			heard := make([]Reception, len(who))
			b.ReportAllocs()
			for b.Loop() {
				s.Slot++
				clear(heard)
				if err := a.Transmit(heard, &s, who); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAbstractRefuses lists what the abstract air cannot do: it says so.
func TestAbstractRefuses(t *testing.T) {
	cfg := testConfig(2, mac.RoundRobin{}, Traffic{})
	cfg.UEs[1].MAC.Grant.NumLayers, cfg.UEs[1].MAC.Grant.NumAntennaPorts = 2, 2
	cfg.UEs[1].MAC.Grant.DMRS.Ports = [nr.MaxLayers]uint8{0, 1}
	if _, err := New(cfg); err == nil {
		t.Error("two layers: accepted")
	}
	cfg = testConfig(2, mac.RoundRobin{}, Traffic{})
	a, err := NewAbstract(AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, UEs: cfg.UEs, RBGs: []RBG{{0, 24}}})
	if err != nil {
		t.Fatal(err)
	}
	s := nr.Schedule{Grants: []nr.Grant{cfg.UEs[0].MAC.Grant, cfg.UEs[1].MAC.Grant}}
	s.Grants[0].NumPRB, s.Grants[1].StartPRB, s.Grants[1].NumPRB = 12, 11, 4
	if err := a.Transmit(make([]Reception, 2), &s, []int{0, 1}); !errors.Is(err, nr.ErrUnsupported) {
		t.Errorf("shared PRBs: got %v", err)
	}
}

// TestBoundedIterations gives UEs grants with a bound on the iterations of their blocks, which
// both airs honour, and of which the scheduler knows what it costs: the target of the outer
// loop is met all the same.
func TestBoundedIterations(t *testing.T) {
	for name, air := range map[string]func(AirConfig) (Air, error){"abstract": NewAbstract, "waveform": NewWaveform} {
		t.Run(name, func(t *testing.T) {
			const bound, slots = 4, 300
			cfg := testConfig(3, mac.RoundRobin{}, Traffic{})
			cfg.NewAir = air
			for i := range cfg.UEs {
				cfg.UEs[i].MAC.Grant.MaxIterations = bound
			}
			l, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			taken := map[uint8]int{}
			l.Watch(func(_ *nr.Schedule, heard []Reception) {
				for i := range heard {
					taken[heard[i].Iterations]++
				}
			})
			if err := l.Run(slots); err != nil {
				t.Fatal(err)
			}
			for n, blocks := range taken {
				if n == 0 || n > bound {
					t.Errorf("%d blocks took %d iterations, want 1…%d", blocks, n, bound)
				}
			}
			ues, _ := l.Report()
			for _, u := range ues {
				t.Logf("UE %d: BLER %.3f, MCS %.1f, offset %.2f dB", u.UE, u.BLER1, u.MCSMean, u.OLLAdB)
				if u.BLER1 > 0.25 {
					t.Errorf("UE %d: BLER %.3f", u.UE, u.BLER1)
				}
			}
		})
	}
}
