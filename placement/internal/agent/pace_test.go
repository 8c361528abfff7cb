// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// mover wants the first unit of its node elsewhere, as often as it is asked.
type mover struct {
	agent *Agent
	to    NodeID
	asked []uint64 // in which rounds
}

func (*mover) Order(dst []NodeID, _ *View, _ *Item) []NodeID { return dst }

func (m *mover) Think(dst []Move, _ sfaas.Time, v *View) []Move {
	m.asked = append(m.asked, m.agent.round)
	for i := range v.Units {
		if v.Units[i].Owner == v.Self {
			return append(dst, Move{Unit: v.Units[i].Unit, From: v.Self, To: m.to})
		}
	}
	return dst
}

// paced is an agent that owns units, and another one that does what answer says.
func paced(t *testing.T, units int) (*Agent, *mover) {
	t.Helper()
	m := &mover{to: 2}
	a, err := New(Config{Node: 1, Incarnation: 1, Ledger: newShelf(100), Seed: 1, ThinkRounds: 25, Planner: m})
	if err != nil {
		t.Fatal(err)
	}
	m.agent = a
	a.Step(0, &Event{Kind: MemberUp, Node: 2, Incarnation: 1}, nil)
	for u := range units {
		a.Step(0, &Event{Kind: Owned, Row: UnitRow{Unit: UnitID(u + 1), Deployment: 1}, Epoch: ClaimEpoch(0, 1)}, nil)
	}
	return a, m
}

// rounds lets time pass; the other node admits what it is asked to take, or refuses.
func rounds(a *Agent, n int, admits bool) {
	for range n {
		now := a.now.Add(20 * time.Millisecond)
		queue := a.Step(now, &Event{Kind: Tick}, nil)
		for len(queue) > 0 {
			x := queue[0]
			queue = queue[1:]
			if x.Kind == MoveUnit {
				queue = append(queue, a.Step(now, &Event{Kind: Outcome, Deal: x.Deal, Index: x.Index, Row: UnitRow{Unit: x.Unit}}, nil)...)
			}
			if x.Kind != Send || x.Node != 2 {
				continue
			}
			back := Letter{From: 2, Incarnation: 1, Deal: x.Letter.Deal, Index: x.Letter.Index}
			switch k := x.Letter.Kind; {
			case k == Reserve && !admits:
				back.Kind, back.Refusal = Refused, Refusal{Node: 2, Line: "room", Got: "2", Want: "1"}
			case k == Reserve:
				back.Kind = Reserved
			case k == Commit:
				back.Kind = Committed
			default:
				continue
			}
			queue = append(queue, a.Step(now, &Event{Kind: Arrived, Letter: &back}, nil)...)
		}
	}
}

func TestGoesOnAfterAStage(t *testing.T) {
	a, m := paced(t, 5)
	a.cfg.Settle = 0
	rounds(a, 60, true)
	if len(m.asked) < 6 {
		t.Fatalf("asked in rounds %v, want one after the other until all units are away", m.asked)
	}
	for i := range 5 {
		if got, want := m.asked[i+1]-m.asked[i], uint64(a.turns()); got != want {
			t.Fatalf("asked in rounds %v, want each %d after the last one, as news take", m.asked, want)
		}
	}
}

func TestWaitsWhenRefused(t *testing.T) {
	a, m := paced(t, 5)
	const turns = 400
	rounds(a, turns*25, false)
	if n := len(m.asked); n < turns/8 || n > turns/2 {
		t.Fatalf("asked %d times in %d turns, want fewer, and not ever less often", n, turns)
	}
	longest := uint64(0)
	gaps := map[uint64]bool{}
	for i := range len(m.asked) - 1 {
		gap := m.asked[i+1] - m.asked[i]
		longest, gaps[gap] = max(longest, gap), true
	}
	if most := uint64(25<<mostFails + 25); longest > most || len(gaps) < 3 {
		t.Fatalf("asked again after %v rounds, want different times of %d at most", gaps, most)
	}
	rounds(a, 25<<mostFails, true)
	if a.pace.fails != 0 {
		t.Fatalf("%d failures are remembered after a deal that was done", a.pace.fails)
	}
}
