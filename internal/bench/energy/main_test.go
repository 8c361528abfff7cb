// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

func generate(t *testing.T, r sim.Recipe) (*plan.Instance, *plan.State) {
	t.Helper()
	in, err := sim.Generate(r)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := onePass(in, plan.Amortised())
	if err != nil {
		t.Fatal(err)
	}
	return in, s
}

// TestShapleySharesAddUp shares out two games whose shares are known: one in which each
// player saves by itself, and one in which two save only together.
func TestShapleySharesAddUp(t *testing.T) {
	alone, both := [allThree + 1]float64{}, [allThree + 1]float64{}
	for with := range alone {
		alone[with], both[with] = 100, 100
		for i, saves := range [...]float64{10, 20, 5} {
			if with&(1<<i) != 0 {
				alone[with] -= saves
			}
		}
		if with&(consolidation|sleep) == consolidation|sleep {
			both[with] -= 30
		}
	}
	for name, test := range map[string]struct{ cost, want [8]float64 }{
		"each by itself": {alone, [8]float64{10, 20, 5}},
		"two together":   {both, [8]float64{15, 15, 0}},
	} {
		for i, got := range shapley(test.cost) {
			if math.Abs(got-test.want[i]) > 1e-9 {
				t.Errorf("%s: share %d is %g, want %g", name, i, got, test.want[i])
			}
		}
	}
}

// TestWithoutSleepAllNodesStayOn compares the watts of one placement: without sleep they are
// those with it and the idle power of the nodes that would sleep.
func TestWithoutSleepAllNodesStayOn(t *testing.T) {
	in, s := generate(t, sim.Recipe{Nodes: 8, Units: 16, Load: 0.3, Seed: 3, Hop: 1})
	awake, on := without(in, consolidation|accelerators)
	v, err := plan.NewView(awake)
	if err != nil {
		t.Fatal(err)
	}
	all, idle := plan.NewState(v), 0.0
	for u := range in.Units {
		all.Put(u, s.Place(u))
	}
	for j, n := range in.Nodes {
		if s.Load(j).Units == 0 {
			idle += n.IdleW - n.SleepW
		}
	}
	if got, want := all.Energy()+on, s.Energy()+idle; idle == 0 || math.Abs(got-want) > 1e-6 {
		t.Errorf("without sleep %g W, want %g, of which %g of nodes without units", got, want, idle)
	}
	plain, _ := without(in, consolidation|sleep)
	for u := range plain.Units {
		if m := plain.Units[u].Modes; len(m) != 1 || m[0].Kind != plan.CPU {
			t.Fatalf("without accelerators unit %d has modes %+v", u, m)
		}
	}
}

// TestADayOfAllThreeTakesLeast computes the day of a small zone with nothing and with all.
func TestADayOfAllThreeTakesLeast(t *testing.T) {
	learned, err := plan.DefaultLearned()
	if err != nil {
		t.Fatal(err)
	}
	defer learned.Close()
	in, _ := generate(t, sim.Recipe{Nodes: 5, Units: 8, Load: 0.4, Seed: 1, Hop: 1})
	for u := range in.Units { // four steps are enough
		in.Units[u].Day = []float64{in.Units[u].Day[8], in.Units[u].Day[32], in.Units[u].Day[56], in.Units[u].Day[80]}
	}
	b := bench{learned: learned}
	var kwh [allThree + 1]float64
	for with := range kwh {
		if kwh[with], err = b.day(in, with, 5000); err != nil {
			t.Fatal(err)
		}
	}
	for with, got := range kwh {
		if got < 0.97*kwh[allThree] || got > 1.03*kwh[0] { // searches are short here
			t.Errorf("with%s %g kWh, with nothing %g, with all %g", nameOf(with), got, kwh[0], kwh[allThree])
		}
	}
	if kwh[allThree] >= 0.8*kwh[0] {
		t.Errorf("all three save %g of %g kWh, want a fifth at least", kwh[0]-kwh[allThree], kwh[0])
	}
}

func TestHopsAreLinksBetweenNodes(t *testing.T) {
	in, s := generate(t, sim.Recipe{Nodes: 6, Units: 24, Load: 0.3, Seed: 2, Hop: 1})
	for u := range in.Units {
		s.Put(u, plan.Place{Node: 0})
	}
	if n := hopsOf(in, s); n != 0 {
		t.Errorf("all units on one node: %d hops", n)
	}
	for u := range in.Units {
		s.Put(u, plan.Place{Node: int32(u % 2)})
	}
	want := 0
	for _, l := range in.Links {
		for u := range in.Units {
			for o := range in.Units {
				if in.Units[u].ID == l.From && in.Units[o].ID == l.To && u%2 != o%2 {
					want++
				}
			}
		}
	}
	if n := hopsOf(in, s); n != want || want == 0 {
		t.Errorf("units on two nodes in turn: %d hops, want %d", n, want)
	}
}

func TestGaps(t *testing.T) {
	var g gaps
	if g.String() != "-" {
		t.Errorf("of none: %q", g.String())
	}
	g.add(103, 100, 1, 0)
	g.add(105, 100, 1, 2)
	if got, want := g.String(), "4.0 / 5.0 (2 without a place)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnknownCaseIsRefused(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"-case", "nonsense"}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "shares") {
		t.Errorf("got %d and %q, want 2 and the names of the cases", code, errs.String())
	}
}

// TestInstancesHaveBounds reads those of the tables.
func TestInstancesHaveBounds(t *testing.T) {
	b := bench{least: 10, most: 10}
	for _, load := range loads {
		all, err := b.instances(load)
		if err != nil || len(all) < 2 {
			t.Fatalf("%s: %d instances, %v", load, len(all), err)
		}
		for _, in := range all {
			if len(in.Nodes) != 10 || in.BoundW <= 0 || !strings.Contains(in.Name, load) {
				t.Errorf("%s: %d nodes, bound %g", in.Name, len(in.Nodes), in.BoundW)
			}
		}
	}
}
