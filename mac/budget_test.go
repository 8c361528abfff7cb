// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// measured is what the receiver of these tests takes, µs per slot, grant, PRB of a grant's first
// ones, thousand resource elements, thousand coded bits, and thousand coded bits and iteration:
// about those of
//
//	go run ./internal/bench/calibrate -case work -prb 273
//
// and a log-normal noise.
var measured = struct{ slot, grant, first, re, bit, iteration, noise float64 }{188, 24, 4.2, 3.2, 3.2, 0.19, 0.05}

// receiverWork is what the receiver takes for a slot, µs. One slot in 2 000 takes half as much
// again.
func (l *loop) receiverWork(iterations []uint8) float64 {
	sum := measured.slot
	for i := range l.sched.Grants {
		g := &l.sched.Grants[i]
		coded := float64(g.CodedBits()) / 1000
		sum += measured.grant + measured.first*float64(min(g.NumPRB, mac.FirstPRBs)) +
			measured.re*float64(g.DataREs()*g.NumLayers)/1000 + coded*(measured.bit+measured.iteration*float64(iterations[i]))
	}
	sum *= math.Exp(measured.noise * l.rng.NormFloat64())
	if l.rng.IntN(2000) == 0 {
		sum *= 1.5
	}
	return sum
}

// decoding returns the LDPC iterations that a block takes which is received so many dB above
// the least SINR at which it passes.
func (l *loop) decoding(g *nr.Grant, spareDB float32) uint8 {
	n := mac.DefaultBounds().Iterations(g.MCSTable, g.MCSIndex, spareDB)
	if g.MaxIterations > 0 {
		n = min(n, g.MaxIterations)
	}
	return uint8(n)
}

// underBudget runs a cell of the widest carrier and returns what its slots took, of the
// slots after the first third, and the bits delivered in these.
func underBudget(tb testing.TB, policy mac.Scheduler, budget float64, slots int) (took []float64, bits int, errors []float64) {
	l := budgetLoop(tb, mac.Config{Carrier: wide, Scheduler: policy, Check: true, BudgetMicros: budget})
	for n := range slots {
		if n == slots/3 {
			clear(l.delivered)
		}
		l.step(tb)
		state := l.cell.State()
		work := l.receiverWork(l.iterations[l.slot])
		if n >= slots/3 {
			var load mac.Load
			for i := range l.sched.Grants {
				load.Add(&l.sched.Grants[i], float64(l.iterations[l.slot][i]))
			}
			took = append(took, work)
			errors = append(errors, math.Abs(state.Work.Predict(load)/work-1))
		}
		l.works = append(l.works, work)
		if k := len(l.works) - 4; k >= 0 {
			l.cell.Measured(nr.Slot(k+1), l.works[k])
		}
	}
	for _, b := range l.delivered {
		bits += b
	}
	return took, bits, errors
}

// budgetLoop returns a cell of eight UEs from 7 to 21 dB with full buffers.
func budgetLoop(tb testing.TB, cfg mac.Config) *loop {
	l := newLoop(tb, cfg, 3, 4)
	l.sound, l.iterations = 10, map[nr.Slot][]uint8{}
	for i := range 8 {
		l.attach(tb, &terminal{rnti: uint16(i + 1), snrDB: 7 + 2*float64(i), swingDB: 4, phase: float64(i) * 2.1}, mac.UEConfig{})
	}
	return l
}

// TestBudget bounds the receiver's work at shares of the mean of what the unbounded schedule
// takes: hardly a slot is late, and the rate that is left is near the optimum of the knapsack,
// see optimum, which is nowhere near the share of the work, since much of that is spent for
// every slot and grant.
func TestBudget(t *testing.T) {
	slots, more := 4000, 3 // times as many with small budgets: each slow slot lowers the rate for a thousand others
	if os.Getenv("NEURORAN_LONG") != "" {
		slots, more = 100_000, 1
	}
	free, most, errors := underBudget(t, mac.ProportionalFair{}, 0, slots)
	slices.Sort(errors)
	sum := 0.0
	for _, x := range free {
		sum += x
	}
	mean := sum / float64(len(free))
	t.Logf("without a budget: %.0f µs a slot; prediction off by %.1f %% (p50), %.1f %% (p99)", mean,
		100*errors[len(errors)/2], 100*errors[len(errors)*99/100])
	for _, share := range []float64{1, 0.75, 0.5, 0.25} {
		budget := share * mean
		times := 1
		if share <= 0.5 {
			times = more
		}
		took, bits, _ := underBudget(t, mac.ProportionalFair{}, budget, times*slots)
		_, greedy, _ := underBudget(t, mac.MaxRate{}, budget, slots)
		best := min(optimumRate(budgetLoop(t, mac.Config{Carrier: wide}), budget, 400), 1)
		late, without := lateShare(took, budget), lateShare(free, budget)
		rate := float64(bits) / float64(times*most)
		t.Logf("%3.0f %%: %4.0f µs, late %.4f (without the budget %.4f), rate %.3f of %.3f that are possible, by maximum rate %.3f",
			100*share, budget, late, without, rate, best, float64(greedy)/float64(most))
		if late > 0.004 || rate < 0.85*best {
			t.Errorf("at %g: late %g, rate %g of %g", share, late, rate, best)
		}
	}
}

