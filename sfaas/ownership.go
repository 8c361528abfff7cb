// SPDX-License-Identifier: Apache-2.0

package sfaas

// ownership says, for one function, which runtime owns each key group.
type ownership struct {
	routes [Groups]route
}

// route is the owner of one (function, key group) as one core sees it.
type route struct {
	owner     NodeID
	epoch     uint32
	forwarded bool      // something was sent to the owner since we heard of it
	move      *Transfer // a move into or out of this core is under way
	newest    Slot      // newest slot that arrived
}

// redirect handles a message for a group that is owned elsewhere or moving,
// and reports false if it is to be accepted here nevertheless.
func (k *Core) redirect(r *route, e *conn, m *Message, ks *keyState) bool {
	if r.owner != k.self.Node {
		r.forwarded = true
		k.leave(e, m, ks.key, Endpoint{r.owner, k.self.Core})
		return true
	}
	t := r.move
	if t.inbound { // what came the old way goes first
		if k.from.Node == t.From.Node {
			return false
		}
	} else if m.Slot <= t.boundary {
		return false
	}
	t.held = append(t.held, parcelItem{e, m, ks.key})
	return true
}

// reroute handles an item that was ready when its group moved away, and
// reports false if it is to run here.
func (k *Core) reroute(r *route, it item) bool {
	if it.gate {
		return r.owner != k.self.Node
	}
	if r.owner == k.self.Node {
		if r.move.inbound || it.msg.Slot <= r.move.boundary {
			return false
		}
		if it.rest == nil {
			r.move.held = append(r.move.held, parcelItem{it.conn, it.msg, it.ks.key})
			return true
		}
		for i, m := range it.rest.msgs {
			if m != nil {
				r.move.held = append(r.move.held, parcelItem{it.rest.conns[i], m, it.ks.key})
			}
		}
		k.halves[it.conn.node.index].recycle(it.rest)
		return true
	}
	return false
}
