// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

var wide = nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 273, FFTSize: 4096}

// busy returns a cell of the widest carrier with full buffers, well under way.
func busy(tb testing.TB, cfg mac.Config, ues int) *loop {
	l := newLoop(tb, cfg, 4, 3)
	l.sound = 20
	for i := range ues {
		l.attach(tb, &terminal{rnti: uint16(i + 1), snrDB: 2 + float64(i*22)/float64(ues), swingDB: 3, phase: float64(i) * 1.7}, mac.UEConfig{})
	}
	for range 300 {
		l.step(tb)
	}
	return l
}

// BenchmarkSchedule times one slot: Schedule alone (p50-ns, p99-ns) and with the feedback
// of the slot before (ns/op).
func BenchmarkSchedule(b *testing.B) {
	for _, policy := range []string{"rr", "pf", "max", "qos"} {
		for _, ues := range []int{8, 64} {
			b.Run(fmt.Sprintf("policy=%s/ues=%d/prb=273", policy, ues), func(b *testing.B) {
				s, _ := mac.NewScheduler(policy)
				l := busy(b, mac.Config{Carrier: wide, Scheduler: s}, ues)
				benchmarkSlots(b, l)
			})
		}
	}
	b.Run("policy=pf/ues=64/prb=273/paired", func(b *testing.B) {
		l := busy(b, mac.Config{Carrier: wide, Pairing: mac.PairingConfig{Enabled: true, MinSINRdB: 5, LossDB: 3}}, 64)
		benchmarkSlots(b, l)
	})
	b.Run("policy=pf/ues=64/prb=273/budget", func(b *testing.B) {
		l := busy(b, mac.Config{Carrier: wide, BudgetMicros: 1500}, 64)
		benchmarkSlots(b, l)
	})
}

func benchmarkSlots(b *testing.B, l *loop) {
	const rounds = 1 << 14
	took := make([]time.Duration, 0, rounds)
	fb := make([]mac.Feedback, 0, nr.MaxGrants)
	grants := 0
	b.ReportAllocs()
	for b.Loop() {
		l.cell.Feedback(l.slot, fb)
		l.slot++
		start := time.Now()
		if err := l.cell.Schedule(&l.sched, l.slot); err != nil {
			b.Fatal(err)
		}
		if d := time.Since(start); len(took) < rounds {
			took = append(took, d)
		} else {
			took[int(l.slot)%rounds] = d
		}
		grants += len(l.sched.Grants)
		b.StopTimer()
		l.soundings()
		fb = fb[:0]
		for i := range l.sched.Grants {
			fb = append(fb, l.transmit(l.terminals[l.sched.Grants[i].RNTI], &l.sched.Grants[i]))
		}
		b.StartTimer()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
	b.ReportMetric(float64(grants)/float64(b.N), "grants/op")
}

// BenchmarkMaximize times the search for neighbouring groups among UEs whose rates vary
// smoothly over the band, and states what it finds as a share of what would be possible if
// groups of a UE need not be neighbours.
func BenchmarkMaximize(b *testing.B) {
	const ues, groups = 64, 18
	rng := rand.New(rand.NewPCG(5, 5))
	prbs := make([]int, groups)
	v, w := mac.NewView(prbs, ues), make([]float64, ues)
	for u := range ues {
		var rate [mac.MaxRBGs]float32
		phase, step, mean := rng.Float64()*6, rng.Float64()*1.5, 1+rng.Float64()
		for r := range rate {
			rate[r] = float32(1000 * math.Log2(1+math.Pow(10, mean+0.5*math.Sin(phase+step*float64(r)))))
		}
		v.UEs = append(v.UEs, mac.Candidate{RNTI: uint16(u + 1), Backlog: math.MaxInt32, MaxPRB: 300, Rate: &rate})
	}
	sum, bound, n := 0.0, 0.0, 0
	dst := make([]int16, groups)
	find := func(contiguous bool) (value float64) {
		for r := range dst {
			dst[r] = mac.Nobody
		}
		v.Contiguous = contiguous
		v.Maximize(dst, w)
		for r, u := range dst {
			if u != mac.Nobody {
				value += w[u] * float64(v.UEs[u].Rate[r])
			}
		}
		return value
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		if n++; n <= 1000 {
			for u := range w {
				w[u] = (0.8 + 0.4*rng.Float64()) / float64(v.UEs[u].Rate[3])
			}
			sum += find(true)
			bound += find(false)
		}
		for r := range dst {
			dst[r] = mac.Nobody
		}
		v.Contiguous = true
		b.StartTimer()
		v.Maximize(dst, w)
	}
	b.ReportMetric(sum/bound, "of-bound")
}