// TestBudgetIsCut gives a cell a budget into which blocks do not fit that have been sent
// before: they are sent again all the same, one per slot, and nobody waits for ever.
func TestBudgetIsCut(t *testing.T) {
	l := budgetLoop(t, mac.Config{Carrier: wide, Check: true})
	for n := range 2000 {
		if n == 500 {
			l.cell.SetBudget(400)
		}
		if n == 1000 {
			clear(l.delivered)
		}
		l.step(t)
	}
	for _, u := range l.order {
		if l.delivered[u.rnti] == 0 {
			t.Errorf("UE %d has been waiting for a thousand slots", u.rnti)
		}
	}
}

// lateShare returns the share of slots that take longer than the budget.
func lateShare(took []float64, budget float64) float64 {
	late := 0.0
	for _, x := range took {
		if x > budget {
			late++
		}
	}
	return late / float64(len(took))
}

// workSlots are slots of a receiver whose work is that of [measured], with random grants.
type workSlots struct {
	rng   *rand.Rand
	wide  bool    // one grant with all the first PRBs in each
	speed float64 // factor of the work
}

// next returns a slot and what it takes, µs.
func (s *workSlots) next() (mac.Load, float64) {
	n, first := 1+s.rng.IntN(8), 1+s.rng.IntN(mac.FirstPRBs)
	if s.wide {
		n, first = 1, mac.FirstPRBs
	}
	l := mac.Load{Grants: n, FirstPRBs: n * first, LayerREs: n * (144*first + s.rng.IntN(3000))}
	l.CodedBits = l.LayerREs * (2 + 2*s.rng.IntN(3))
	l.CodedBitIteration = float64(l.CodedBits) * (2 + 10*s.rng.Float64())
	us := measured.slot + measured.grant*float64(n) + measured.first*float64(l.FirstPRBs) +
		(measured.re*float64(l.LayerREs)+measured.bit*float64(l.CodedBits)+measured.iteration*l.CodedBitIteration)/1000
	return l, us * s.speed * (1 + 0.03*s.rng.NormFloat64())
}

// learns lets a model follow some slots, and returns by how much it is off in so many others,
// sorted, and how many of them are beyond its bound.
func (s *workSlots) learns(w *mac.Work, slots, others int) (off []float64, over int) {
	for range slots {
		load, us := s.next()
		w.Learn(load, us, 0.99)
	}
	for range others {
		load, us := s.next()
		off = append(off, math.Abs(w.Predict(load)/us-1))
		if us > w.Bound(load) {
			over++
		}
	}
	slices.Sort(off)
	return off, over
}

// TestWorkLearns checks that a model which begins with wrong factors comes to predict a
// receiver of other ones, to its noise.
func TestWorkLearns(t *testing.T) {
	state := newLoop(t, mac.Config{Carrier: narrow}, 1, 8).cell.State()
	w := &state.Work
	s := &workSlots{rng: rand.New(rand.NewPCG(8, 1)), speed: 1}
	off, over := s.learns(w, 3000, 2000)
	if p99 := off[len(off)*99/100]; p99 > 0.1 || over > 60 {
		t.Errorf("p99 of the error %.3f, %d of 2000 beyond the bound, factors %v", p99, over, w.Factors)
	}
	allocs := testing.AllocsPerRun(100, func() { load, us := s.next(); w.Learn(load, us, 0.99) })
	if allocs != 0 {
		t.Errorf("a slot allocates %g times", allocs)
	}
}

// TestWorkFollows lets all slots be of one wide grant, of which a model cannot tell what is the
// work of the slot, of the grant and of its first PRBs. It follows a receiver that becomes
// slower all the same, and comes to know the three when grants are narrow again.
func TestWorkFollows(t *testing.T) {
	state := newLoop(t, mac.Config{Carrier: narrow}, 1, 8).cell.State()
	w := &state.Work
	s := &workSlots{rng: rand.New(rand.NewPCG(9, 1)), speed: 1, wide: true}
	s.learns(w, 50000, 0)
	s.speed = 1.5
	if off, _ := s.learns(w, 10000, 2000); off[len(off)/2] > 0.03 {
		t.Errorf("after a change the error is %.3f in the median, factors %v", off[len(off)/2], w.Factors)
	}
	s.wide = false
	if off, _ := s.learns(w, 1000, 2000); off[len(off)*99/100] > 0.15 {
		t.Errorf("of other grants the error is %.3f at p99, factors %v", off[len(off)*99/100], w.Factors)
	}
}
