// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/plan"
)

// TestALoadStepWakesThePlanner lets a planner find nothing for so long that it hardly thinks any
// more. When load changes it thinks as soon as it has heard of it.
func TestALoadStepWakesThePlanner(t *testing.T) {
	r, err := ParseRecipe("nodes=6,units=12,load=0.3,seed=1")
	if err != nil {
		t.Fatal(err)
	}
	in, err := Generate(r)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Policy: plan.Amortised(), Planner: true, Seed: 1, Loss: 0.01, PlanBudget: 2000, Eager: 2 * time.Second}
	w, err := newWorld(cfg.defaults(in), in)
	if err != nil {
		t.Fatal(err)
	}
	w.deploy()
	w.run(30 * time.Second)
	calls := w.seat.calls
	w.run(time.Second)
	if idle := w.seat.calls - calls; idle > 1 || calls == 0 {
		t.Fatalf("%d thoughts, and %d more in a second in which nothing was to be done; want 1 at most", calls, idle)
	}
	for u := range w.scale {
		w.load[u], w.scale[u] = 0.5, 0.5
		w.truth.Put(u, w.truth.Place(u))
	}
	for _, n := range w.nodes {
		n.announced()
	}
	calls = w.seat.calls
	w.run(200 * time.Millisecond)
	if w.seat.calls == calls || w.now.Sub(w.seat.changed) > 200*time.Millisecond {
		t.Errorf("%d thoughts in the 200 ms after a load step, seen to change %v ago", w.seat.calls-calls, w.now.Sub(w.seat.changed))
	}
}
