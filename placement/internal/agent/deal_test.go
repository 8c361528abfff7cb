// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// A deal of two moves, one of whose targets may be full, is done as a whole or not at all,
// whichever letters are lost; and no lease is left of one that is not.
func TestDealsAreAllOrNothing(t *testing.T) {
	for seed := range uint64(60) {
		full := seed%2 == 0
		w := newWorld(t, seed, 4, 2)
		w.loss = 0.25
		w.run(200 * time.Millisecond)
		w.wish(1, 0, 1, 2, 3, 4)
		w.run(5 * time.Second)
		at := func(u UnitID) NodeID { return w.nodes[1].routes[u].Owner }
		free := map[NodeID]int{1: 2, 2: 2, 3: 2, 4: 2}
		for u := UnitID(1); u <= 4; u++ {
			free[at(u)]--
		}
		var empty, filled NodeID // nodes with room for two, and for none
		for n := NodeID(1); n <= 4; n++ {
			if free[n] == 2 {
				empty = n
			}
			if free[n] == 0 {
				filled = n
			}
		}
		if empty == 0 || filled == 0 {
			t.Fatalf("seed %d: by number, two nodes should be full: %v", seed, free)
		}
		var moves []Move
		for u := UnitID(1); u <= 4; u++ {
			to := empty
			if full && len(moves) == 1 {
				to = filled
			}
			if len(moves) < 2 && at(u) != to {
				moves = append(moves, Move{u, at(u), to})
			}
		}
		leader := w.nodes[NodeID(seed%4+1)]
		w.step(leader, Event{Kind: Proposed, Moves: moves})
		w.run(15 * time.Second)
		moved := 0
		for _, m := range moves {
			if at(m.Unit) == m.To {
				moved++
			}
		}
		if full && moved != 0 || moved == 1 {
			t.Errorf("seed %d: %d of the moves %v were done; target full: %v", seed, moved, moves, full)
		}
		w.loss = 0
		w.run(12 * time.Second)
		w.settled(0, 1, 2, 3, 4)
	}
}

// A thousand wishes at once, at ten nodes that have room for thirty: thirty are placed, no
// node grants more than it has at any moment, and nothing leaks.
func TestThousandProposalsOvercommitNothing(t *testing.T) {
	w := newWorld(t, 1, 10, 3)
	w.loss = 0.3
	w.run(200 * time.Millisecond)
	for u := range UnitID(1000) {
		w.wish(NodeID(u%10+1), 0, u+1)
	}
	w.run(20 * time.Second)
	for _, n := range w.sorted() {
		for len(n.agent.wishes) > 0 {
			n.agent.dropWish(n.agent.wishes[0])
		}
	}
	w.loss = 0
	w.run(12 * time.Second)
	leases, owners := 0, 0
	for _, n := range w.sorted() {
		leases += len(n.shelf.leases)
		owners += len(n.agent.Holds(nil, false))
	}
	if leases != 30 || owners != 30 {
		t.Errorf("%d leases, %d units, want 30 of each", leases, owners)
	}
}

// What is reserved and never committed ends by itself, and what holds is extended.
func TestLeasesExpire(t *testing.T) {
	s := newShelf(3)
	a, err := New(Config{Node: 1, Incarnation: 1, Ledger: s})
	if err != nil {
		t.Fatal(err)
	}
	out := a.Step(0, &Event{Kind: MemberUp, Node: 2, Incarnation: 1}, nil)
	reserve := func(now sfaas.Time, index uint16, kind Kind) {
		it := Item{Row: UnitRow{Unit: UnitID(index)}, Role: RoleOwner, To: 1}
		out = a.Step(now, &Event{Kind: Arrived, Letter: &Letter{Kind: kind, From: 2, Incarnation: 1, Deal: DealID{2, 1}, Index: index, Item: it}}, out[:0])
	}
	for i := range uint16(3) {
		reserve(1, i, Reserve)
	}
	reserve(2, 1, Commit)
	for now := sfaas.Time(2); now < sfaas.Time(600*time.Millisecond); now = now.Add(20 * time.Millisecond) {
		out = a.Step(now, &Event{Kind: Tick}, out[:0])
	}
	if len(s.leases) != 1 || len(a.holds) != 1 {
		t.Errorf("%d leases, %d holds half a second later, want the one that was committed", len(s.leases), len(a.holds))
	}
	a.Step(sfaas.Time(11*time.Second), &Event{Kind: Tick}, nil)
	if len(s.leases) != 0 || len(a.holds) != 0 {
		t.Errorf("%d leases, %d holds without an order, want none", len(s.leases), len(a.holds))
	}
}

