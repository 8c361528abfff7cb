// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestFeedbackLostLateReordered runs UEs whose feedback comes late, in another order or not
// at all, and which miss grants: the checker finds nothing, no UE stalls, and every block
// ends. NEURORAN_LONG=1 runs 10^6 slots.
func TestFeedbackLostLateReordered(t *testing.T) {
	slots := 4000
	if os.Getenv("NEURORAN_LONG") == "1" {
		slots = 1_000_000
	}
	for _, policy := range []string{"rr", "pf", "qos"} {
		t.Run(policy, func(t *testing.T) {
			s, _ := mac.NewScheduler(policy)
			l := newLoop(t, mac.Config{
				Carrier: narrow, Scheduler: s, Check: true, FeedbackSlots: 8, MaxTransmissions: 4,
				Pairing: mac.PairingConfig{Enabled: true, MinSINRdB: 6, LossDB: 2},
			}, 4, 3)
			l.lose, l.late, l.deaf = 0.05, 0.2, 0.03
			for i := range 6 {
				term := &terminal{rnti: uint16(i + 1), snrDB: 3 + 3*float64(i), swingDB: 4, phase: float64(i)}
				if i%2 == 0 {
					term.rate = 60
				}
				l.attach(t, term, mac.UEConfig{NumProcesses: 4 + 2*i})
			}
			last := map[uint16]int{}
			for i := range slots {
				l.step(t)
				if i%500 != 499 {
					continue
				}
				for u := range l.cell.All {
					if u.Counts.Transmissions == last[u.RNTI] {
						t.Fatalf("slot %d: UE %d has stalled: %+v", i, u.RNTI, u)
					}
					last[u.RNTI] = u.Counts.Transmissions
				}
			}
			for u := range l.cell.All {
				c := &u.Counts
				t.Logf("UE %d: %d blocks, %d lost, %d transmissions, %d missing, %d absent, %d paired", u.RNTI, c.Blocks, c.Lost, c.Transmissions, c.Missing, c.Absent, c.Paired)
				if c.Missing == 0 || c.Absent == 0 || c.Blocks < slots/100 {
					t.Errorf("UE %d: %+v", u.RNTI, *c)
				}
			}
		})
	}
}

