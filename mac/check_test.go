// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// again returns the first grant that sends a block again, or nil.
func again(s *nr.Schedule) *nr.Grant { return grantOf(s, false) }

// fresh returns the first grant of a new block, or nil.
func fresh(s *nr.Schedule) *nr.Grant { return grantOf(s, true) }

func grantOf(s *nr.Schedule, newData bool) *nr.Grant {
	for i := range s.Grants {
		if s.Grants[i].NewData == newData {
			return &s.Grants[i]
		}
	}
	return nil
}

// spoilers break one rule each, and report whether the schedule allowed that.
var spoilers = map[string]func(s *nr.Schedule) bool{
	"slots ascend": func(s *nr.Schedule) bool {
		if s.Slot < 3 {
			return false
		}
		s.Slot = 1
		return true
	},
	"at most MaxGrants": func(s *nr.Schedule) bool {
		for len(s.Grants) > 0 && len(s.Grants) <= 20 {
			s.Grants = append(s.Grants, s.Grants[0])
		}
		return len(s.Grants) > 0
	},
	"grants are valid, alone and together": func(s *nr.Schedule) bool {
		if len(s.Grants) < 2 {
			return false
		}
		s.Grants[1].StartPRB = s.Grants[0].StartPRB
		return s.Grants[0].NumPRB != s.Grants[1].NumPRB
	},
	"a grant is for an attached UE": func(s *nr.Schedule) bool {
		if len(s.Grants) == 0 {
			return false
		}
		s.Grants[0].RNTI = 999
		return true
	},
	"the UE has the HARQ process": func(s *nr.Schedule) bool {
		if len(s.Grants) == 0 {
			return false
		}
		s.Grants[0].HARQProcess = 12
		return true
	},
	"a grant has the pattern of its UE": func(s *nr.Schedule) bool {
		if len(s.Grants) == 0 {
			return false
		}
		s.Grants[0].XOverhead = 6
		return true
	},
	"one grant a UE and slot": func(s *nr.Schedule) bool {
		if len(s.Grants) < 2 {
			return false
		}
		s.Grants[1].RNTI = s.Grants[0].RNTI
		return s.Grants[0].HARQProcess != s.Grants[1].HARQProcess
	},
	"a new block is sent in redundancy version 0": func(s *nr.Schedule) bool {
		g := fresh(s)
		if g == nil {
			return false
		}
		g.RV = 1
		return true
	},
	"a new block has a free process": func(s *nr.Schedule) bool {
		g := again(s)
		if g == nil {
			return false
		}
		g.NewData = true
		return true
	},
	"redundancy versions 0, 2, 3, 1": func(s *nr.Schedule) bool {
		g := again(s)
		if g == nil {
			return false
		}
		g.RV = 0
		return true
	},
	"a retransmission has the size of its block": func(s *nr.Schedule) bool {
		g := again(s)
		if g == nil || g.MCSIndex == 0 {
			return false
		}
		g.MCSIndex--
		return true
	},
	"a block is no larger than what its UE has": func(s *nr.Schedule) bool {
		if len(s.Grants) == 0 || !s.Grants[0].NewData || s.Grants[0].NumPRB > 3 {
			return false
		}
		s.Grants = s.Grants[:1]
		s.Grants[0].StartPRB, s.Grants[0].NumPRB = 0, 24
		return true
	},
}

// TestCheckerFindsEveryRule breaks one rule after the other in schedules that a cell makes,
// and checks that the checker names it, and that it has nothing against them as they are.
func TestCheckerFindsEveryRule(t *testing.T) {
	for rule, spoil := range spoilers {
		t.Run(rule, func(t *testing.T) {
			cfg := mac.Config{Carrier: narrow, Scheduler: mac.RoundRobin{}, MaxGrants: 20}
			l := newLoop(t, cfg, 2, 5)
			checker := mac.NewChecker(cfg)
			for i := range 3 {
				term := &terminal{rnti: uint16(i + 1), snrDB: 10}
				if i > 0 || rule == "a block is no larger than what its UE has" {
					term.rate = 4
				}
				l.attach(t, term, mac.UEConfig{NumProcesses: 8})
			}
			for u := range l.cell.All {
				checker.Attach(u)
			}
			for range 2000 {
				var spoilt nr.Schedule
				l.spy = func(at nr.Slot, fb []mac.Feedback) {
					for i := range fb {
						checker.Feedback(at, &fb[i])
					}
				}
				l.asked = checker.Request
				l.step(t)
				spoilt.Set(l.sched.Slot, l.sched.Grants...)
				if !spoil(&spoilt) {
					if err := checker.Schedule(&l.sched); err != nil {
						t.Fatal(err)
					}
					continue
				}
				var broken *mac.CheckError
				if err := checker.Schedule(&spoilt); !errors.As(err, &broken) || broken.Rule != rule {
					t.Fatalf("got %v, want %q", err, rule)
				}
				return
			}
			t.Fatal("no schedule in which the rule can be broken")
		})
	}
}

