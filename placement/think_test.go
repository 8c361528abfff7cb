// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Units that are spread over three nodes without a need come together, so that two nodes can
// sleep.
func TestNodesFallAsleep(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	z := newZone(t, 3)
	sums := newSums(t)
	deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, Needs: resource.Need{Memory: 100 << 20}})
	ctx := z.context()
	for i := range 3 {
		u := deps[0].Unit(sfaas.NewKey(sfaas.KindCell, uint64(i)))
		if err := u.Ensure(ctx); err != nil {
			t.Fatal(err)
		}
		if err := z.nodes[0].relocate(ctx, deps[0], sfaas.Unit{Part: "add", Root: u.Key()}, z.nodes[i].ID()); err != nil {
			t.Fatal(err)
		}
	}
	z.eventually(func() string {
		owners := map[sfaas.NodeID]int{}
		for _, u := range z.nodes[0].Report().Units {
			owners[u.Owner]++
		}
		if len(owners) == 1 {
			return ""
		}
		return fmt.Sprintf("units by node: %v", owners)
	})
}

// A thinker sees standbys as what holds room and keeps a node awake, apart from its owner.
func TestThinkerMovesStandbys(t *testing.T) {
	var v agent.View
	for i := range 3 {
		v.Nodes = append(v.Nodes, nodeRow(sfaas.NodeID(i+1)))
	}
	unit := func(id agent.UnitID, owner, standby sfaas.NodeID) {
		r := agent.UnitRow{Unit: id, Owner: owner, Want: 1, Standbys: [2]sfaas.NodeID{standby}}
		setWork(&r)
		v.Units = append(v.Units, r)
	}
	unit(1, 1, 2)
	unit(2, 2, 3)
	unit(3, 2, 1)
	for i := range v.Units { // rates and slots of any length
		v.Units[i].Columns[unitRate], v.Units[i].Columns[unitSlot] = 149.7, float32(300*(i+1))
	}
	var thinks thinker
	moves := thinks.node(nil, &v, 3)
	if thinks.err != nil {
		t.Fatal(thinks.err)
	}
	if len(moves) != 1 || moves[0] != (agent.Move{Unit: 2, From: 3, To: 1}) {
		t.Errorf("node 3 moves %+v, want the standby of unit 2 to node 1, where its owner is not", moves)
	}
	all := (&thinker{}).zone(&v)
	if len(all) != 1 || len(all[0]) == 0 {
		t.Errorf("the zone moves %+v", all)
	}
	v.Nodes[0].State = agent.NodeDraining
	if moves := (&thinker{}).node(nil, &v, 3); len(moves) != 0 {
		t.Errorf("node 3 moves %+v to a node that drains", moves)
	}
}

// A thinker that is asked again goes on with its search where it was, whatever has been measured
// meanwhile, and begins anew when a unit has come.
func TestThinkerGoesOn(t *testing.T) {
	var v agent.View
	for i := range 3 {
		v.Nodes = append(v.Nodes, nodeRow(sfaas.NodeID(i+1)))
	}
	add := func(owner sfaas.NodeID) {
		r := agent.UnitRow{Unit: agent.UnitID(len(v.Units) + 1), Owner: owner, Version: 1}
		setWork(&r)
		v.Units = append(v.Units, r)
	}
	for i := range 3 {
		add(sfaas.NodeID(i + 1))
	}
	var thinks thinker
	if moves := thinks.zone(&v); len(moves) == 0 {
		t.Fatal("units on three nodes do not come together")
	}
	first := thinks.improver
	v.Units[1].Columns[unitWork] = 110
	if moves := thinks.zone(&v); len(moves) == 0 || thinks.improver != first {
		t.Errorf("after another measurement: moves %v, another improver: %v", moves, thinks.improver != first)
	}
	add(2)
	if moves := thinks.zone(&v); len(moves) == 0 || thinks.improver == first {
		t.Errorf("with one unit more: moves %v, the same improver: %v", moves, thinks.improver == first)
	}
}

// What is known of a unit that has moved a moment ago is its new owner alone: one that has no
// accelerator does not work on it.
func TestThinkerGuessesModes(t *testing.T) {
	var v agent.View
	for i := range 2 {
		v.Nodes = append(v.Nodes, nodeRow(sfaas.NodeID(i+1)))
	}
	v.Nodes[0].Columns[nodeKind], v.Nodes[0].Columns[nodeDeviceMemory] = kindNumber("gpu"), 1000
	r := agent.UnitRow{Unit: 1, Owner: 2}
	setWork(&r)
	r.Columns[unitMode] = 1 // of its old owner, node 1
	k := r.Columns[unitModes:]
	k[modeKind], k[modeWork], k[modeShare], k[modeMemory] = kindNumber("gpu"), 0.5, 100, 100
	v.Units = append(v.Units, r)
	var thinks thinker
	s := thinks.problem(&v, nil)
	if thinks.err != nil || len(s.Violations(nil)) > 0 {
		t.Errorf("%v, violations %v", thinks.err, s.Violations(nil))
	}
}

