// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"testing"
	"time"
)

// end wants a unit out of service, asked for at one node.
func (w *world) end(at NodeID, u UnitID) {
	n := w.nodes[at]
	delete(w.placed, u)
	w.step(n, Event{Kind: Retire, Row: UnitRow{Unit: u}, Name: fmt.Sprint(u), Token: 1000 + uint64(u), Node: n.routes[u].Owner, Epoch: n.routes[u].Epoch})
}

func (w *world) withdraw(at NodeID, u UnitID, token uint64) {
	w.step(w.nodes[at], Event{Kind: Withdraw, Row: UnitRow{Unit: u}, Token: token})
}

// nowhere checks that nobody has leases for units, or wants them.
func (w *world) nowhere(units ...UnitID) {
	w.t.Helper()
	for _, u := range units {
		for _, n := range w.sorted() {
			if n.dead {
				continue
			}
			if x := n.agent.wishOf(u); x != nil {
				w.t.Errorf("seed %d: unit %d: node %d still wants it: %+v", w.seed, u, n.id, *x)
			}
			for _, it := range n.agent.Holds(nil, true) {
				if it.Row.Unit == u {
					w.t.Errorf("seed %d: unit %d: node %d still has a lease for it: %+v", w.seed, u, n.id, it)
				}
			}
			if r := n.routes[u]; r.Owner != 0 {
				w.t.Errorf("seed %d: unit %d: node %d has the route %+v", w.seed, u, n.id, r)
			}
		}
	}
}

// A wish that is refused, or taken back while it waits, leaves nothing: when there is room the
// unit is not placed. One that another call has made as well stays.
func TestWithdraw(t *testing.T) {
	w := newWorld(t, 1, 3, 1)
	w.run(100 * time.Millisecond)
	w.wish(1, 0, 1, 2, 3) // the zone is full
	w.run(time.Second)
	w.try(1, 0, 4, 40)
	w.run(time.Second)
	if p := w.placed[4]; p.Node != 0 || len(p.Refusals) != 3 {
		t.Fatalf("got %+v, want three refusals", p)
	}
	w.try(2, 0, 5, 50)
	w.step(w.nodes[2], Event{Kind: Stand, Row: UnitRow{Unit: 5}, Token: 50}) // an earlier call
	w.run(time.Second)
	w.try(2, 0, 5, 51)
	w.withdraw(2, 5, 51)
	w.run(time.Second)
	for _, n := range w.sorted() {
		n.shelf.room = 3
	}
	w.run(5 * time.Second)
	w.nowhere(4)
	w.settled(0, 1, 2, 3, 5)
	w.try(3, 0, 6, 60) // its letters are on their way
	w.withdraw(3, 6, 60)
	w.run(5 * time.Second)
	w.nowhere(6)
	w.settled(0, 1, 2, 3, 5)
}

// A wish that is taken back at any moment of its deal leaves nothing, and somebody else's wish
// for the same unit stands.
func TestWithdrawAtAnyMoment(t *testing.T) {
	for seed := range uint64(40) {
		w := newWorld(t, seed, 4, 4)
		w.loss = 0.1 * float64(seed%3)
		w.run(100 * time.Millisecond)
		w.try(1, 1, 1, 10)
		w.try(2, 1, 2, 20)
		w.run(time.Duration(seed) * 500 * time.Microsecond)
		if seed%2 == 0 {
			w.wish(3, 1, 2)
		}
		if w.placed[1].Token != 10 {
			w.withdraw(1, 1, 10)
		} else {
			w.end(1, 1)
		}
		w.withdraw(2, 2, 20)
		w.run(12 * time.Second)
		w.loss = 0
		w.run(14 * time.Second)
		if seed%2 == 0 {
			w.settled(1, 2)
		} else {
			w.nowhere(2)
		}
		w.nowhere(1)
	}
}

// Units are taken out of service, from anywhere, and some of them are wanted again: whatever is
// lost, no lease is left of those that are not.
func TestRetire(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 15
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed, 5, 8)
			w.loss, w.delay = 0.1*float64(seed%3), time.Duration(1+seed%6)*time.Millisecond
			w.run(200 * time.Millisecond)
			units := unitsTo(8)
			for i, u := range units {
				w.wish(NodeID(i%5+1), 1, u)
				w.wish(NodeID(w.rng.IntN(5)+1), 1, u)
			}
			w.run(time.Duration(500+w.rng.IntN(1500)) * time.Millisecond) // a wish that still waits does not end
			if seed%4 == 3 {                                              // of units whose owner is gone
				w.crash(5)
			}
			for _, u := range units[:4] {
				w.end(NodeID(w.rng.IntN(4)+1), u)
				if w.rng.IntN(2) == 0 {
					w.end(NodeID(w.rng.IntN(4)+1), u) // twice is once
				}
				w.run(time.Duration(w.rng.IntN(40)) * time.Millisecond)
			}
			if seed%5 == 4 { // while nothing gets across
				w.parted = func(a, b NodeID) bool { return (a <= 2) != (b <= 2) }
				w.run(time.Second)
				w.heal()
			}
			w.run(6 * time.Second)
			for _, u := range units[:4] {
				if p := w.placed[u]; p.Token < 1000 || p.Node != 0 || len(p.Refusals) > 0 {
					t.Errorf("seed %d: unit %d: answered %+v", seed, u, p)
				}
			}
			w.wish(1, 1, units[2], units[3])
			w.run(12 * time.Second)
			w.loss = 0
			w.run(12 * time.Second)
			w.nowhere(units[:2]...)
			w.settled(1, units[2:]...)
		})
	}
}

// The epoch of a unit out of service is newer than its owner's, older than the next claim, and
// no owner's.
func TestRetireEpoch(t *testing.T) {
	for _, after := range []uint32{0, 1, 255, ClaimEpoch(0, 1), ClaimEpoch(7, MaxNode) + 255} {
		for _, undone := range []bool{false, true} {
			e := RetireEpoch(after, undone)
			is, wishes := retired(e)
			if was, _ := retired(after); e <= after || ClaimEpoch(e, 1) <= e || !is || wishes == undone || was {
				t.Errorf("after %#x: %#x, retired %v, wishes end %v", after, e, is, wishes)
			}
		}
	}
	if e := RetireEpoch(lastEra<<eraShift, false); e != 0 {
		t.Errorf("after the last era: %#x", e)
	}
}
