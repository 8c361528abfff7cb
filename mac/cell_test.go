// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"errors"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestNoAllocs lists what happens once a slot.
func TestNoAllocs(t *testing.T) {
	for _, policy := range []string{"rr", "pf", "max", "qos"} {
		s, _ := mac.NewScheduler(policy)
		l := newLoop(t, mac.Config{Carrier: narrow, Scheduler: s, BudgetMicros: 400, Pairing: mac.PairingConfig{Enabled: true, MinSINRdB: 3, LossDB: 2}}, 1, 1)
		for i := range 8 {
			l.attach(t, &terminal{rnti: uint16(i + 1), snrDB: float64(3 * i), swingDB: 2, phase: float64(i)}, mac.UEConfig{})
		}
		for range 50 {
			l.step(t)
		}
		fb := make([]mac.Feedback, 0, nr.MaxGrants)
		sinr := make([]float32, l.cell.NumRBGs())
		n := testing.AllocsPerRun(200, func() {
			l.slot++
			if err := l.cell.Schedule(&l.sched, l.slot); err != nil {
				t.Fatal(err)
			}
			fb = fb[:0]
			for i := range l.sched.Grants {
				fb = append(fb, l.transmit(l.terminals[l.sched.Grants[i].RNTI], &l.sched.Grants[i]))
			}
			l.cell.Feedback(l.slot, fb)
			l.cell.Measured(l.slot, 300)
			l.cell.Sound(1, l.slot, sinr)
			l.cell.Request(2)
			for range l.cell.Changed {
			}
		})
		if n != 0 {
			t.Errorf("%s: %g allocations a slot", policy, n)
		}
	}
}

// TestUEsComeAndGo attaches and detaches many UEs: a cell that is full refuses one more,
// memory does not grow, and nothing is left of who has gone. NEURORAN_LONG=1 lets a million
// come and go.
func TestUEsComeAndGo(t *testing.T) {
	rounds := 20_000
	if os.Getenv("NEURORAN_LONG") == "1" {
		rounds = 1_000_000
	}
	const room = 64
	cell, err := mac.New(mac.Config{Carrier: wide, MaxUEs: room})
	if err != nil {
		t.Fatal(err)
	}
	var s nr.Schedule
	s.Grants = make([]nr.Grant, 0, nr.MaxGrants)
	fb := make([]mac.Feedback, 1)
	cfg := mac.UEConfig{Grant: pattern(), StartSINRdB: 10}
	slot := nr.Slot(0)
	come := func(i int) {
		rnti := uint16(1 + i%60000)
		if cell.NumUEs() == room {
			if err := cell.Attach(rnti, cfg); !errors.Is(err, mac.ErrFull) {
				t.Fatalf("full: %v", err)
			}
			cell.Detach(uint16(1 + (i-room)%60000))
		}
		if err := cell.Attach(rnti, cfg); err != nil {
			t.Fatal(err)
		}
		cell.Request(rnti)
		if i%16 == 0 {
			slot++
			if err := cell.Schedule(&s, slot); err != nil {
				t.Fatal(err)
			}
			for k := range s.Grants {
				g := &s.Grants[k]
				fb[0] = mac.Feedback{RNTI: g.RNTI, HARQProcess: uint8(g.HARQProcess), Outcome: nr.OutcomePassed}
				cell.Feedback(slot, fb)
			}
		}
	}
	var before, after runtime.MemStats
	for i := range 1000 {
		come(i)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range rounds {
		come(1000 + i)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d UEs: heap %d → %d KiB, %d allocations", rounds, before.HeapAlloc>>10, after.HeapAlloc>>10, after.Mallocs-before.Mallocs)
	if after.HeapAlloc > before.HeapAlloc+64<<10 {
		t.Errorf("heap %d → %d", before.HeapAlloc, after.HeapAlloc)
	}
	for rnti := range uint16(60001) {
		cell.Detach(rnti)
	}
	if err := cell.Schedule(&s, slot+1); err != nil || len(s.Grants) > 0 || cell.NumUEs() != 0 {
		t.Errorf("an empty cell: %d grants, %v", len(s.Grants), err)
	}
}

// TestRefusals lists what a cell does not take.
func TestRefusals(t *testing.T) {
	for name, cfg := range map[string]mac.Config{
		"carrier": {}, "max_ues": {Carrier: narrow, MaxUEs: 5000}, "max_grants": {Carrier: narrow, MaxGrants: 65},
		"rbg": {Carrier: narrow, RBGConfig: 3}, "bler": {Carrier: narrow, TargetBLER: 1}, "step": {Carrier: narrow, StepDB: math.NaN()},
		"discount": {Carrier: narrow, Discount: 1}, "weight": {Carrier: narrow, QualityWeight: 2}, "k2": {Carrier: narrow, K2: -1},
		"transmissions": {Carrier: narrow, MaxTransmissions: 17}, "budget": {Carrier: narrow, BudgetMicros: -1},
	} {
		var field *nr.FieldError
		if _, err := mac.New(cfg); !errors.As(err, &field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	cell, _ := mac.New(mac.Config{Carrier: narrow, MaxUEs: 2})
	good := mac.UEConfig{Grant: pattern()}
	for name, spoil := range map[string]func(*mac.UEConfig){
		"pattern": func(c *mac.UEConfig) { c.Grant.NumLayers = 5 }, "processes": func(c *mac.UEConfig) { c.NumProcesses = 17 },
		"target": func(c *mac.UEConfig) { c.TargetBLER = -1 }, "sinr": func(c *mac.UEConfig) { c.StartSINRdB = math.Inf(1) },
		"5qi": func(c *mac.UEConfig) { c.LCGs[3].FiveQI = 40 }, "rate": func(c *mac.UEConfig) { c.LCGs[0].GuaranteedBps = -1 },
	} {
		bad := good
		if spoil(&bad); cell.Attach(1, bad) == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if cell.Attach(0, good) == nil {
		t.Error("RNTI 0 is taken")
	}
	if err := cell.Attach(1, good); err != nil {
		t.Fatal(err)
	}
	if err := cell.Attach(1, good); !errors.Is(err, mac.ErrAttached) {
		t.Errorf("twice: %v", err)
	}
	u, _ := cell.UE(1)
	u.RNTI, u.InFlight = 2, 1
	if cell.Restore(u) == nil {
		t.Error("a process in flight without a block is restored")
	}
	u.InFlight, u.Quality[2] = 0, float32(math.NaN())
	if cell.Restore(u) == nil {
		t.Error("a quality that is no number is restored")
	}
	var s nr.Schedule
	if err := cell.Schedule(&s, 5); err != nil {
		t.Fatal(err)
	}
	if cell.Schedule(&s, 5) == nil {
		t.Error("a slot is scheduled twice")
	}
	if _, err := mac.NewScheduler("edf"); err == nil {
		t.Error("an unknown policy")
	}
}
