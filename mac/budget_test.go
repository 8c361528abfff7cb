// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"math"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// receiverWork is what the receiver of these tests takes for a slot, µs: the factors are
// those of phy/pusch with two antennas on one machine, the noise is a log-normal one of
// 5 % and in one slot of 2 000 half as much again.
func (l *loop) receiverWork(iterations []uint8) float64 {
	sum := 50.0
	for i := range l.sched.Grants {
		g := &l.sched.Grants[i]
		coded := float64(g.CodedBits()) / 1000
		sum += 35 + 14*float64(g.DataREs()*g.NumLayers)/1000 + coded*(1.25+0.22*float64(iterations[i]))
	}
	sum *= math.Exp(0.05 * l.rng.NormFloat64())
	if l.rng.IntN(2000) == 0 {
		sum *= 1.5
	}
	return sum
}

// decoding returns the LDPC iterations that a block takes with so many dB above what it needs,
// about as phy/ldpc does: 16, 7 and 3.5 with 0, 1 and 3 dB.
func (l *loop) decoding(margin float64) uint8 {
	return uint8(min(max(3.3+13*math.Exp(-1.25*margin)+l.rng.NormFloat64(), 1), 20))
}

// underBudget runs a cell of the widest carrier and returns what its slots took, of the
// slots after the first third, and the bits delivered in these.
func underBudget(tb testing.TB, budget float64, slots int) (took []float64, bits int, errors []float64) {
	l := newLoop(tb, mac.Config{Carrier: wide, Check: true, BudgetMicros: budget}, 3, 4)
	l.sound = 10
	for i := range 8 {
		l.attach(tb, &terminal{rnti: uint16(i + 1), snrDB: 7 + 2*float64(i), swingDB: 4, phase: float64(i) * 2.1}, mac.UEConfig{})
	}
	for n := range slots {
		before := 0
		for _, b := range l.delivered {
			before += b
		}
		if l.iterations == nil {
			l.iterations = map[nr.Slot][]uint8{}
		}
		l.step(tb)
		state := l.cell.State()
		work := l.receiverWork(l.iterations[l.slot])
		if n > slots/3 {
			load := mac.Load{Grants: len(l.sched.Grants)}
			for i := range l.sched.Grants {
				g := &l.sched.Grants[i]
				load.LayerREs += g.DataREs() * g.NumLayers
				load.CodedBits += g.CodedBits()
				load.CodedBitIteration += float64(g.CodedBits()) * float64(l.iterations[l.slot][i])
			}
			took = append(took, work)
			errors = append(errors, math.Abs(state.Work.Predict(load)/work-1))
			for _, b := range l.delivered {
				bits += b
			}
			bits -= before
		}
		l.works = append(l.works, work)
		if k := len(l.works) - 4; k >= 0 {
			l.cell.Measured(nr.Slot(k+1), l.works[k])
		}
	}
	return took, bits, errors
}

// TestBudget bounds the receiver's work at shares of the mean of what the unbounded schedule
// takes: hardly a slot is late, and the rate that is left is more than the share of work that
// can be promised. That is about 0.4 at a half: a slot without a late one in a thousand must
// leave room for blocks that fail, which take all iterations.
func TestBudget(t *testing.T) {
	const slots = 4000
	free, most, errors := underBudget(t, 0, slots)
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
		took, bits, _ := underBudget(t, budget, slots)
		late, without := 0, 0
		for i := range took {
			if took[i] > budget {
				late++
			}
			if free[i] > budget {
				without++
			}
		}
		lateShare, rate := float64(late)/float64(len(took)), float64(bits)/float64(most)
		t.Logf("%3.0f %%: %4.0f µs, late %.4f (without the budget %.4f), rate %.3f", 100*share, budget, lateShare,
			float64(without)/float64(len(free)), rate)
		if lateShare > 0.004 || share == 0.5 && rate < 0.4 {
			t.Errorf("at %g: late %g, rate %g", share, lateShare, rate)
		}
	}
}

// TestWorkLearns checks that a model which begins with wrong factors comes to predict a
// receiver of other ones, to its noise.
func TestWorkLearns(t *testing.T) {
	l := newLoop(t, mac.Config{Carrier: narrow}, 1, 8)
	state := l.cell.State()
	w := &state.Work
	draw := func() (mac.Load, float64) {
		n := 1 + l.rng.IntN(8)
		load := mac.Load{Grants: n, LayerREs: n * (500 + l.rng.IntN(3000))}
		load.CodedBits = load.LayerREs * (2 + 2*l.rng.IntN(3))
		load.CodedBitIteration = float64(load.CodedBits) * (2 + 10*l.rng.Float64())
		us := 200 + 10*float64(n) + 0.03*float64(load.LayerREs) + 0.0004*load.CodedBitIteration
		return load, us * (1 + 0.03*l.rng.NormFloat64())
	}
	for range 3000 {
		load, us := draw()
		w.Learn(load, us, 0.99)
	}
	worst, over := []float64{}, 0
	for range 2000 {
		load, us := draw()
		worst = append(worst, math.Abs(w.Predict(load)/us-1))
		if us > w.Bound(load) {
			over++
		}
	}
	slices.Sort(worst)
	if p99 := worst[len(worst)*99/100]; p99 > 0.12 || over > 60 {
		t.Errorf("p99 of the error %.3f, %d of 2000 beyond the bound, factors %v", p99, over, w.Factors)
	}
}
