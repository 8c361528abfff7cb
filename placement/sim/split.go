// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/sfaas"
)

// split returns an instance per zone. Nodes of a zone without units are left out: they
// sleep.
func split(in *plan.Instance) []*plan.Instance {
	zones := make(map[int]*plan.Instance)
	var order []*plan.Instance
	zoneOf := make(map[string]int, len(in.Units))
	for i := range in.Nodes {
		z, ok := zones[in.Nodes[i].Zone]
		if !ok {
			one := *in
			one.Nodes, one.Units, one.Links, one.BoundW, one.BestW = nil, nil, nil, 0, 0
			z = &one
			zones[in.Nodes[i].Zone] = z
			order = append(order, z)
		}
		z.Nodes = append(z.Nodes, in.Nodes[i])
	}
	for i := range in.Units {
		u := &in.Units[i]
		zoneOf[u.ID] = u.Zone
		if z := zones[u.Zone]; z != nil {
			z.Units = append(z.Units, *u)
		}
	}
	for _, l := range in.Links {
		if z := zones[zoneOf[l.From]]; z != nil {
			z.Links = append(z.Links, l)
		}
	}
	return order
}

func sfaasTime(d time.Duration) sfaas.Time { return sfaas.Time(d) }

// moveOf returns the move of a unit from where it is to a node.
func moveOf(w *world, u int, to int32) plan.Move {
	from := w.truth.Place(u)
	return plan.Move{Unit: u, From: from, To: plan.Place{Node: to, Mode: w.nodes[to].state.Place(u).Mode}}
}
