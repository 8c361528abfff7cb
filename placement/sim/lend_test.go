// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
)

// A node with too much to do does not give away a unit that takes less than the messages to it
// would, but the one that talks to it.
func TestNodeKeepsWhoTalks(t *testing.T) {
	in := &plan.Instance{Version: plan.InstanceVersion, Name: "talk", SlotUS: 500}
	in.Limits = plan.Limits{CPU: 1, Accelerator: 1}
	in.Hop = plan.Hop{CPUMicros: 100}
	for _, id := range []string{"n0", "n1"} {
		in.Nodes = append(in.Nodes, plan.Node{ID: id, Cores: 1, Speed: 1, Memory: 1000, IdleW: 10, MaxW: 20})
	}
	unit := func(id string, work float64) {
		in.Units = append(in.Units, plan.Unit{
			ID: id, Kind: "unit", PerSecond: 1000, Deadline: 100000, Memory: 1,
			Modes: []plan.Mode{{Kind: plan.CPU, WorkMicros: work, QuantileMicros: work, ChainMicros: work}},
		})
	}
	unit("large", 800)
	unit("small", 20)
	in.Links = []plan.Link{{From: "large", To: "small", KB: 0, PerSecond: 1000}}
	cfg, zones, err := prepare(Config{}, in)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorld(cfg, zones[0])
	if err != nil {
		t.Fatal(err)
	}
	n := w.nodes[0]
	for u := range in.Units {
		w.settleAt(u, n, 1)
	}
	if n.ledger.Check() != nil || !n.canLose(0) || !n.canLose(1) {
		t.Errorf("with room for all: %v, can lose %v and %v", n.ledger.Check(), n.canLose(0), n.canLose(1))
	}
	for u := range w.scale {
		w.scale[u] = 1.3
	}
	n.announced()
	if n.ledger.Check() == nil || !n.canLose(0) || n.canLose(1) {
		t.Errorf("with too much: %v, can lose the large one %v, the small one %v", n.ledger.Check(), n.canLose(0), n.canLose(1))
	}
}