// A node that drains is empty in the end, and says so once.
func TestDrain(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed, 4, 6)
		w.loss = 0.2
		w.run(200 * time.Millisecond)
		w.wish(1, 1, unitsTo(6)...)
		w.run(4 * time.Second)
		w.step(w.nodes[2], Event{Kind: Drain})
		w.run(15 * time.Second)
		w.loss = 0
		w.run(15 * time.Second)
		if n := w.nodes[2]; !n.done || len(n.shelf.leases) > 0 {
			t.Errorf("seed %d: drained %v, with %d leases", seed, n.done, len(n.shelf.leases))
		}
		w.settled(1, unitsTo(6)...)
	}
}

// In the steady state a round allocates nothing: rows go round, leases are extended.
func TestRoundsDoNotAllocate(t *testing.T) {
	var agents []*Agent
	var now sfaas.Time
	out := make([]Effect, 0, 64)
	queue := make([]Effect, 0, 1024)
	step := func(a *Agent, e *Event) {
		out = a.Step(now, e, out[:0])
		for _, x := range out {
			if x.Kind == Send {
				queue = append(queue, x)
			}
		}
	}
	deliver := func() {
		for i := 0; i < len(queue); i++ {
			x := queue[i]
			step(agents[x.Node-1], &Event{Kind: Arrived, Letter: x.Letter})
			x.Letter.Release()
		}
		queue = queue[:0]
	}
	for i := range 20 {
		a, err := New(Config{Node: NodeID(i + 1), Incarnation: 1, Ledger: newShelf(9), Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		agents = append(agents, a)
	}
	for i, a := range agents {
		for j := range agents {
			if i != j {
				step(a, &Event{Kind: MemberUp, Node: NodeID(j + 1), Incarnation: 1})
			}
		}
		for u := range UnitID(2) {
			step(a, &Event{Kind: Owned, Row: UnitRow{Unit: UnitID(i)*2 + u + 1, Deployment: 1}, Epoch: 1, Name: fmt.Sprint(u)})
		}
		deliver()
	}
	tick, e := Event{Kind: Tick}, 0
	round := func() {
		now = now.Add(20 * time.Millisecond)
		for _, a := range agents {
			step(a, &tick)
		}
		deliver()
		e++
	}
	for range 500 {
		round()
	}
	if n := testing.AllocsPerRun(200, round); n > 0 {
		t.Errorf("%v allocations per round of 20 agents, want 0", n)
	}
}

// A proposal may move a standby: its owner takes another one in its place.
func TestStandbyMoves(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed, 4, 4)
		w.loss = 0.1 * float64(seed%2)
		w.run(200 * time.Millisecond)
		w.wish(1, 1, 1, 2)
		w.run(4 * time.Second)
		row := func() UnitRow { a := w.nodes[1].agent; return a.units[a.unit(1)] }
		was := row()
		to := NodeID(4)
		if was.Owner == to || was.Standbys[0] == to {
			to = 3
		}
		w.step(w.nodes[NodeID(seed%4+1)], Event{Kind: Proposed, Moves: []Move{{1, was.Standbys[0], to}}})
		w.run(6 * time.Second)
		w.loss = 0
		w.run(10 * time.Second)
		if r := row(); r.Standbys[0] != to && seed%2 == 0 {
			t.Errorf("seed %d: the standby is %d, want %d instead of %d", seed, r.Standbys[0], to, was.Standbys[0])
		}
		w.settled(1, 1, 2)
	}
}

// Units that come to take more than their node has go elsewhere, and so do those that it stands
// by for: in the end every unit is served, and no node has too much.
func TestGrownUnitsGo(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed, 4, 6)
		w.loss = 0.1 * float64(seed%2)
		w.run(200 * time.Millisecond)
		w.wish(1, 1, unitsTo(6)...)
		w.run(4 * time.Second)
		for id, n := range w.nodes {
			if id%2 == 0 && len(n.shelf.leases) > 1 {
				n.shelf.grown = n.shelf.room - len(n.shelf.leases) + 2 // two have no room any more
			}
		}
		w.run(20 * time.Second)
		w.loss = 0
		w.run(10 * time.Second)
		for id, n := range w.nodes {
			if got := len(n.shelf.leases) + n.shelf.grown; got > n.shelf.room {
				t.Errorf("seed %d: node %d: leases take %d of %d", seed, id, got, n.shelf.room)
			}
		}
		w.settled(1, unitsTo(6)...)
	}
}
