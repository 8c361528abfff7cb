// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

// peer is what an agent knows of a member beside its row.
type peer struct {
	suspect bool
	spare   uint8 // transmissions that are left of its row
	told    sfaas.Time
}

// at returns the place of a member among nodes, and whether it is there.
func (a *Agent) at(n NodeID) (int, bool) {
	return slices.BinarySearchFunc(a.nodes, n, func(r NodeRow, n NodeID) int { return int(r.Node) - int(n) })
}

// up reports whether a node is a member, as far as anybody knows.
func (a *Agent) up(n NodeID) bool {
	_, ok := a.at(n)
	return ok
}

// open reports whether units may come to a node.
func (a *Agent) open(n NodeID) bool {
	i, ok := a.at(n)
	return ok && a.nodes[i].State == NodeOpen && !a.peers[i].suspect
}

// memberUp takes in a member, or a new life of one, and tells it all that this node says.
//
// A new life has forgotten the leases that the earlier one had granted and what it had
// owned: for everybody else that is a node which went and another one which came.
func (a *Agent) memberUp(n NodeID, incarnation uint32) {
	if n == a.cfg.Node || n == 0 || n > MaxNode {
		return
	}
	i, ok := a.at(n)
	if ok && a.nodes[i].Incarnation >= incarnation {
		a.peers[i].suspect = false
		return
	}
	if ok {
		a.memberDown(n)
	}
	a.nodes = slices.Insert(a.nodes, i, NodeRow{Node: n, Incarnation: incarnation})
	a.peers = slices.Insert(a.peers, i, peer{})
	a.introduce(n)
	a.tellRetirements(n)
}

func (a *Agent) memberSuspect(n NodeID) {
	if i, ok := a.at(n); ok && n != a.cfg.Node {
		a.peers[i].suspect = true
	}
}

// memberDown forgets a member. Its units stay in the view without an owner that is there;
// deals that need it end at their next turn.
func (a *Agent) memberDown(n NodeID) {
	i, ok := a.at(n)
	if !ok || n == a.cfg.Node {
		return
	}
	a.nodes, a.peers = slices.Delete(a.nodes, i, i+1), slices.Delete(a.peers, i, i+1)
	for _, d := range a.deals {
		d.resend = a.now
	}
}

// changed takes in what the host says of this node.
func (a *Agent) changed(e *Event) {
	i, _ := a.at(a.cfg.Node)
	r := &a.nodes[i]
	if r.Columns == e.Columns && r.Deployed == e.Deployed {
		return
	}
	r.Columns, r.Deployed = e.Columns, e.Deployed
	a.tellNode(i)
}

// tellNode lets everybody know the row of this node as it is now.
func (a *Agent) tellNode(i int) {
	a.nodes[i].Version++
	a.peers[i].told = a.now
	a.spreadNode(i)
}
