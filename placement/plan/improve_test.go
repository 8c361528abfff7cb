// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// do carries a plan out, and checks at every stage that units which leave and units which
// come have room together.
func do(t *testing.T, s *plan.State, p *plan.Plan) {
	t.Helper()
	for _, stage := range p.Stages {
		s.Anchor()
		for _, m := range stage {
			if s.Place(m.Unit).Node != m.From.Node {
				t.Fatalf("unit %d is at %v, the plan says %v", m.Unit, s.Place(m.Unit), m.From)
			}
			s.Remove(m.Unit)
			if _, ok := s.Admit(m.Unit, m.To.Node); !ok {
				t.Fatalf("unit %d to %v is refused", m.Unit, m.To)
			}
		}
		s.Release()
		for _, m := range stage {
			s.Settle(m.From.Node, s.At(int(m.From.Node)))
			s.Settle(m.To.Node, s.At(int(m.To.Node)))
		}
		if bad := s.Violations(nil); len(bad) > 0 {
			t.Fatalf("after a stage: %+v", bad)
		}
	}
}

func TestPlansSaveWhatTheySay(t *testing.T) {
	for _, recipe := range []string{"nodes=20,units=40,load=0.6,seed=1", "nodes=20,units=60,load=0.2,seed=4"} {
		v := view(t, recipe)
		s := plan.NewState(v)
		(&plan.Choice{Policy: plan.Rendezvous()}).PlaceAll(s)
		m := plan.NewImprover(v, plan.Amortised())
		begin := s.Energy()
		plans := 0
		for round := range uint64(3) {
			for j := range v.Nodes {
				before := s.Energy()
				p, found := m.Node(s, int32(j), 2000, round)
				if math.Abs(s.Energy()-before) > 1e-9 {
					t.Fatalf("looking for a plan changed the energy from %g to %g", before, s.Energy())
				}
				if !found {
					continue
				}
				plans++
				do(t, s, &p)
				if saved := before - s.Energy(); saved < p.Saves-1e-6 || p.Saves <= 0 {
					t.Fatalf("%s: a plan said %g W, it saved %g", recipe, p.Saves, saved)
				}
			}
		}
		for _, p := range m.Zone(s, 0, 200000, 1) {
			plans++
			do(t, s, &p)
		}
		if plans < 5 || s.Energy() > 0.8*begin {
			t.Errorf("%s: %d plans from %g to %g W, want a fifth less at least", recipe, plans, begin, s.Energy())
		}
	}
}

func TestZoneRepeats(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.6,seed=5")
	energy := func() float64 {
		s := plan.NewState(v)
		(&plan.Choice{Policy: plan.BestFit()}).PlaceAll(s)
		plan.NewRuiner(v).Zone(s, 0, 100000, 42)
		return s.Energy()
	}
	if a, b := energy(), energy(); a != b {
		t.Errorf("equal seeds give %v and %v W", a, b)
	}
}

// TestShieldStopsGarbage gives a shield moves at random: what passes is admitted and saves.
func TestShieldStopsGarbage(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.6,seed=1")
	s := plan.NewState(v)
	(&plan.Choice{Policy: plan.Rendezvous()}).PlaceAll(s)
	random := rand.New(rand.NewPCG(3, 3))
	var shield plan.Shield
	for range 3000 {
		var p plan.Plan
		for range 1 + random.IntN(3) {
			u := random.IntN(len(v.Units)+2) - 1
			m := plan.Move{Unit: u, To: plan.Place{Node: int32(random.IntN(22) - 1), Mode: int8(random.IntN(4) - 1)}}
			if u >= 0 && u < len(v.Units) && random.IntN(10) > 0 {
				m.From = s.Place(u)
			}
			p.Stages = append(p.Stages, []plan.Move{m})
		}
		p.Saves = math.NaN()
		before := s.Energy()
		if shield.Judge(s, &p) != plan.Pass {
			continue
		}
		do(t, s, &p)
		if s.Energy() >= before {
			t.Fatalf("what passed took %g W, before %g", s.Energy(), before)
		}
	}
	if shield.Passed == 0 || shield.Stopped < 1000 {
		t.Errorf("%d passed, %d stopped: the test shows nothing", shield.Passed, shield.Stopped)
	}
}

// badPolicy answers garbage.
type badPolicy struct{ score float64 }

func (p badPolicy) Name() string { return "bad" }

func (p badPolicy) Score(_ *plan.State, _ []plan.Candidate, scores []float64) error {
	for i := range scores {
		scores[i] = p.score
	}
	return nil
}

func TestBadPolicyIsReplaced(t *testing.T) {
	v := view(t, "nodes=10,units=20,load=0.5,seed=1")
	want := plan.NewState(v)
	(&plan.Choice{Policy: plan.BestFit()}).PlaceAll(want)
	for _, score := range []float64{math.NaN(), math.Inf(1)} {
		s, choice := plan.NewState(v), plan.Choice{Policy: badPolicy{score}}
		choice.PlaceAll(s)
		if s.Energy() != want.Energy() || choice.Errors != len(v.Units) {
			t.Errorf("score %g: %g W with %d errors, best fit has %g", score, s.Energy(), choice.Errors, want.Energy())
		}
	}
}

// TestRuinerPlacesWhatHasNoPlace begins with nothing: every unit gets a place.
func TestRuinerPlacesWhatHasNoPlace(t *testing.T) {
	v := view(t, "nodes=10,units=20,load=0.6,seed=1")
	s := plan.NewState(v)
	plan.NewRuiner(v).Zone(s, 0, 20000, 1)
	if n := s.Unplaced(); n > 0 {
		t.Errorf("%d units have no place", n)
	}
}

