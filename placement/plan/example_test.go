// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"

	"github.com/neuroran/neuroran/placement/plan"
)

// Two units are spread over two nodes; the improver finds that one node is enough.
func Example() {
	node := plan.Node{Cores: 16, Speed: 1, Memory: 65536, SleepW: 5, IdleW: 45, MaxW: 110}
	unit := plan.Unit{
		PerSecond: 2000, Slotted: true, Deadline: 1000, Memory: 512,
		Modes: []plan.Mode{{Kind: plan.CPU, WorkMicros: 1500, QuantileMicros: 2000, ChainMicros: 200}},
	}
	in := &plan.Instance{
		Version: plan.InstanceVersion, SlotUS: 500,
		Limits: plan.Limits{CPU: 0.75, Accelerator: 0.65, MarginMicros: 50}, Move: plan.MoveCost{Joules: 5, Horizon: 900},
	}
	for _, name := range []string{"a", "b"} {
		node.ID, unit.ID = "node-"+name, "cell-"+name
		in.Nodes, in.Units = append(in.Nodes, node), append(in.Units, unit)
	}
	v, err := plan.NewView(in)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := plan.NewState(v)
	s.Put(0, plan.Place{Node: 0})
	s.Put(1, plan.Place{Node: 1})
	fmt.Printf("spread: %.1f W\n", s.Energy())

	p, found := plan.NewImprover(v, nil).Node(s, 0, 1000, 1)
	fmt.Printf("found: %v, %d move, saves %.1f W\n", found, p.Moves(), p.Saves)
	// Output:
	// spread: 104.4 W
	// found: true, 1 move, saves 40.0 W
}