// A unit that works on an accelerator which is for one at a time gives it up for another one that
// has no room on the processors: the node that thinks says so, and which mode that one comes in.
func TestThinkerMakesRoom(t *testing.T) {
	var v agent.View
	v.Self = 1
	v.Nodes = append(v.Nodes, nodeRow(1))
	cores := v.Nodes[0].Columns[nodeCores]
	v.Nodes[0].Columns[nodeKind], v.Nodes[0].Columns[nodeDeviceMemory] = kindNumber("gpu"), 1000
	row := func(u agent.UnitID, owner sfaas.NodeID, work float32) agent.UnitRow {
		r := agent.UnitRow{Unit: u, Owner: owner, Version: 1}
		setWork(&r)
		r.Columns[unitWork], r.Columns[unitQuantile] = work, work
		k := r.Columns[unitModes:]
		k[modeKind], k[modeWork], k[modeShare], k[modeMemory] = kindNumber("gpu"), 0.1, 600, 100
		return r
	}
	here := row(1, 1, 10)
	here.Columns[unitMode] = 1
	v.Units = append(v.Units, here)
	comes := agent.Item{Row: row(2, 0, 1000*cores), Role: agent.RoleOwner, To: 1}
	comes.Row.Columns[unitDeadline] = 0
	var thinks thinker
	mode, changes, ok := thinks.makeRoom(&v, &comes)
	if want := []modeChange{{1, 0}}; !ok || mode != 1 || !slices.Equal(changes, want) {
		t.Errorf("got mode %d, changes %v, %v, want mode 1 and %v", mode, changes, ok, want)
	}
	comes.Row.Columns[unitModes+modeKind] = 0 // and none if it cannot work there
	if mode, changes, ok := thinks.makeRoom(&v, &comes); ok {
		t.Errorf("what has no room in any mode: got mode %d, changes %v", mode, changes)
	}
}

// BenchmarkProblem makes a problem of 20 nodes with 100 units: what a thought takes beyond its
// search.
func BenchmarkProblem(b *testing.B) {
	var v agent.View
	for i := range 20 {
		r := agent.NodeRow{Node: sfaas.NodeID(i + 1)}
		r.Columns[nodeCores], r.Columns[nodeMemory] = 16, 100000
		r.Columns[nodeSleep], r.Columns[nodeIdle], r.Columns[nodeMax] = 5, 40, 100
		v.Nodes = append(v.Nodes, r)
	}
	for i := range 100 {
		r := agent.UnitRow{Unit: agent.UnitID(i + 1), Owner: sfaas.NodeID(i%20 + 1), Version: 1}
		setWork(&r)
		v.Units = append(v.Units, r)
	}
	var thinks thinker
	b.ReportAllocs()
	for b.Loop() {
		thinks.problem(&v, nil)
	}
}

// The planner is somewhere; it moves, it goes on when its node leaves, and it comes back when
// its node dies without a word.
func TestPlannerMovesAndReturns(t *testing.T) {
	z := newZone(t, 4)
	at := func(nodes ...*Node) sfaas.NodeID {
		t.Helper()
		var where sfaas.NodeID
		z.eventually(func() string {
			where = nodes[0].Planner()
			for _, n := range nodes {
				if p := n.Planner(); p == 0 || p != where {
					return fmt.Sprintf("node %d says the planner is at %d, node %d at %d", nodes[0].ID(), where, n.ID(), p)
				}
			}
			return ""
		})
		return where
	}
	if got := at(z.nodes...); got != 1 {
		t.Errorf("the planner begins at node %d, want 1", got)
	}
	ctx := z.context()
	if err := z.nodes[0].MovePlanner(ctx, 3); err != nil {
		t.Fatal(err)
	}
	if got := at(z.nodes...); got != 3 {
		t.Errorf("the planner is at node %d, want 3", got)
	}
	z.eventually(func() string { // it works there
		for _, u := range z.nodes[2].Runtime().Units(nil) {
			if u.Unit == plannerUnit() && u.Owned && u.Invocations > 4 {
				return ""
			}
		}
		return "the planner does nothing"
	})
	if err := z.nodes[2].Leave(ctx); err != nil {
		t.Fatal(err)
	}
	rest := []*Node{z.nodes[0], z.nodes[1], z.nodes[3]}
	if got := at(rest...); got != 1 {
		t.Errorf("the planner is at node %d after its node has left, want 1", got)
	}
	if err := z.nodes[0].MovePlanner(ctx, 4); err != nil {
		t.Fatal(err)
	}
	at(rest...)
	z.nodes[3].shut() // without a word
	z.eventually(func() string {
		if p := z.nodes[1].Planner(); p != 1 {
			return fmt.Sprintf("the planner is at %d", p)
		}
		return ""
	})
}
