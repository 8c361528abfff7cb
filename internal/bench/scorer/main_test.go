// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// TestLinearIsTheModel places an instance by weights in Go and by the ONNX model of the same
// weights: what the search learns is what is saved.
func TestLinearIsTheModel(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	w := make([]float64, plan.NumFeatures)
	for k := range w {
		w[k] = 0.3 * random.NormFloat64()
	}
	w[1]++
	weights := weightsOf(w)
	graph, err := plan.LinearScorer(weights)
	if err != nil {
		t.Fatal(err)
	}
	model, err := accel.BuildModel(graph)
	if err != nil {
		t.Fatal(err)
	}
	learned, err := plan.NewLearned(model, accel.Ref)
	if err != nil {
		t.Fatal(err)
	}
	defer learned.Close()
	in, err := sim.Generate(sim.Recipe{Nodes: 12, Units: 24, Load: 0.4, Seed: 77, Hop: 1})
	if err != nil {
		t.Fatal(err)
	}
	v, err := plan.NewView(in)
	if err != nil {
		t.Fatal(err)
	}
	s := plan.NewState(v)
	var candidates []plan.Candidate
	for u := range v.Units {
		for j := range v.Nodes {
			p := plan.Place{Node: int32(j)}
			if watts, refused := s.Cost(u, p); refused.OK() {
				candidates = append(candidates, plan.Candidate{Unit: u, Place: p, Watts: watts})
			}
		}
	}
	a, b := make([]float64, len(candidates)), make([]float64, len(candidates))
	if err := (linear{weights}).Score(s, candidates, a); err != nil {
		t.Fatal(err)
	}
	if err := learned.Score(s, candidates, b); err != nil {
		t.Fatal(err)
	}
	if len(candidates) < 100 {
		t.Fatalf("%d candidates: the test shows nothing", len(candidates))
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-5*(1+math.Abs(a[i])) {
			t.Fatalf("candidate %d: %g in Go, %g by the model", i, a[i], b[i])
		}
	}
}

// TestSearchNeverEndsWorse learns for two iterations: the result is no worse than what it
// began with, the amortised policy, on the instances that it has seen.
func TestSearchNeverEndsWorse(t *testing.T) {
	weights, err := learn(2, 5, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	all, err := tasks()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i := range all {
		sum += math.Log(all[i].grade(linear{weights}) / all[i].amortised)
	}
	if mean := sum / float64(len(all)); mean > 1e-6 {
		t.Errorf("learned weights take %+.2f %% of the amortised policy", 100*(math.Exp(mean)-1))
	}
}
