// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// TestSchedule pushes, removes and pops entries at random moments: they come out by
// time, those of one moment in the order in which they went in.
func TestSchedule(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var s schedule
	want := map[sfaas.Time][]uint64{}
	for n := range uint64(2000) {
		at := sfaas.Time(random.IntN(300))
		s.push(entry{at: at, ev: core.Event{Stamp: &core.Stamp{Count: n}}})
		if n%7 == 0 {
			continue // is removed below
		}
		want[at] = append(want[at], n)
	}
	s.remove(func(e *entry) bool { return e.ev.Stamp.Count%7 == 0 })
	last := sfaas.Time(0)
	for s.len() > 0 {
		at := s.first()
		e := s.pop()
		if e.at != at || at < last || len(want[at]) == 0 || want[at][0] != e.ev.Stamp.Count {
			t.Fatalf("entry %d of %d came at %d, first was %d, last %d", e.ev.Stamp.Count, e.at, at, at, last)
		}
		want[at], last = want[at][1:], at
	}
	for at, rest := range want {
		if len(rest) > 0 {
			t.Errorf("%v of %d did not come", rest, at)
		}
	}
}
