// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/mac"
)

// worth returns the weighted bits of an allocation, or -1 where a UE has two pieces.
func worth(owner []int16, v *mac.View, weights []float64) float64 {
	sum, seen, last := 0.0, map[int16]bool{}, int16(mac.Nobody)
	for r, u := range owner {
		if u != last && u != mac.Nobody {
			if seen[u] {
				return -1
			}
			seen[u] = true
		}
		if last = u; u != mac.Nobody {
			sum += weights[u] * float64(v.UEs[u].Rate[r])
		}
	}
	return sum
}

// bruteForce returns the worth of the best allocation of neighbouring groups, by trying all.
func bruteForce(v *mac.View, weights []float64, owner []int16, at int) float64 {
	if at == len(owner) {
		return worth(owner, v, weights)
	}
	best := -1.0
	for u := int16(mac.Nobody); int(u) < len(v.UEs); u++ {
		if u != mac.Nobody && !v.Free[at] {
			break
		}
		owner[at] = u
		best = max(best, bruteForce(v, weights, owner, at+1))
	}
	return best
}

// TestMaximizeAgainstBruteForce compares with every allocation there is. With up to four
// UEs, all PRBs within their power and full buffers, nothing is better; with more, little.
func TestMaximizeAgainstBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, c := range []struct {
		ues, groups, rounds int
		share               float64 // least worth of the best, of the mean over rounds
	}{{1, 6, 20, 1}, {2, 7, 100, 1}, {3, 6, 200, 1}, {4, 6, 100, 1}, {6, 5, 60, 0.98}} {
		t.Run(fmt.Sprintf("ues=%d/groups=%d", c.ues, c.groups), func(t *testing.T) {
			prbs := make([]int, c.groups)
			for i := range prbs {
				prbs[i] = 2
			}
			sum, least := 0.0, 1.0
			for range c.rounds {
				v := mac.NewView(prbs, c.ues)
				v.Contiguous = true
				weights := make([]float64, c.ues)
				for u := range c.ues {
					var rate [mac.MaxRBGs]float32
					for r := range rate {
						rate[r] = float32(rng.ExpFloat64()*1000 + 1)
					}
					v.UEs = append(v.UEs, mac.Candidate{RNTI: uint16(u + 1), Backlog: math.MaxInt32, MaxPRB: 100, Rate: &rate})
					weights[u] = rng.Float64() + 0.1
				}
				if rng.IntN(2) == 0 {
					v.Free[rng.IntN(c.groups)] = false
				}
				owner := make([]int16, c.groups)
				best := bruteForce(v, weights, owner, 0)
				for i := range owner {
					owner[i] = mac.Nobody
				}
				v.Maximize(owner, weights)
				got := worth(owner, v, weights)
				for r := range owner {
					if owner[r] != mac.Nobody && !v.Free[r] {
						t.Fatalf("group %d is taken", r)
					}
				}
				sum += got / best
				least = min(least, got/best)
			}
			mean := sum / float64(c.rounds)
			t.Logf("worth over the best: mean %.4f, least %.4f", mean, least)
			if mean < c.share-1e-9 || c.share == 1 && least < 1-1e-9 {
				t.Errorf("mean %.4f, least %.4f, want %g", mean, least, c.share)
			}
		})
	}
}

// TestRoundRobinShares checks that UEs with full buffers get the same number of groups, to
// one, over any number of slots that serves all of them, whatever their channels.
func TestRoundRobinShares(t *testing.T) {
	for _, ues := range []int{1, 3, 5, 8, 12, 20, 40} {
		l := newLoop(t, mac.Config{Carrier: wide, Scheduler: mac.RoundRobin{}, Check: true}, 3, 1)
		for i := range ues {
			l.attach(t, &terminal{rnti: uint16(1 + i*37), snrDB: 40}, mac.UEConfig{StartSINRdB: float64(i)})
		}
		for range 20 { // until all have reported their buffers
			l.step(t)
		}
		shares := map[uint16]int{}
		slots := ues * 20
		for range slots {
			l.step(t)
			for i := range l.sched.Grants {
				g := &l.sched.Grants[i]
				shares[g.RNTI] += (g.NumPRB + 15) / 16
			}
		}
		low, high := math.MaxInt, 0
		for _, n := range shares {
			low, high = min(low, n), max(high, n)
		}
		if len(shares) != ues || high-low > 1+slots/50 {
			t.Errorf("%d UEs: %d to %d groups in %d slots", ues, low, high, slots)
		}
	}
}

// TestPoliciesDiffer checks on one cell what the policies are for: pf carries more than rr
// and remains fair, max carries most.
func TestPoliciesDiffer(t *testing.T) {
	rate, jain := map[string]float64{}, map[string]float64{}
	for _, policy := range []string{"rr", "pf", "max"} {
		s, err := mac.NewScheduler(policy)
		if err != nil {
			t.Fatal(err)
		}
		l := newLoop(t, mac.Config{Carrier: narrow, Scheduler: s, Check: true}, 4, 2)
		l.sound = 10
		for i := range 8 {
			l.attach(t, &terminal{rnti: uint16(i + 1), snrDB: 6 + 1.5*float64(i), swingDB: 5, phase: float64(i) * 2.1}, mac.UEConfig{})
		}
		for range 3000 {
			l.step(t)
		}
		sum, squares := 0.0, 0.0
		for _, bits := range l.delivered {
			sum += float64(bits)
			squares += float64(bits) * float64(bits)
		}
		rate[policy], jain[policy] = sum/3000, sum*sum/(8*squares)
		t.Logf("%s: %.2f kbit a slot, Jain %.2f", policy, rate[policy]/1000, jain[policy])
	}
	if rate["pf"] < 1.05*rate["rr"] || jain["pf"] < 0.75 || rate["max"] < rate["pf"] {
		t.Errorf("rates %v, Jain %v", rate, jain)
	}
}

// TestQoSKeepsDelayBudgets lets four UEs send packets with a delay budget of 10 ms, about
// 70 % of what the cell carries, beside four with full buffers, and compares how often data
// of the former wait for longer.
func TestQoSKeepsDelayBudgets(t *testing.T) {
	late := map[string]float64{}
	for _, policy := range []string{"pf", "qos"} {
		s, _ := mac.NewScheduler(policy)
		l := newLoop(t, mac.Config{Carrier: narrow, Scheduler: s, Check: true}, 3, 2)
		l.sound = 10
		for i := range 8 {
			cfg, term := mac.UEConfig{}, &terminal{rnti: uint16(i + 1), snrDB: 10 + float64(i), swingDB: 3, phase: float64(i) * 2.1}
			if i%2 == 0 {
				term.rate, cfg.LCGs[0] = 240, mac.LCGConfig{FiveQI: 80} // 10 ms
			}
			l.attach(t, term, cfg)
		}
		n, over := 0, 0
		for slot := range 4000 {
			l.step(t)
			for i, term := range l.order {
				if i%2 == 0 && slot > 200 {
					n++
					if term.waiting > term.rate*20 { // what has come in 20 slots of half a millisecond
						over++
					}
				}
			}
		}
		late[policy] = float64(over) / float64(n)
		used := 0.0
		for u := range l.cell.All {
			used += float64(u.Counts.PRBs) / 4000 / 24
		}
		t.Logf("%s: %.2f of the PRBs, late in %.4f of the slots", policy, used, late[policy])
	}
	if late["qos"] > 0.01 || late["qos"] > late["pf"] {
		t.Errorf("late: %v", late)
	}
}
