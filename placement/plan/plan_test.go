// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// instance generates an instance.
func instance(tb testing.TB, recipe string) *plan.Instance {
	tb.Helper()
	r, err := sim.ParseRecipe(recipe)
	if err != nil {
		tb.Fatal(err)
	}
	in, err := sim.Generate(r)
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

func view(tb testing.TB, recipe string) *plan.View {
	tb.Helper()
	v, err := plan.NewView(instance(tb, recipe))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// TestCostIsTheDifference puts units at random places and takes them away again: what Cost
// says is what the energy changes by, and a place that it admits violates nothing.
func TestCostIsTheDifference(t *testing.T) {
	v := view(t, "nodes=8,units=24,load=0.7,seed=3")
	s, fresh := plan.NewState(v), plan.NewState(v)
	random := rand.New(rand.NewPCG(7, 7))
	admitted := 0
	for range 20000 {
		u := random.IntN(len(v.Units))
		s.Remove(u)
		p := plan.Place{Node: int32(random.IntN(len(v.Nodes))), Mode: int8(random.IntN(len(v.Units[u].Modes)))}
		watts, refused := s.Cost(u, p)
		if !refused.OK() {
			continue
		}
		admitted++
		before := s.Energy()
		s.Put(u, p)
		if math.Abs(s.Energy()-before-watts) > 1e-6 {
			t.Fatalf("unit %d at %v: cost %g, energy changed by %g", u, p, watts, s.Energy()-before)
		}
	}
	if admitted < 1000 {
		t.Fatalf("%d places admitted, want a thousand at least", admitted)
	}
	fresh.Reset(v)
	for u := range v.Units {
		fresh.Put(u, s.Place(u))
	}
	if math.Abs(fresh.Energy()-s.Energy()) > 1e-6 {
		t.Errorf("energy %g after many changes, %g of the same places", s.Energy(), fresh.Energy())
	}
	for j := range v.Nodes {
		a, b := s.Load(j), fresh.Load(j)
		if a.Units != b.Units || math.Abs(a.CPU-b.CPU) > 1e-9 {
			t.Errorf("node %d: load %+v after many changes, %+v of the same places", j, a, b)
		}
	}
}

// TestAdmittedIsNotViolated fills a zone as far as Cost admits.
func TestAdmittedIsNotViolated(t *testing.T) {
	for _, recipe := range []string{"nodes=10,units=60,load=3,seed=1", "nodes=20,units=40,load=0.2,seed=2"} {
		v := view(t, recipe)
		for _, policy := range plan.Policies() {
			s := plan.NewState(v)
			unplaced := (&plan.Choice{Policy: policy}).PlaceAll(s)
			if unplaced != s.Unplaced() {
				t.Errorf("%s, %s: PlaceAll says %d unplaced, there are %d", recipe, policy.Name(), unplaced, s.Unplaced())
			}
			if bad := s.Violations(nil); len(bad) > 0 {
				t.Errorf("%s, %s: %+v", recipe, policy.Name(), bad)
			}
		}
	}
}

func TestRefusalNamesTheLine(t *testing.T) {
	in := instance(t, "nodes=1,units=1,load=0.2,seed=1")
	in.Units[0].Memory = 1e6
	v, err := plan.NewView(in)
	if err != nil {
		t.Fatal(err)
	}
	_, refused := plan.NewState(v).Cost(0, plan.Place{})
	want := plan.Refusal{Line: plan.LineMemory, Got: 1e6, Want: in.Nodes[0].Memory}
	if refused != want {
		t.Errorf("got %+v, want %+v", refused, want)
	}
}

func TestInstanceIsReadAsWritten(t *testing.T) {
	in := instance(t, "nodes=12,units=30,load=0.5,seed=9,zones=3")
	in.BoundW = 12.5
	var b bytes.Buffer
	if err := in.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := plan.ReadInstance(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, got); diff != "" {
		t.Error(diff)
	}
}

func TestInstanceErrorsNameTheField(t *testing.T) {
	for field, spoil := range map[string]func(in *plan.Instance){
		"version":                     func(in *plan.Instance) { in.Version = 2 },
		"slot_us":                     func(in *plan.Instance) { in.SlotUS = math.NaN() },
		"hop.cpu_us":                  func(in *plan.Instance) { in.Hop.CPUMicros = -1 },
		"limits.cpu":                  func(in *plan.Instance) { in.Limits.CPU = 0 },
		"nodes":                       func(in *plan.Instance) { in.Nodes = nil },
		"nodes[1].id":                 func(in *plan.Instance) { in.Nodes[1].ID = in.Nodes[0].ID },
		"nodes[0].cores":              func(in *plan.Instance) { in.Nodes[0].Cores = math.Inf(1) },
		"nodes[1].max_w":              func(in *plan.Instance) { in.Nodes[1].MaxW = in.Nodes[1].IdleW - 1 },
		"units[0].modes":              func(in *plan.Instance) { in.Units[0].Modes = nil },
		"units[0].modes[0].work_us":   func(in *plan.Instance) { in.Units[0].Modes[0].WorkMicros = math.NaN() },
		"units[0].per_s":              func(in *plan.Instance) { in.Units[0].Slotted, in.Units[0].PerSecond = true, 3 },
		"units[2].day":                func(in *plan.Instance) { in.Units[2].Day = in.Units[2].Day[:5] },
		"units[1].apart[0]":           func(in *plan.Instance) { in.Units[1].Apart = []string{"nobody"} },
		"links[0].to":                 func(in *plan.Instance) { in.Links[0].To = in.Links[0].From },
		"links[0].kb":                 func(in *plan.Instance) { in.Links[0].KB = -2 },
		"nodes[0].accelerator.kind":   func(in *plan.Instance) { in.Nodes[0].Accelerator = &plan.Accelerator{} },
		"units[0].modes[0].kind":      func(in *plan.Instance) { in.Units[0].Modes[0].Kind = "" },
		"units[0].deadline_us":        func(in *plan.Instance) { in.Units[0].Deadline = -1 },
		"nodes[3].zone":               func(in *plan.Instance) { in.Nodes[3].Zone = 1 << 40 },
		"units[3].zone":               func(in *plan.Instance) { in.Units[3].Zone = -1 },
		"move.horizon_s":              func(in *plan.Instance) { in.Move.Horizon = -1 },
		"nodes[0].accelerator.idle_w": func(in *plan.Instance) { in.Nodes[0].Accelerator = &plan.Accelerator{Kind: "gpu", IdleW: -3} },
	} {
		in := instance(t, "nodes=5,units=12,load=0.5,seed=2")
		spoil(in)
		var wrong *plan.FieldError
		if err := in.Validate(); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func FuzzReadInstance(f *testing.F) {
	var b bytes.Buffer
	if err := instance(f, "nodes=3,units=6,load=0.5,seed=1").Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"version":1,"slot_us":500}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := plan.ReadInstance(bytes.NewReader(data))
		if err != nil || len(in.Units) > 200 || len(in.Nodes) > 200 {
			return
		}
		v, err := plan.NewView(in)
		if err != nil {
			t.Fatal(err)
		}
		s := plan.NewState(v)
		(&plan.Choice{}).PlaceAll(s)
		if bad := s.Violations(nil); len(bad) > 0 {
			t.Fatalf("placed where it is not allowed: %+v", bad)
		}
	})
}

func TestCostDoesNotAllocate(t *testing.T) {
	v := view(t, "nodes=20,units=60,load=0.6,seed=1")
	s := plan.NewState(v)
	choice := plan.Choice{Policy: plan.Amortised()}
	choice.PlaceAll(s)
	u := 0
	allocs := testing.AllocsPerRun(200, func() {
		u = (u + 1) % len(v.Units)
		at := s.Place(u)
		s.Remove(u)
		choice.Best(s, u, nil)
		s.Put(u, at)
	})
	if allocs != 0 {
		t.Errorf("%g allocations, want 0", allocs)
	}
}

func BenchmarkCost(b *testing.B) {
	v := view(b, "nodes=200,units=400,load=0.6,seed=1")
	s := plan.NewState(v)
	(&plan.Choice{Policy: plan.Amortised()}).PlaceAll(s)
	s.Remove(7)
	b.ReportAllocs()
	j := 0
	for b.Loop() {
		j = (j + 1) % len(v.Nodes)
		s.Cost(7, plan.Place{Node: int32(j)})
	}
}

// TestPromisedUnitsRelieveNobody puts a unit where one is that it talks to: the other one
// has a hop less only when it is really there.
func TestPromisedUnitsRelieveNobody(t *testing.T) {
	in := instance(t, "nodes=5,units=12,load=0.3,seed=2")
	v, err := plan.NewView(in)
	if err != nil {
		t.Fatal(err)
	}
	from, to := -1, -1
	for a := range in.Units {
		for b := range in.Units {
			if v.Linked(a, b) {
				from, to = a, b
			}
		}
	}
	s := plan.NewState(v)
	s.Put(from, plan.Place{Node: 1})
	alone := s.Load(1).CPU
	s.Put(to, plan.Place{Node: 2})
	apart := s.Load(2).CPU
	s.Remove(to)
	s.Promise(to, true)
	s.Put(to, plan.Place{Node: 1})
	// It is not there yet, so the one that sends to it has its hop; it will have none itself.
	s.Remove(from)
	hopless := s.Load(1).CPU
	s.Put(from, plan.Place{Node: 1})
	if got := s.Load(1).CPU - alone; got >= apart*in.Nodes[2].Speed/in.Nodes[1].Speed || got <= 0 {
		t.Errorf("a promised unit takes %g cores, elsewhere %g", got, apart)
	}
	if s.Load(1).CPU >= hopless+alone {
		t.Errorf("with who sends to it %g cores, want less than %g", s.Load(1).CPU, hopless+alone)
	}
	before := s.Load(1).CPU
	s.Promise(to, false)
	if s.Load(1).CPU >= before {
		t.Errorf("together they take %g cores, %g when one was promised", s.Load(1).CPU, before)
	}
}

// TestPutAllIsPut compares states in which all units were put at once and one by one.
func TestPutAllIsPut(t *testing.T) {
	v := view(t, "nodes=8,units=24,load=0.7,seed=3")
	random := rand.New(rand.NewPCG(9, 9))
	a, b := plan.NewState(v), plan.NewState(v)
	for range 50 {
		places := make([]plan.Place, len(v.Units))
		a.Reset(v)
		for u := range places {
			places[u] = plan.Place{Node: int32(random.IntN(len(v.Nodes)+1)) - 1, Mode: int8(random.IntN(len(v.Units[u].Modes)))}
			a.Put(u, places[u])
		}
		b.Reset(v)
		b.PutAll(places)
		if math.Abs(a.Energy()-b.Energy()) > 1e-6 {
			t.Fatalf("one by one %g W, at once %g", a.Energy(), b.Energy())
		}
		for j := range v.Nodes {
			if diff := cmp.Diff(a.Load(j), b.Load(j), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Fatalf("node %d (-one by one +at once):\n%s", j, diff)
			}
		}
	}
}

// TestOrderIsOfAllNodesWithRoom compares the order of nodes with what each place scores.
func TestOrderIsOfAllNodesWithRoom(t *testing.T) {
	v := view(t, "nodes=12,units=24,load=0.5,seed=4")
	s := plan.NewState(v)
	choice := plan.Choice{Policy: plan.BestFit()}
	choice.PlaceAll(s)
	for u := range v.Units {
		s.Remove(u)
		least := map[int32]float64{}
		for j := range int32(len(v.Nodes)) {
			for mode := range v.Units[u].Modes {
				watts, refused := s.Cost(u, plan.Place{Node: j, Mode: int8(mode)})
				if before, ok := least[j]; refused.OK() && (!ok || watts < before) {
					least[j] = watts
				}
			}
		}
		order := choice.Order(nil, s, u)
		if len(order) != len(least) {
			t.Fatalf("unit %d: %d nodes in order, %d have room", u, len(order), len(least))
		}
		for i := 1; i < len(order); i++ {
			if least[order[i]] < least[order[i-1]] {
				t.Errorf("unit %d: node %d (%g W) comes after node %d (%g W)", u, order[i], least[order[i]], order[i-1], least[order[i-1]])
			}
		}
		if len(order) > 0 {
			s.Put(u, plan.Place{Node: order[0]})
		}
	}
}
