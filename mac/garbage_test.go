// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestGarbage tells cells what no receiver says: numbers that are none, levels, processes and
// slots that there are not, measurements far beyond any channel, UEs that come and go under
// one RNTI. No schedule breaks a rule, and what a cell then knows another cell takes: a host
// that moves it never finds a context that is refused.
func TestGarbage(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 11))
		cfg := Config{Carrier: nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}, MaxUEs: 8, K2: rng.IntN(4), Check: true}
		if rng.IntN(2) == 0 {
			cfg.Pairing = PairingConfig{Enabled: true, LossDB: 100, MinSINRdB: -100}
		}
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var s nr.Schedule
		for slot := range nr.Slot(400) {
			garbage(rng, c, slot)
			if err := c.Schedule(&s, slot); err != nil {
				t.Fatalf("seed %d, slot %d: %v", seed, slot, err)
			}
			if slot%20 == 19 {
				carryOver(t, c, cfg, seed)
			}
		}
	}
}

// garbage does a few things to a cell.
func garbage(rng *rand.Rand, c *Cell, slot nr.Slot) {
	number := func() float64 {
		return []float64{0, 1, -1, 50, 99.9, -99.9, 1e9, -1e9, math.NaN(), math.Inf(1), math.Inf(-1), 400}[rng.IntN(12)]
	}
	rnti := func() uint16 { return uint16(rng.IntN(6)) }
	c.Attach(rnti(), UEConfig{Grant: nr.Grant{
		NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, MCSTable: nr.MCSTable64QAM,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}, StartSINRdB: number()})
	if rng.IntN(20) == 0 {
		c.Detach(rnti())
	}
	for range rng.IntN(6) {
		f := Feedback{
			RNTI: rnti(), HARQProcess: uint8(rng.IntN(20)), Outcome: nr.Outcome(rng.IntN(10)), SINRObserved: rng.IntN(3) > 0,
			SINRdB: float32(number()), Iterations: uint8(rng.IntN(256)), HasPHR: true, PHR: uint8(rng.IntN(256)),
			BSR: BSR{Format: BSRFormat(rng.IntN(5)), LCGs: uint8(rng.IntN(256))},
		}
		for i := range f.BSR.Levels {
			f.BSR.Levels[i] = uint8(rng.IntN(256))
		}
		c.Feedback(slot+2-min(nr.Slot(rng.IntN(12)), slot+2), []Feedback{f})
	}
	c.Request(rnti())
	if rng.IntN(3) == 0 {
		values := make([]float32, c.NumRBGs()+rng.IntN(2))
		for i := range values {
			values[i] = float32(number())
			if rng.IntN(3) > 0 {
				values[i] = float32(rng.IntN(190) - 95)
			}
		}
		c.Sound(rnti(), slot, values)
	}
	c.Measured(slot-min(slot, nr.Slot(rng.IntN(9))), number())
	if rng.IntN(10) == 0 {
		c.SetBudget(number())
	}
}

// carryOver gives what a cell knows to another one.
func carryOver(t *testing.T, c *Cell, cfg Config, seed uint64) {
	t.Helper()
	next, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.SetState(c.State()); err != nil {
		t.Fatalf("seed %d: state: %v", seed, err)
	}
	for u := range c.All {
		if err := next.Restore(*u); err != nil {
			t.Fatalf("seed %d: UE %d: %v", seed, u.RNTI, err)
		}
	}
}

// TestQualityHasAnEnd measures a UE far above what its soundings say, for ever: the quality of
// its groups does not run away, and another cell takes the UE.
func TestQualityHasAnEnd(t *testing.T) {
	cfg := Config{Carrier: nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}, Check: true}
	for _, measured := range []float32{95, -95} {
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Attach(1, UEConfig{Grant: nr.Grant{
			NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, MCSTable: nr.MCSTable64QAM,
			DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
		}}); err != nil {
			t.Fatal(err)
		}
		values := make([]float32, c.NumRBGs())
		for i := range values {
			values[i] = 44 + float32(i%2)
		}
		c.Sound(1, 0, values)
		var s nr.Schedule
		for slot := range nr.Slot(3000) {
			c.Request(1)
			if err := c.Schedule(&s, slot); err != nil {
				t.Fatal(err)
			}
			for i := range s.Grants {
				c.Feedback(slot, []Feedback{{
					RNTI: 1, HARQProcess: uint8(s.Grants[i].HARQProcess), Outcome: nr.OutcomePassed, SINRObserved: true, SINRdB: measured,
					BSR: BSR{Format: LongBSR, LCGs: 1, Levels: [NumLCGs]uint8{255}},
				}})
			}
		}
		u, _ := c.UE(1)
		for i := range c.NumRBGs() {
			if q := u.Quality[i]; !(q >= -200 && q <= 200) {
				t.Errorf("measured %v dB: group %d stands at %v dB", measured, i, q)
			}
		}
		carryOver(t, c, cfg, 0)
	}
}
