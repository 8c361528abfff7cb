// SPDX-License-Identifier: Apache-2.0

package core

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// TestSlotWork adds the work of slots up that comes in pieces, out of order within
// the slots that are open.
func TestSlotWork(t *testing.T) {
	const slots, pieces = 1000, 6
	var s slotWork
	rng := rand.New(rand.NewPCG(1, 2))
	type piece struct{ slot, at int }
	var all []piece
	for slot := range slots {
		for range pieces {
			all = append(all, piece{slot, slot*pieces + rng.IntN(5*pieces)})
		}
	}
	for at := range (slots + 5) * pieces {
		for _, p := range all {
			if p.at == at {
				s.add(base.Slot(p.slot), 100*time.Microsecond)
			}
		}
	}
	s.closeAll()
	if s.begun != slots || s.done.Count() != slots {
		t.Errorf("%d slots begun and %d done, want %d", s.begun, s.done.Count(), slots)
	}
	const want = pieces * 100 * time.Microsecond
	if lo, hi := s.done.Quantile(0), s.done.Quantile(1); lo < want || hi != want {
		t.Errorf("work from %v to %v, want %v for every slot", lo, hi, want)
	}
	s.add(3, time.Second) // long closed: it counts to the newest
	s.closeAll()
	if s.begun != slots+1 || s.done.Max() != time.Second {
		t.Errorf("%d slots, longest %v", s.begun, s.done.Max())
	}
}

// TestHistogramMerge merges what has been counted apart: nothing is lost, whatever
// the ranges.
func TestHistogramMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var all, a, b Histogram
		var c tally
		for range rng.IntN(50) {
			d := time.Duration(rng.ExpFloat64() * float64(int64(1)<<rng.IntN(44)))
			all.add(d)
			switch rng.IntN(3) {
			case 0:
				a.add(d)
			case 1:
				b.add(d)
			default:
				c.add(d)
			}
		}
		own := a.Clone()
		a.Merge(&b)
		c.pour(&a)
		if a.Count() != all.Count() || a.Max() != all.Max() {
			t.Fatalf("%d counted, longest %v; want %d and %v", a.Count(), a.Max(), all.Count(), all.Max())
		}
		for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.99, 1} {
			if x, want := a.Quantile(q), all.Quantile(q); x != want {
				t.Fatalf("quantile %g is %v, want %v", q, x, want)
			}
		}
		if c.max != 0 || own.Count() > a.Count() {
			t.Fatal("a clone shares memory, or what was poured is still there")
		}
	}
}
