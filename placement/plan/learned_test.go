// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"math"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/placement/plan"
)

// TestLearnedIsBetterInOnePass places instances that the scorer has not been trained on.
func TestLearnedIsBetterInOnePass(t *testing.T) {
	learned, err := plan.DefaultLearned()
	if err != nil {
		t.Fatal(err)
	}
	defer learned.Close()
	sum := 0.0
	recipes := []string{
		"nodes=20,units=40,load=0.6,seed=1", "nodes=20,units=40,load=0.2,seed=1", "nodes=30,units=60,load=0.6,seed=2",
		"nodes=30,units=60,load=0.2,seed=2", "nodes=50,units=100,load=0.6,seed=1", "nodes=50,units=100,load=0.2,seed=1",
	}
	for _, recipe := range recipes {
		v := view(t, recipe)
		a, b := plan.NewState(v), plan.NewState(v)
		(&plan.Choice{Policy: plan.Amortised()}).PlaceAll(a)
		choice := plan.Choice{Policy: learned}
		choice.PlaceAll(b)
		if choice.Errors > 0 {
			t.Errorf("%s: the policy failed %d times", recipe, choice.Errors)
		}
		sum += math.Log(b.Energy() / a.Energy())
		t.Logf("%s: learned %.1f W, amortised %.1f W, %d and %d without a place", recipe, b.Energy(), a.Energy(), b.Unplaced(), a.Unplaced())
	}
	if mean := math.Exp(sum/float64(len(recipes))) - 1; mean > -0.05 {
		t.Errorf("learned is %+.1f %% of amortised, want 5 %% less at least", 100*mean)
	}
}

// TestLearnedGarbageIsStopped runs a model whose outputs are no numbers.
func TestLearnedGarbageIsStopped(t *testing.T) {
	weights := make([]float32, plan.NumFeatures)
	for k := range weights {
		weights[k] = math.MaxFloat32 // overflows to infinity, and to what is no number
	}
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
	v := view(t, "nodes=10,units=20,load=0.5,seed=1")
	s, choice := plan.NewState(v), plan.Choice{Policy: learned}
	choice.PlaceAll(s)
	want := plan.NewState(v)
	(&plan.Choice{}).PlaceAll(want)
	if choice.Errors != len(v.Units) || s.Energy() != want.Energy() {
		t.Errorf("%d of %d choices without the policy, %g W, best fit takes %g", choice.Errors, len(v.Units), s.Energy(), want.Energy())
	}
}

func TestLearnedRefusesOtherModels(t *testing.T) {
	if _, err := plan.LinearScorer(make([]float32, 3)); err == nil {
		t.Error("three weights: no error")
	}
	b := onnx.NewBuilder("other")
	b.Output("y", b.Relu(b.Input("x", onnx.Float32, -1, 3)))
	graph, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	model, err := accel.BuildModel(graph)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.NewLearned(model, accel.Ref); err == nil {
		t.Error("a model of three features: no error")
	}
}
