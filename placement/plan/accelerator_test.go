// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
)

// TestAcceleratorIsDrained has two nodes that must both stay awake, each with an accelerator in
// use. One would do, and it takes all units of the other one together to switch that off: one
// alone saves nothing.
func TestAcceleratorIsDrained(t *testing.T) {
	in := &plan.Instance{
		Version: 1, Name: "drain", SlotUS: 500, Limits: plan.Limits{CPU: 1, Accelerator: 1}, Move: plan.MoveCost{Joules: 1, Horizon: 100},
	}
	for _, id := range []string{"a", "b"} {
		in.Nodes = append(in.Nodes, plan.Node{
			ID: id, Cores: 8, Speed: 1, Memory: 100, SleepW: 5, IdleW: 50, MaxW: 100,
			Accelerator: &plan.Accelerator{Kind: "gpu", IdleW: 40, MaxW: 41, Memory: 100},
		})
		// What keeps the node awake: too large for both to be on one.
		in.Units = append(in.Units, plan.Unit{ID: "large " + id, PerSecond: 100, Deadline: 1e6, Memory: 70, Modes: []plan.Mode{{Kind: plan.CPU, WorkMicros: 1000}}})
	}
	for _, id := range []string{"u", "v", "w", "x"} {
		in.Units = append(in.Units, plan.Unit{ID: id, PerSecond: 100, Deadline: 1e6, Memory: 1, Modes: []plan.Mode{
			{Kind: "gpu", WorkMicros: 100, AcceleratorMicros: 1000, AcceleratorMemory: 1},
		}})
	}
	v, err := plan.NewView(in)
	if err != nil {
		t.Fatal(err)
	}
	s := plan.NewState(v)
	for u, j := range []int32{0, 1, 0, 0, 1, 1} {
		s.Put(u, plan.Place{Node: j})
	}
	before := s.Energy()
	p, found := plan.NewImprover(v, nil).Node(s, 1, 0, 1)
	if !found || p.Moves() != 2 {
		t.Fatalf("found %v: %+v, want the two units of node 1 that use its accelerator to go to node 0", found, p)
	}
	do(t, s, &p)
	if got := before - s.Energy(); got < 39 || s.Load(1).AcceleratorUnits != 0 {
		t.Errorf("it saves %.1f W, want the 40 of an accelerator", got)
	}
}
