// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// TestTranslate brings every unit of one app in terms of another one: it consists of
// the same then, and every node, edge and message is of the other app.
func TestTranslate(t *testing.T) {
	x, y := newGallery(t, sfaas.WithWorkers(1), sfaas.WithDefaultOwner(2, "far", "distant")), newGallery(t)
	x.fill()
	units := 0
	for img := range x.cores.List[0].Shares() {
		there, err := state.Translate(y.cores.List[1], img, x.app.Plan())
		if err != nil {
			t.Fatalf("%v: %v", img.Unit(), err)
		}
		units++
		instances, messages := img.Counts()
		if i, m := there.Counts(); i != instances || m != messages {
			t.Errorf("%v: %d instances and %d messages, want %d and %d", img.Unit(), i, m, instances, messages)
		}
		for x := range there.Instances() {
			if a := y.app.Plan(); a.Nodes[x.Node().Index] != x.Node() {
				t.Errorf("%v is of the other app", x.Address())
			}
			for in := range x.Controls() {
				belongs(t, y, in)
			}
		}
		for w := range there.Work() {
			belongs(t, y, *w.Inputs.Only())
		}
		for k := range there.Kept() {
			belongs(t, y, k.Input)
		}
	}
	if units < 10 {
		t.Errorf("%d units", units)
	}
}

func belongs(t *testing.T, y *gallery, in core.Input) {
	t.Helper()
	a, from := y.app.Plan(), in.Msg.State().From
	if a.Edges[in.Edge.ID-1] != in.Edge || a.Outlets[from.ID] != from {
		t.Errorf("a message on %s is of the other app", in.Edge.Name)
	}
}
