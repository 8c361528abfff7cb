// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"
	"time"
)

// A unit moves to a node that dies before the one that wants the unit has heard of it: who
// had it before lives, and knows. The unit is placed anew all the same.
func TestOwnerNeverHeardOf(t *testing.T) {
	w := newWorld(t, 1, 4, 8)
	w.run(300 * time.Millisecond)
	w.wish(1, 0, 1)
	w.run(500 * time.Millisecond)
	first := w.nodes[1].agent.units[w.nodes[1].agent.unit(1)].Owner
	if first == 1 { // the wish is elsewhere than the unit
		w.step(w.nodes[1], Event{Kind: Relocate, Row: UnitRow{Unit: 1}, Node: 2, Token: 9})
		w.run(time.Second)
		first = 2
	}
	second := NodeID(3)
	if first == 3 {
		second = 4
	}
	w.run(3 * time.Second) // it may move again
	w.parted = func(a, b NodeID) bool { return (a == 1) != (b == 1) }
	w.step(w.nodes[first], Event{Kind: Relocate, Row: UnitRow{Unit: 1}, Node: second, Token: 10})
	w.run(500 * time.Millisecond)
	if r := w.nodes[first].agent.units[w.nodes[first].agent.unit(1)]; r.Owner != second {
		t.Fatalf("the unit is at %d, want %d", r.Owner, second)
	}
	delete(w.nodes[1].routes, 1)
	w.crash(second)
	w.run(time.Second)
	w.parted = nil
	if r := w.nodes[1].agent.units[w.nodes[1].agent.unit(1)]; r.Owner != first {
		t.Fatalf("node 1 takes %d for the owner, want %d: the test shows nothing", r.Owner, first)
	}
	w.run(doubtAfter*unitHeartbeat*500*time.Millisecond + 4*time.Second)
	w.settled(0, 1)
}
