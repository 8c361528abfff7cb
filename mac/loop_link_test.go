// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"fmt"
	"testing"

	"github.com/neuroran/neuroran/mac"
)

// TestOuterLoopHoldsTheTarget checks that first transmissions fail as often as they should,
// whatever the bias of the measurements, where the MCS is not at an end of its table.
func TestOuterLoopHoldsTheTarget(t *testing.T) {
	for _, bias := range []float64{-3, 0, 3} {
		for _, policy := range []string{"rr", "pf"} {
			t.Run(fmt.Sprintf("bias=%g/%s", bias, policy), func(t *testing.T) {
				s, _ := mac.NewScheduler(policy)
				l := newLoop(t, mac.Config{Carrier: narrow, Scheduler: s, Check: true}, 4, 7)
				l.biasDB = bias
				for i, snr := range []float64{4, 9, 13, 16} {
					l.attach(t, &terminal{rnti: uint16(i + 1), snrDB: snr, swingDB: 2, phase: float64(i)}, mac.UEConfig{})
				}
				for range 6000 {
					l.step(t)
				}
				for u := range l.cell.All {
					bler := float64(u.Counts.FirstFailed) / float64(u.Counts.First)
					t.Logf("UE %d: %d first, BLER %.3f, lost %d of %d, MCS %.1f, offset %.2f dB, %.2f kbit a slot", u.RNTI, u.Counts.First,
						bler, u.Counts.Lost, u.Counts.Blocks, float64(u.Counts.MCS)/float64(u.Counts.New), u.Loop.OffsetDB, float64(l.delivered[u.RNTI])/6000/1000)
					if bler < 0.08 || bler > 0.12 {
						t.Errorf("UE %d: BLER %.3f, want 0.10 ± 0.02", u.RNTI, bler)
					}
				}
			})
		}
	}
}