// TestRetransmissions follows one block through all its transmissions.
func TestRetransmissions(t *testing.T) {
	cell, err := mac.New(mac.Config{Carrier: narrow, Check: true, FeedbackSlots: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := cell.Attach(7, mac.UEConfig{Grant: pattern(), StartSINRdB: 10}); err != nil {
		t.Fatal(err)
	}
	cell.Request(7)
	var s nr.Schedule
	bits := 0
	for i, want := range []struct {
		rv      int
		newData bool
	}{{0, true}, {2, false}, {3, false}, {1, false}} {
		slot := nr.Slot(10 + 5*i) // without feedback a transmission is overdue after 3 slots
		if err := cell.Schedule(&s, slot); err != nil {
			t.Fatal(err)
		}
		if len(s.Grants) != 1 {
			t.Fatalf("slot %d: %d grants", slot, len(s.Grants))
		}
		g := &s.Grants[0]
		if bits == 0 {
			bits = g.TBS()
		}
		if g.RV != want.rv || g.NewData != want.newData || g.TBS() != bits {
			t.Errorf("transmission %d: RV %d, new %v, %d bits; want RV %d, new %v, %d", i, g.RV, g.NewData, g.TBS(), want.rv, want.newData, bits)
		}
		if i == 1 {
			cell.Feedback(slot, []mac.Feedback{{RNTI: 7, HARQProcess: uint8(g.HARQProcess), Outcome: nr.OutcomeFailed}})
			if err := cell.Schedule(&s, slot+1); err != nil || len(s.Grants) != 1 || s.Grants[0].RV != 3 {
				t.Fatalf("after a failure: %v, %v", s.Grants, err)
			}
			break
		}
		for k := range nr.Slot(4) {
			if err := cell.Schedule(&s, slot+1+k); err != nil || len(s.Grants) != 0 && k < 3 {
				t.Fatalf("slot %d: %d grants while feedback may come, %v", slot+1+k, len(s.Grants), err)
			}
			if k == 2 {
				break
			}
		}
	}
	if u, _ := cell.UE(7); u.Counts.Missing != 1 {
		t.Errorf("%d transmissions without feedback, want 1", u.Counts.Missing)
	}
}

// TestLatePassEndsTheBlock checks that a pass that comes after the block was sent again, or
// was about to be, ends it, and that it is counted once.
func TestLatePassEndsTheBlock(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("again=%v", again), func(t *testing.T) {
			cell, _ := mac.New(mac.Config{Carrier: narrow, Check: true, FeedbackSlots: 2})
			if err := cell.Attach(1, mac.UEConfig{Grant: pattern(), NumProcesses: 1}); err != nil {
				t.Fatal(err)
			}
			cell.Request(1)
			var s nr.Schedule
			slots := []nr.Slot{0, 1, 2}
			if again {
				slots = append(slots, 3) // overdue: sent again
			}
			for _, slot := range slots {
				if err := cell.Schedule(&s, slot); err != nil {
					t.Fatal(err)
				}
			}
			pass := []mac.Feedback{{RNTI: 1, Outcome: nr.OutcomePassed}}
			cell.Feedback(0, pass)
			if again {
				cell.Feedback(3, []mac.Feedback{{RNTI: 1, Outcome: nr.OutcomeFailed}})
			}
			u, _ := cell.UE(1)
			if u.Counts.Blocks != 1 || u.Counts.Lost != 0 || u.InFlight|u.Due != 0 {
				t.Errorf("%+v, in flight %b, due %b", u.Counts, u.InFlight, u.Due)
			}
			if err := cell.Schedule(&s, 9); err != nil || len(s.Grants) != 0 {
				t.Errorf("%v, %v", s.Grants, err)
			}
		})
	}
}

// TestRestoreContinues moves the contexts to a new cell at random moments, by what Changed
// gave: the history is that of a cell that was never moved.
func TestRestoreContinues(t *testing.T) {
	for _, policy := range []string{"rr", "pf", "qos"} {
		s, _ := mac.NewScheduler(policy)
		cfg := mac.Config{Carrier: narrow, Scheduler: s, Check: true, BudgetMicros: 500, Pairing: mac.PairingConfig{Enabled: true, LossDB: 2}}
		history := func(move bool) (all []nr.Grant) {
			l := newLoop(t, cfg, 3, 9)
			l.late, l.lose, l.sound = 0.1, 0.03, 7
			for i := range 7 {
				l.attach(t, &terminal{rnti: uint16(50 - 3*i), snrDB: 3 * float64(i), swingDB: 3, phase: float64(i), rate: float64(100 * (i % 2))}, mac.UEConfig{})
			}
			rng := rand.New(rand.NewPCG(4, 4))
			kept := map[uint16]mac.UE{}
			for range 600 {
				l.step(t)
				l.cell.Measured(l.slot, 100+50*float64(len(l.sched.Grants)))
				all = append(all, l.sched.Grants...)
				for u := range l.cell.Changed {
					kept[u.RNTI] = *u
				}
				if rng.IntN(40) > 0 || !move {
					continue
				}
				next, err := mac.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				if err := next.SetState(l.cell.State()); err != nil {
					t.Fatal(err)
				}
				for rnti, u := range kept { // in any order
					if now, _ := l.cell.UE(rnti); now != u {
						t.Fatalf("UE %d has changed without a word", rnti)
					}
					if err := next.Restore(u); err != nil {
						t.Fatal(err)
					}
				}
				l.cell = next
			}
			return all
		}
		a, b := history(false), history(true)
		if len(a) != len(b) {
			t.Fatalf("%s: %d and %d grants", policy, len(a), len(b))
		}
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("%s: grant %d of %d differs:\n%+v\n%+v", policy, i, len(a), a[i], b[i])
			}
		}
	}
}