// TestRuinerLeavesValleys places a zone of low load, where watts are a matter of which nodes are
// awake. A search that looks at all nodes each time ends 12 % over the bound.
func TestRuinerLeavesValleys(t *testing.T) {
	const recipe = "nodes=25,units=50,load=0.2,seed=1"
	in, v := instance(t, recipe), view(t, recipe)
	sim.AddReference(in)
	for seed := range uint64(3) {
		s := plan.NewState(v)
		(&plan.Choice{Policy: plan.Amortised()}).PlaceAll(s)
		plan.NewRuiner(v).Zone(s, 0, 2000000, seed)
		if over := 100 * (s.Energy()/in.BoundW - 1); !(over <= 9) {
			t.Errorf("seed %d: got %.1f %% over the bound, want 9 at most", seed, over)
		}
	}
}

// TestZoneGoesOn asks for plans again and again without doing any: what a plan would save
// becomes more, since each search begins with the goal of the last one.
func TestZoneGoesOn(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.2,seed=1")
	s := plan.NewState(v)
	(&plan.Choice{Policy: plan.MostAllocated()}).PlaceAll(s)
	m := plan.NewImprover(v, nil)
	saves := func(seed uint64) (sum float64) {
		for _, p := range m.Zone(s, 0, 30000, seed) {
			sum += p.Saves
		}
		return sum
	}
	first, last := saves(0), 0.0
	for seed := range uint64(15) {
		last = saves(seed + 1)
	}
	if last < first*1.02 || last > s.Energy()-v.Bound() {
		t.Errorf("the first search would save %g W, the last one %g, want more, and at most %g", first, last, s.Energy()-v.Bound())
	}
	// With other work the goal is another one; one that has no room must not be proposed.
	heavy := make([]float64, len(v.Units))
	for u := range heavy {
		heavy[u] = 3
	}
	s.Reset(v.Scaled(heavy))
	(&plan.Choice{Policy: plan.LeastAllocated()}).PlaceAll(s)
	for _, p := range m.Zone(s, 0, 30000, 1) {
		do(t, s, &p)
	}
}

// TestTowardsLeadsToTheAim does one stage at a time and asks for the way from there, without
// another search: in the end units are where the plans of the search would have had them.
func TestTowardsLeadsToTheAim(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.6,seed=1")
	s := plan.NewState(v)
	(&plan.Choice{Policy: plan.Rendezvous()}).PlaceAll(s)
	m := plan.NewImprover(v, nil)
	plans := m.Zone(s, 0, 200000, 1)
	want, longest := s.Energy(), 0
	for i := range plans {
		want -= plans[i].Saves
		longest = max(longest, len(plans[i].Stages))
	}
	if longest < 2 {
		t.Fatalf("%d plans of one stage: the test shows nothing", len(plans))
	}
	for turns := 0; len(plans) > 0; turns++ {
		if turns == 3*longest {
			t.Fatalf("after %d stages it takes %g W, want %g", turns, s.Energy(), want)
		}
		for i := range plans {
			do(t, s, &plan.Plan{Stages: plans[i].Stages[:1]})
		}
		plans = m.Towards(s, 0)
	}
	if s.Energy() > want+1 {
		t.Errorf("it takes %g W in the end, want %g", s.Energy(), want)
	}
	if m.Forget(); len(m.Towards(s, 0)) != 0 {
		t.Error("it heads for what it has forgotten")
	}
}

// TestRefusalIsGoneRound refuses the first moves of a plan: the way leads on to nearly the same
// state, without a search.
func TestRefusalIsGoneRound(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.6,seed=1")
	s := plan.NewState(v)
	(&plan.Choice{Policy: plan.Rendezvous()}).PlaceAll(s)
	m := plan.NewImprover(v, nil)
	total := func(plans []plan.Plan) (saves float64) {
		for i := range plans {
			saves += plans[i].Saves
		}
		return saves
	}
	plans := m.Zone(s, 0, 200000, 1)
	want := total(plans)
	for _, mv := range plans[0].Stages[0][:2] {
		m.Bars = append(m.Bars, plan.Bar{Unit: mv.Unit, Node: mv.To.Node})
	}
	if got := total(m.Towards(s, 0)); got < want/2 {
		t.Errorf("with two refusals %g W can be saved, want most of %g", got, want)
	}
}

// TestBarsAreLeftOut bars each move that is proposed, again and again.
func TestBarsAreLeftOut(t *testing.T) {
	v := view(t, "nodes=20,units=40,load=0.2,seed=1")
	s := plan.NewState(v)
	(&plan.Choice{Policy: plan.MostAllocated()}).PlaceAll(s)
	m := plan.NewImprover(v, nil)
	moves := 0
	for seed := range uint64(6) {
		for _, p := range m.Zone(s, 0, 30000, seed) {
			for _, stage := range p.Stages {
				for _, mv := range stage {
					if mv.From.Node == mv.To.Node {
						continue
					}
					bar := plan.Bar{Unit: mv.Unit, Node: mv.To.Node}
					if slices.Contains(m.Bars[:moves], bar) {
						t.Fatalf("unit %d is to come to node %d, which is barred", mv.Unit, mv.To.Node)
					}
					m.Bars = append(m.Bars, bar)
				}
			}
		}
		moves = len(m.Bars)
	}
	if moves < 10 {
		t.Errorf("%d moves in all: the test shows nothing", moves)
	}
}
