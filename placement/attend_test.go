// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"testing"
)

// dials returns how many addresses a node, and its deployments, connect to.
func (n *Node) dials() (all int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all = len(n.dialled)
	for _, c := range n.carriers {
		d := c.(*Deployment)
		d.mu.Lock()
		for _, x := range d.others {
			if x.dial != nil {
				all++
			}
		}
		d.mu.Unlock()
	}
	return all
}

// TestNobodyIsDialledWhoHasLeft lets nodes join one after the other, on ports of their own, and
// leave: the one that stays dials none of them any more.
func TestNobodyIsDialledWhoHasLeft(t *testing.T) {
	leavesNothing(t)
	z := newZone(t, 1)
	sums := newSums(t)
	first := z.nodes[0]
	z.deploy(sums.app, standbySpec())
	for range 5 {
		n := z.join(nil)
		if _, err := n.Deploy(sums.app, standbySpec()); err != nil {
			t.Fatal(err)
		}
		z.await(first, 2)
		if err := n.Leave(z.context()); err != nil {
			t.Fatal(err)
		}
		z.nodes = z.nodes[:1]
	}
	z.eventually(func() string {
		if dials := first.dials(); dials > 0 {
			return fmt.Sprintf("it dials %d addresses", dials)
		}
		return ""
	})
}

// TestOneWhoWasGoneIsMetAgain lets two nodes forget each other for a while: when they are connected
// again, in the same lives, their deployments know where the other one beats, and detection goes
// on.
func TestOneWhoWasGoneIsMetAgain(t *testing.T) {
	z := newZone(t, 2)
	sums := newSums(t)
	deps := z.deploy(sums.app, standbySpec())
	met := func() string {
		for i, d := range deps {
			other := z.nodes[1-i].ID()
			if x := d.neighbour(other); x == nil || !d.node.Connected(other) {
				return fmt.Sprintf("node %d does not know where the deployment is at node %d", i+1, other)
			}
		}
		return ""
	}
	z.eventually(met)
	z.nodes[0].peer.Forget(2, 0)
	z.nodes[1].peer.Forget(1, 0)
	z.eventually(met)
	if err := deps[0].Unit(cell1).Ensure(z.context()); err != nil {
		t.Fatal(err)
	}
}