// TestCheckerTiming checks that a process is not used before its feedback, nor after a pass,
// nor too often.
func TestCheckerTiming(t *testing.T) {
	cfg := mac.Config{Carrier: narrow, FeedbackSlots: 4, MaxTransmissions: 2}
	g := pattern()
	g.RNTI, g.NumPRB, g.MCSIndex, g.NewData = 1, 1, 4, true
	again := g
	again.NewData, again.RV = false, 2
	third := again
	third.RV = 3
	schedule := func(slot nr.Slot, g nr.Grant) *nr.Schedule {
		return &nr.Schedule{Slot: slot, Grants: []nr.Grant{g}}
	}
	fed := func(o nr.Outcome) *mac.Feedback { return &mac.Feedback{RNTI: 1, Outcome: o} }
	for name, c := range map[string]struct {
		play func(c *mac.Checker) error
		rule string
	}{
		"before its feedback": {func(c *mac.Checker) error { return c.Schedule(schedule(12, again)) },
			"a process is used once until its feedback has come or is overdue"},
		"after its feedback": {func(c *mac.Checker) error {
			c.Feedback(10, fed(nr.OutcomeFailed))
			return c.Schedule(schedule(12, again))
		}, ""},
		"overdue":         {func(c *mac.Checker) error { return c.Schedule(schedule(15, again)) }, ""},
		"not yet overdue": {func(c *mac.Checker) error { return c.Schedule(schedule(14, again)) }, "a process is used once until its feedback has come or is overdue"},
		"after a pass": {func(c *mac.Checker) error {
			c.Feedback(10, fed(nr.OutcomePassed))
			return c.Schedule(schedule(12, again))
		}, "only a block that was sent is sent again"},
		"never sent by a UE": {func(c *mac.Checker) error {
			c.Feedback(10, fed(nr.OutcomeAbsent))
			return c.Schedule(schedule(12, again))
		}, "only a block that was sent is sent again"},
		"too often": {func(c *mac.Checker) error {
			if err := c.Schedule(schedule(15, again)); err != nil {
				return err
			}
			return c.Schedule(schedule(20, third))
		}, "only a block that was sent is sent again"},
		"nothing to send": {func(c *mac.Checker) error {
			c.Feedback(10, &mac.Feedback{RNTI: 1, Outcome: nr.OutcomePassed, BSR: mac.NewBSR(&[mac.NumLCGs]int{})})
			return c.Schedule(schedule(12, g))
		}, "a new block is for a UE that has something to send"},
	} {
		t.Run(name, func(t *testing.T) {
			checker := mac.NewChecker(cfg)
			checker.Attach(&mac.UE{RNTI: 1, Config: mac.UEConfig{Grant: pattern()}, Requested: true})
			if err := checker.Schedule(schedule(10, g)); err != nil {
				t.Fatal(err)
			}
			var broken *mac.CheckError
			err := c.play(checker)
			if c.rule == "" && err != nil || c.rule != "" && (!errors.As(err, &broken) || broken.Rule != c.rule) {
				t.Errorf("got %v, want %q", err, c.rule)
			}
		})
	}
}

