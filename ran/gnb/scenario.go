// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// Scenario is a small world of cells that are alike: UEs whose mean signal to noise ratios
// are spread evenly, with equal traffic, over TDLB100 on a carrier of 24 PRBs at 30 kHz
// and two receive antennas. It is passed by value.
type Scenario struct {
	UEs       int     // of each cell, 1…64
	Cells     int     // 1…16
	Scheduler string  // rr, pf, max or qos
	Air       string  // abstract, waveform, or recorded: abstract, with the receiver at work on samples made in advance
	Receiver  string  // ls, lmmse or neural
	Traffic   Traffic // of every UE
	DopplerHz float64 // of every UE
	SNRFrom   float64 // mean SNR of the first UE, dB
	SNRTo     float64 // and of the last one

	BiasDB        float64 // by how much reported SINRs are too high
	FeedbackSlots int     // from a transmission to its feedback
	BudgetMicros  float64 // receiver work per slot, see [mac.Config]; 0 for no bound
	Samples       bool    // see [AirConfig]
	Slots         int     // slots to run
	Check         bool    // every schedule is checked, see [mac.Config]
	Seed          uint64  // everything random follows from it
	RealTime      bool    // a slot begins when the clock says so
	FIFO          bool    // then clock and receiver run before all other threads of the machine, if the kernel lets them (SCHED_FIFO)
}

// DefaultScenario is four UEs of 4 to 22 dB with full buffers for 2 000 slots.
func DefaultScenario() Scenario {
	return Scenario{
		UEs: 4, Cells: 1, Scheduler: "pf", Air: "abstract", Receiver: "lmmse", DopplerHz: 20, SNRFrom: 4, SNRTo: 22,
		FeedbackSlots: 4, Slots: 2000, Seed: 1,
	}
}

// Validate reports the first field out of range, as a [*nr.FieldError].
func (s *Scenario) Validate() error {
	for _, f := range []struct {
		name, got string
		want      []string
	}{
		{"scheduler", s.Scheduler, []string{"rr", "pf", "max", "qos"}},
		{"air", s.Air, []string{"abstract", "waveform", "recorded"}},
		{"receiver", s.Receiver, []string{"ls", "lmmse", "neural"}},
	} {
		if !slices.Contains(f.want, f.got) {
			return &nr.FieldError{Field: f.name, Got: f.got, Want: "one of " + strings.Join(f.want, ", ")}
		}
	}
	for _, f := range []struct {
		name        string
		got, lo, hi float64
	}{
		{"ues", float64(s.UEs), 1, 64}, {"cells", float64(s.Cells), 1, 16}, {"slots", float64(s.Slots), 1, 1 << 40},
		{"feedback", float64(s.FeedbackSlots), 1, 1024}, {"doppler", s.DopplerHz, 0, 1e4},
		{"snr", s.SNRFrom, -50, 100}, {"snr", s.SNRTo, -50, 100}, {"bias", s.BiasDB, -50, 50}, {"budget", s.BudgetMicros, 0, 1e9},
	} {
		if !(f.got >= f.lo && f.got <= f.hi) {
			return &nr.FieldError{Field: f.name, Got: f.got, Want: fmt.Sprintf("%g…%g", f.lo, f.hi)}
		}
	}
	switch {
	case s.FIFO && !s.RealTime:
		return &nr.FieldError{Field: "fifo", Got: true, Want: "false in virtual time"}
	case s.Samples && s.Air == "abstract":
		return &nr.FieldError{Field: "samples", Got: "the abstract air", Want: "waveform or recorded"}
	}
	return s.Traffic.Validate()
}

// Config returns the configuration of one of the cells, the air left out.
func (s *Scenario) Config(cell int) (Config, error) {
	policy, err := mac.NewScheduler(s.Scheduler)
	if err != nil {
		return Config{}, err
	}
	cfg := Config{
		MAC: mac.Config{
			Carrier:   nr.Carrier{CellID: cell + 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512},
			Scheduler: policy, MaxUEs: s.UEs, K2: 2, FeedbackSlots: s.FeedbackSlots, BudgetMicros: s.BudgetMicros, Check: s.Check,
		},
		Receiver: s.Receiver, Samples: s.Samples, BiasDB: s.BiasDB, Seed: mixSeed(s.Seed, uint64(cell)),
	}
	for i := range s.UEs {
		snr := s.SNRFrom + (s.SNRTo-s.SNRFrom)*float64(i)/float64(max(s.UEs-1, 1))
		cfg.UEs = append(cfg.UEs, UE{
			RNTI: uint16(i + 1), Traffic: s.Traffic, Trajectory: Fixed(snr, s.DopplerHz), Profile: channel.TDLB100(),
			MAC: mac.UEConfig{StartSINRdB: snr, Grant: usualGrant(cell + 1)},
		})
	}
	return cfg, nil
}

// usualGrant is the pattern of grants: one layer in all symbols of the slot, two of them
// with DM-RS.
func usualGrant(id int) nr.Grant {
	d := nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, AdditionalPosition: 1, NumCDMGroupsWithoutData: 2}
	d.NID = [2]int{id, id}
	return nr.Grant{
		NID: id, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: nr.SymbolsPerSlot, MCSTable: nr.MCSTable64QAM, DMRS: d,
	}
}

// Result is what became of one cell.
type Result struct {
	Cell    int // 1 for the first one
	UEs     []UEReport
	Summary Summary
	Trace   *Trace
	Times   []StageTime // where the time of a slot goes, by the clock
	Decoded *Decoded    // what the receiver made of recorded samples; nil of another air
}
