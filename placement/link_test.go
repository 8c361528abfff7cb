// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// TestLinkedUnitsComeTogether places a unit that sends much to one at node 2: there it costs no
// hop. What sends nothing is as well off at node 1.
func TestLinkedUnitsComeTogether(t *testing.T) {
	var v agent.View
	for i := range 2 {
		r := nodeRow(sfaas.NodeID(i + 1))
		r.Columns[nodeHop], r.Columns[nodeNet] = 100, 1000
		v.Nodes = append(v.Nodes, r)
	}
	unit := func(id agent.UnitID, owner sfaas.NodeID) agent.UnitRow {
		r := agent.UnitRow{Unit: id, Owner: owner}
		setWork(&r)
		return r
	}
	v.Units = []agent.UnitRow{unit(1, 1), unit(2<<30+2, 2)}
	for _, linked := range []bool{false, true} {
		r := unit(3, 0)
		if linked {
			c := r.Columns[unitLinks+linkColumns:] // its second link, beside an empty first one
			to := linkNumberOf(v.Units[1].Unit)
			c[linkLow], c[linkHigh], c[linkKB] = to.low, to.high, 20
		}
		view := v
		view.Units = append(slices.Clone(v.Units), r)
		var thinks thinker
		order := thinks.first(nil, &view, &agent.Item{Row: r, Role: agent.RoleOwner})
		want := []sfaas.NodeID{1, 2}
		if linked {
			want = []sfaas.NodeID{2, 1}
		}
		if thinks.err != nil || !slices.Equal(order, want) {
			t.Errorf("linked %v: nodes %v, %v, want %v", linked, order, thinks.err, want)
		}
		if linked { // 100 KB take 800 µs beside the 100 of a hop: who gets them would be late
			r.Columns[unitLinks+linkColumns+linkKB] = 100
			view.Units[2] = r
			if order := thinks.first(nil, &view, &agent.Item{Row: r, Role: agent.RoleOwner}); !slices.Equal(order, want[:1]) {
				t.Errorf("100 KB: nodes %v, %v, want %v alone", order, thinks.err, want[:1])
			}
		}
	}
}

// twoParts is an app of two parts: what the first one makes of a slot goes over a cut.
func twoParts(t *testing.T) (app *sfaas.App, in sfaas.Input[number]) {
	t.Helper()
	pass := func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }
	low, high := sfaas.Define("low", pass, sfaas.FunctionConfig{}), sfaas.Define("high", pass, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("two parts")
	in = sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(sfaas.Apply(in, low).Cut("middle"), high), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	return app, in
}

// TestRowsSayWhoSendsToWhom pushes slots through a chain that is cut in two, and looks at what
// the row of the first unit says.
func TestRowsSayWhoSendsToWhom(t *testing.T) {
	z := newZone(t, 2)
	app, in := twoParts(t)
	deps := z.deploy(app, Spec{Unit: sfaas.KindCell, Slot: time.Millisecond})
	key := sfaas.NewKey(sfaas.KindCell, 4)
	cell := deps[0].Unit(key)
	if err := cell.Ensure(z.context()); err != nil {
		t.Fatal(err)
	}
	low, high := sfaas.Unit{Part: "low", Root: key}, sfaas.Unit{Part: "high", Root: key}
	h := deploymentID(deps[0])
	want := linkNumberOf(unitID(h, high))
	slot := sfaas.Slot(0)
	z.eventually(func() string {
		slot++
		_ = in.PushValue(cell, key, slot, &number{1}) // what is lost is missing from a sum of bytes
		wrong := "no row of the unit that sends"
		z.nodes[0].look(func(a *agent.Agent) {
			for _, r := range a.View().Units {
				c := r.Columns[unitLinks:]
				if r.Unit == unitID(h, low) && c[linkLow] == want.low && c[linkHigh] == want.high && c[linkKB] > 0 {
					wrong = ""
				}
			}
		})
		return wrong
	})
	z.eventually(func() string { // what a message takes is known, and what has been drawn
		for _, n := range z.nodes[0].Report().Nodes {
			if n.Hop == 0 || n.Energy.Joules == 0 {
				return "a node has not said how long a message takes, or what it has drawn"
			}
		}
		return ""
	})
}

// nodeRow returns the row of a node of four cores that takes 5 W asleep, and 40 to 100 W awake.
func nodeRow(id sfaas.NodeID) agent.NodeRow {
	r := agent.NodeRow{Node: id}
	r.Columns[nodeCores], r.Columns[nodeMemory] = 4, 1000
	r.Columns[nodeSleep], r.Columns[nodeIdle], r.Columns[nodeMax] = 5, 40, 100
	return r
}

// setWork gives a unit work of a tenth of a core, in slots of a millisecond.
func setWork(r *agent.UnitRow) {
	r.Columns[unitWork], r.Columns[unitQuantile], r.Columns[unitRate] = 100, 200, 1000
	r.Columns[unitSlot], r.Columns[unitDeadline], r.Columns[unitMemory] = 1000, 1000, 64
}
