// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
)

// A node that leads a plan of several stages goes on with it: without any search it comes to
// where the plan ends, and when it is there, or is refused again and again, it searches anew.
func TestLeadGoesOnWithAPlan(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.6,seed=1")
	long := 0
	for seed := range uint64(12) {
		s := plan.NewState(v)
		(&plan.Choice{Policy: plan.Amortised()}).PlaceAll(s)
		m := plan.NewImprover(v, plan.Amortised())
		for j := range int32(len(v.Nodes)) {
			begin := s.Energy()
			var course plan.Course
			first, found := m.Lead(s, j, &course, 30000, seed)
			if !found || len(first.Stages) < 2 {
				continue
			}
			long++
			for p, stages := first, 0; ; stages++ {
				do(t, s, &plan.Plan{Stages: p.Stages[:1]})
				if begin-s.Energy() > 0.99*first.Saves { // what is left is not worth a move
					break
				}
				if p, found = m.Lead(s, j, &course, 0, 0); !found || stages > 2*len(first.Stages) {
					t.Fatalf("seed %d, node %d: %g W are saved after %d stages, want %g W after %d", seed, j, begin-s.Energy(), stages, first.Saves, len(first.Stages))
				}
			}
			break
		}
	}
	if long < 3 {
		t.Fatalf("%d plans of several stages, want some to be led", long)
	}
}

func TestLeadGivesUp(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.6,seed=1")
	s := plan.NewState(v)
	(&plan.Choice{Policy: plan.Amortised()}).PlaceAll(s)
	m := plan.NewImprover(v, plan.Amortised())
	for j := range int32(len(v.Nodes)) {
		var course plan.Course
		first, found := m.Lead(s, j, &course, 30000, 1)
		if !found || len(first.Stages) < 2 {
			continue
		}
		again := 0
		for { // all stages are refused
			p, found := m.Lead(s, j, &course, 1, 1)
			if !found || p.Saves < first.Saves-1e-6 {
				break
			}
			if again++; again > 2*len(first.Stages) {
				t.Fatalf("a plan of %d stages is begun %d times in vain, want an end", len(first.Stages), again)
			}
		}
		if again == 0 {
			t.Fatal("a stage that was refused is not tried again")
		}
		return
	}
	t.Fatal("no plan of several stages")
}