// FuzzChecker holds random schedules, made of spoilt good ones, to the rules: nothing
// panics, and whatever the checker lets pass, the receiver takes.
func FuzzChecker(f *testing.F) {
	f.Add(uint64(1), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	f.Fuzz(func(t *testing.T, seed uint64, spoil []byte) {
		cfg := mac.Config{Carrier: narrow, Pairing: mac.PairingConfig{Enabled: true, LossDB: 1}}
		l := newLoop(t, cfg, 2, seed)
		l.lose, l.late = 0.1, 0.1
		checker := mac.NewChecker(cfg)
		for i := range 4 {
			l.attach(t, &terminal{rnti: uint16(i + 1), snrDB: 10, rate: float64(i * 50)}, mac.UEConfig{})
		}
		for u := range l.cell.All {
			checker.Attach(u)
		}
		l.asked = checker.Request
		l.spy = func(at nr.Slot, fb []mac.Feedback) {
			for i := range fb {
				checker.Feedback(at, &fb[i])
			}
		}
		for len(spoil) >= 4 {
			l.step(t)
			s := nr.Schedule{Slot: l.sched.Slot, Grants: append([]nr.Grant(nil), l.sched.Grants...)}
			x := int(int16(binary.LittleEndian.Uint16(spoil[2:])))
			if n := len(s.Grants); n > 0 {
				g := &s.Grants[int(spoil[0])%n]
				field := [...]*int{&g.StartPRB, &g.NumPRB, &g.MCSIndex, &g.RV, &g.HARQProcess, &g.StartSymbol, &g.NumSymbols, &g.NumLayers, &g.DMRS.ConfigType, &g.TBSLBRM, &g.NID}
				*field[int(spoil[1])%len(field)] += x
				if spoil[1]&0x80 != 0 {
					g.NewData = !g.NewData
				}
				if spoil[1]&0x40 != 0 {
					s.Grants = append(s.Grants, *g)
				}
			}
			spoil = spoil[4:]
			if err := checker.Schedule(&s); err == nil {
				if err := s.Validate(&cfg.Carrier); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// FuzzCell calls a cell in any order and with anything: nothing panics, and the checker
// finds nothing.
func FuzzCell(f *testing.F) {
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz0123456789"))
	f.Add([]byte{0, 1, 0, 2, 5, 9, 5, 9, 5, 1, 1, 0, 3, 200, 5, 5, 5, 5, 2, 1, 4, 4})
	f.Fuzz(func(t *testing.T, ops []byte) {
		policies := []mac.Scheduler{mac.RoundRobin{}, mac.ProportionalFair{}, mac.MaxRate{}, mac.QoSAware{}}
		if len(ops) == 0 {
			return
		}
		cell, err := mac.New(mac.Config{
			Carrier: narrow, Scheduler: policies[ops[0]%4], Check: true, MaxUEs: 6, MaxGrants: 5, K2: int(ops[0] & 3), FeedbackSlots: 3,
			Pairing: mac.PairingConfig{Enabled: ops[0]&16 != 0, LossDB: 1, MinSINRdB: -20},
		})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(uint64(ops[0]), 1))
		slot, s := nr.Slot(0), nr.Schedule{}
		for i := 1; i+1 < len(ops); i += 2 {
			rnti, x := uint16(ops[i+1]%8), ops[i+1]
			switch ops[i] % 8 {
			case 0:
				g := pattern()
				g.NumLayers, g.NumAntennaPorts = 1+int(x>>6)%2, 1+int(x>>6)%2
				g.DMRS.Ports = [4]uint8{0, 1}
				_ = cell.Attach(rnti, mac.UEConfig{Grant: g, StartSINRdB: float64(x) / 8, NumProcesses: int(x) % 5})
			case 1:
				cell.Detach(rnti)
			case 2:
				cell.Request(rnti)
			case 3:
				cell.SetBudget(float64(x) * 10)
			case 4:
				sinr := make([]float32, int(x)%16)
				for k := range sinr {
					sinr[k] = float32(rng.NormFloat64() * 20)
				}
				cell.Sound(rnti, slot, sinr)
				cell.Measured(slot, float64(x)*5)
			default:
				slot += nr.Slot(1 + x%3)
				if err := cell.Schedule(&s, slot); err != nil {
					t.Fatal(err)
				}
			}
			for k := range s.Grants {
				if rng.IntN(3) > 0 {
					continue
				}
				fb := mac.Feedback{
					RNTI: s.Grants[k].RNTI, HARQProcess: uint8(s.Grants[k].HARQProcess), Outcome: nr.Outcome(rng.IntN(9)),
					SINRObserved: rng.IntN(2) == 0, SINRdB: float32(rng.NormFloat64() * 30), Iterations: uint8(rng.IntN(30)),
					HasPHR: rng.IntN(4) == 0, PHR: uint8(rng.IntN(256)), BSR: mac.BSR{Format: mac.BSRFormat(rng.IntN(4)), LCGs: uint8(rng.IntN(256))},
				}
				fb.BSR.Levels[rng.IntN(mac.NumLCGs)] = uint8(rng.IntN(256))
				cell.Feedback(slot-nr.Slot(rng.IntN(2)), []mac.Feedback{fb})
			}
		}
	})
}
