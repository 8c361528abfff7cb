// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// TestFunction makes the same history with the scheduler as a function as without a
// runtime, whatever the number of workers.
func TestFunction(t *testing.T) {
	cfg := testConfig(5, mac.ProportionalFair{}, Traffic{Pattern: OnOff, Mbps: 4})
	cfg.Impairments = Impairments{GrantLoss: 0.02, FeedbackLoss: 0.02, FeedbackJitter: 5}
	ues, want := runLoop(t, cfg, 1500)
	for _, workers := range []int{1, 4} {
		t.Run(fmt.Sprint("workers=", workers), func(t *testing.T) {
			f, err := OpenFunction(cfg.MAC, sfaas.WithWorkers(workers))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			cfg.NewMaker = f.NewMaker
			got, s := runLoop(t, cfg, 1500)
			if s.History != want.History {
				t.Errorf("history %s, want %s", s.History, want.History)
			}
			for i := range got {
				if got[i].OLLAdB != ues[i].OLLAdB || got[i].MCSMean != ues[i].MCSMean {
					t.Errorf("got %+v, want %+v", got[i], ues[i])
				}
			}
		})
	}
}

// TestFunctionBesideReceiver makes the same history with scheduler and receiver in one graph,
// where the receiver tells the scheduler what becomes of grants, as without a runtime, where the
// loop does: also with the shortest delay, and with SINRs that are reported too high.
func TestFunctionBesideReceiver(t *testing.T) {
	for _, c := range []struct {
		delay   int
		bias    float64
		host    bool
		workers []int
	}{{8, 0, false, []int{1, 3}}, {1, 2, false, []int{1, 2}}, {2, -3, true, []int{2}}} {
		cfg := testConfig(3, mac.ProportionalFair{}, Traffic{Pattern: OnOff, Mbps: 8})
		cfg.Receiver, cfg.NewAir, cfg.BiasDB, cfg.MAC.FeedbackSlots = "ls", NewWaveform, c.bias, c.delay
		cfg.UEs[1].Bearers = []Bearer{{LCG: 3, Traffic: Traffic{Pattern: FullBuffer}, Channel: mac.LogicalChannel{Priority: 5}}}
		_, want := runLoop(t, cfg, 120)
		for _, workers := range c.workers {
			s, err := OpenStation(AirConfig{
				Carrier: cfg.MAC.Carrier, NumRx: 2, Receiver: "ls", Scheduler: cfg.MAC, FeedbackByHost: c.host, Workers: workers,
			})
			if err != nil {
				t.Fatal(err)
			}
			cfg.NewAir, cfg.NewMaker = s.NewAir, s.NewMaker
			_, got := runLoop(t, cfg, 120)
			if got.History != want.History {
				t.Errorf("%d workers, feedback after %d slots: history %s, want %s", workers, c.delay, got.History, want.History)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFeedbackInside refuses what a loop cannot have where the receiver tells the scheduler what
// becomes of grants.
func TestFeedbackInside(t *testing.T) {
	cfg := testConfig(2, mac.RoundRobin{}, Traffic{})
	s, err := OpenStation(AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, Receiver: "ls", Scheduler: cfg.MAC})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cfg.NewMaker, cfg.Receiver = s.NewMaker, "ls"
	for name, change := range map[string]func(c *Config){
		"outcomes that are drawn":    func(*Config) {},
		"the receiver of another":    func(c *Config) { c.NewAir = NewWaveform },
		"feedback that is lost":      func(c *Config) { c.NewAir, c.Impairments.FeedbackLoss = s.NewAir, 0.1 },
		"feedback that is late":      func(c *Config) { c.NewAir, c.Impairments.FeedbackJitter = s.NewAir, 2 },
		"feedback of somebody else":  func(c *Config) { c.NewAir, c.Quality = s.NewAir, func([]float32, int, nr.Slot) {} },
		"recorded samples":           func(c *Config) { c.NewAir = s.NewRecorded },
		"feedback after other slots": func(c *Config) { c.NewAir, c.MAC.FeedbackSlots = s.NewAir, 11 },
		"a bias that cannot be":      func(c *Config) { c.NewAir, c.BiasDB = s.NewAir, 80 },
	} {
		x := cfg
		change(&x)
		if _, err := New(x); !errors.As(err, new(*nr.FieldError)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	cfg.NewAir = s.NewAir
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Run(30), l.Close()); err != nil {
		t.Error(err)
	}
}

// TestUnitsMove moves the units of scheduler (Kept) and receiver (Fed) to and fro between two
// runtimes while the loop runs: no tick is without a schedule, no context is lost, no schedule
// breaks a rule (mac.Check, whose error would end the loop), and what is lost of blocks are
// the grants that a move has let fall between the two units, each of them counted.
func TestUnitsMove(t *testing.T) {
	cfg := testConfig(3, mac.ProportionalFair{}, Traffic{})
	cfg.Receiver, cfg.MAC.FeedbackSlots, cfg.MAC.MaxTransmissions = "ls", 6, 4
	s, err := OpenStation(AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, Receiver: "ls", Scheduler: cfg.MAC})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	second, err := s.Join(2)
	if err != nil {
		t.Fatal(err)
	}
	scheduler, receiver, err := s.Units(&cfg.MAC.Carrier)
	if err != nil {
		t.Fatal(err)
	}
	cfg.NewAir, cfg.NewMaker = s.NewAir, s.NewMaker
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const begin = 20 // until then UEs ask, and say what they have
	empty, unheard := 0, 0
	l.Watch(func(s *nr.Schedule, heard []Reception) {
		if s.Slot >= begin && len(s.Grants) == 0 {
			empty++
		}
		for _, r := range heard {
			switch r.Outcome {
			case nr.OutcomePassed, nr.OutcomeFailed:
			case nr.OutcomeDropped:
				unheard++
			default:
				t.Errorf("slot %d: %v", s.Slot, r.Outcome)
			}
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var moves [2]atomic.Int32
	for k, unit := range []sfaas.Unit{scheduler, receiver} {
		wg.Go(func() {
			mode := []sfaas.MoveMode{sfaas.Kept, sfaas.Fed}[k]
			for from, to := s.Runtime(), second; ctx.Err() == nil; from, to = to, from {
				if _, err := from.MoveUnit(ctx, unit, to.Node(), sfaas.MoveConfig{Mode: mode}); err != nil {
					if ctx.Err() == nil {
						t.Error(err)
					}
					return
				}
				moves[k].Add(1)
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	longest := time.Duration(0)
	for err == nil && (l.Slot() < 300 || min(moves[0].Load(), moves[1].Load()) < 6) && l.Slot() < 8000 {
		began := time.Now()
		err = l.Run(1)
		longest = max(longest, time.Since(began))
	}
	cancel()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	ues, sum := l.Report()
	slots := int(l.Slot())
	t.Logf("%d moves of the scheduler, %d of the receiver, %d slots: %d without grants, %d grants dropped, %.2f Mbit/s, the longest took %v",
		moves[0].Load(), moves[1].Load(), slots, empty, unheard, sum.Mbps, longest)
	if min(moves[0].Load(), moves[1].Load()) < 6 {
		t.Error("no moves")
	}
	if empty > 0 {
		t.Errorf("%d slots without grants", empty)
	}
	dropped := uint64(0)
	for _, rt := range s.rx.Runtimes() {
		for _, f := range rt.Stats() {
			dropped += f.Dropped + f.Stale
		}
	}
	if uint64(unheard) > 3*dropped {
		t.Errorf("%d grants without a word, %d messages counted as dropped", unheard, dropped)
	}
	for _, u := range ues {
		t.Logf("%+v", u)
		if u.Residual > 0.02 || u.BLER1 > 0.25 || u.First < slots/2 || u.MCSMean == 0 {
			t.Errorf("got %+v", u)
		}
	}
}

// TestFunctionBudget bounds the work of a cell by a setting of its scheduler: the history is
// that of a loop which says the same bound with every slot.
func TestFunctionBudget(t *testing.T) {
	const micros, slots = 200, 400
	cfg := testConfig(5, mac.ProportionalFair{}, Traffic{Pattern: FullBuffer})
	run := func(cfg Config, set func(l *Loop)) string {
		l, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		set(l)
		if err := l.Run(slots); err != nil {
			t.Fatal(err)
		}
		_, sum := l.Report()
		return sum.History
	}
	free := run(cfg, func(*Loop) {})
	want := run(cfg, func(l *Loop) { l.SetBudget(micros) })
	f, err := OpenFunction(cfg.MAC)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cfg.NewMaker = f.NewMaker
	got := run(cfg, func(*Loop) {
		if err := f.SetBudget(&cfg.MAC.Carrier, 0, micros); err != nil {
			t.Fatal(err)
		}
		if err := f.Runtime().Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if got != want || got == free {
		t.Errorf("history %.16s, want %.16s; without a budget %.16s", got, want, free)
	}
}
