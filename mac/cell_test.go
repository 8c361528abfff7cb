// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
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
