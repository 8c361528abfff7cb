// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
)

// leastModes tries all modes of units at a node, and returns the watts of the state in which
// they take least without failing a line, infinite if there is none.
func leastModes(s *plan.State, j int32, units []int32) float64 {
	least := math.Inf(1)
	var try func(i int)
	try = func(i int) {
		if i == len(units) {
			if len(s.Violations(nil)) == 0 {
				least = min(least, s.Energy())
			}
			return
		}
		u := int(units[i])
		before := s.Place(u)
		for mode := range s.View().Units[u].Modes {
			s.Put(u, plan.Place{Node: j, Mode: int8(mode)})
			try(i + 1)
		}
		s.Put(u, before)
	}
	try(0)
	return least
}

// TestModesTakeLeast compares the modes that a node chooses, for the units that it has and to
// make room for one more, with all that there are.
func TestModesTakeLeast(t *testing.T) {
	v := view(t, "nodes=20,units=60,load=0.6,seed=3")
	random := rand.New(rand.NewPCG(1, 2))
	settled, came, refused := 0, 0, 0
	for range 4000 {
		j := int32(random.IntN(len(v.Nodes)))
		if v.Nodes[j].Accelerator == nil {
			continue
		}
		s := plan.NewState(v)
		var units []int32
		for range 1 + random.IntN(9) {
			if u := random.IntN(len(v.Units)); s.Place(u).Node < 0 {
				if _, ok := s.Admit(u, j); ok {
					units = append(units, int32(u))
				}
			}
		}
		if want := leastModes(s, j, units); !math.IsInf(want, 1) {
			before := s.Energy()
			changed := s.Settle(j, units)
			if got := s.Energy(); math.Abs(got-want) > 1e-6 || changed != (got < before-1e-9) {
				t.Fatalf("node %d with %v takes %g W when its modes are chosen, %g before, want %g", j, units, got, before, want)
			}
			settled++
		}
		u := random.IntN(len(v.Units))
		if s.Place(u).Node >= 0 {
			continue
		}
		places, watts := append([]int32(nil), units...), s.Energy()
		_, ok := s.MakeRoom(u, j)
		got := s.Energy()
		if !ok {
			if math.Abs(got-watts) > 1e-9 {
				t.Fatalf("a unit that was refused has changed the state from %g to %g W", watts, got)
			}
			s.Put(u, plan.Place{Node: j})
		}
		want := leastModes(s, j, append(places, int32(u)))
		if ok == math.IsInf(want, 1) || ok && math.Abs(got-want) > 1e-6 {
			t.Fatalf("node %d with %v makes room for %d: %v, at %g W, want %g", j, units, u, ok, got, want)
		}
		if ok {
			came++
		} else {
			refused++
		}
	}
	if settled < 1000 || came < 100 || refused < 100 {
		t.Errorf("%d settled, %d came, %d refused: the test shows nothing", settled, came, refused)
	}
}
