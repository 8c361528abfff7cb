// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// ownership says, for one function, which runtime owns each key group.
type ownership struct {
	routes [base.Groups]route
	others []base.NodeID // runtimes that own groups of this core
}

// recount brings others up to date after a route has changed.
func (k *Core) recount(n *plan.Node) {
	o := k.owned[n.Index]
	o.others = o.others[:0]
	for g := k.self.Core; g < base.Groups; g += k.count {
		if id := o.routes[g].owner; id != k.self.Node && id != 0 && !slices.Contains(o.others, id) {
			o.others = append(o.others, id)
		}
	}
}

// route is the owner of one (function, key group) as one core sees it.
type route struct {
	owner     base.NodeID // 0: lost to another one
	epoch     uint32
	forwarded bool      // something was sent to the owner since we heard of it
	move      *Transfer // a move into or out of this core is under way
	newest    base.Slot // newest slot that arrived
}

// redirect handles a message for a group that is owned elsewhere or moving,
// and reports false if it is to be accepted here nevertheless.
func (k *Core) redirect(r *route, e *plan.Edge, m *Message, ks *keyState) bool {
	if r.owner == 0 { // lost to an owner that is not known here
		k.refuse(e, m, ks.key)
		return true
	}
	if r.owner != k.self.Node {
		r.forwarded = true
		k.leave(e, m, ks.key, Endpoint{r.owner, k.self.Core})
		return true
	}
	t := r.move
	if t.inbound { // what went the old way goes first
		if k.back && k.from.Node == t.From.Node {
			return false
		}
	} else if m.Slot <= t.boundary {
		return false
	}
	t.held = append(t.held, parcelItem{e, m, ks.key})
	return true
}

// holdBack takes the messages of a group beyond the boundary out of a line.
func (t *Transfer) holdBack(k *Core, r *ring[item]) {
	for i := 0; i < r.len(); {
		it := r.at(i)
		if it.edge.Node != t.node || it.ks.group != t.Group || it.edge.IsWide() || it.msg.Slot <= t.boundary {
			i++
			continue
		}
		x := r.remove(i)
		if r == &k.queued {
			k.gauges[x.edge.ID-1].sub(x.edge, x.msg.size)
		}
		t.held = append(t.held, parcelItem{x.edge, x.msg, x.ks.key})
	}
}
