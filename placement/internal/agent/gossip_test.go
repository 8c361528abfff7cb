// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// crowd is an agent among many others, all of which own units and say so for the first time,
// with what it writes in its rounds.
type crowd struct {
	t     *testing.T
	agent *Agent
	now   sfaas.Time
	rows  []UnitRow // of the units of others
}

func newCrowd(t *testing.T, nodes, units int) *crowd {
	t.Helper()
	a, err := New(Config{Node: 1, Incarnation: 1, Ledger: newShelf(1), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{t: t, agent: a}
	for n := range nodes {
		c.step(&Event{Kind: MemberUp, Node: NodeID(n + 2), Incarnation: 1})
	}
	for u := range units {
		c.rows = append(c.rows, UnitRow{Unit: UnitID(u + 1), Deployment: 1, Owner: NodeID(u%nodes + 2), Epoch: ClaimEpoch(0, NodeID(u%nodes+2)), Life: 1, Version: 1})
	}
	return c
}

func (c *crowd) step(e *Event) (letters []*Letter) {
	for _, x := range c.agent.Step(c.now, e, nil) {
		if x.Kind == Send && x.Letter.Kind == Gossip {
			letters = append(letters, x.Letter)
		}
	}
	return letters
}

// round returns the letter of a round, which goes to a few.
func (c *crowd) round() *Letter {
	c.t.Helper()
	c.now = c.now.Add(20 * time.Millisecond)
	letters := c.step(&Event{Kind: Tick})
	if len(letters) == 0 {
		c.t.Fatal("nothing was told, want a letter")
	}
	return letters[0]
}

// hear lets the agent hear the rows of units.
func (c *crowd) hear(rows ...UnitRow) {
	for len(rows) > 0 {
		n := min(len(rows), MaxRows)
		c.step(&Event{Kind: Arrived, Letter: &Letter{Kind: Gossip, From: 2, Incarnation: 1, Units: rows[:n]}})
		rows = rows[n:]
	}
}

// heartbeat lets it hear that nothing has changed, of nodes and units.
func (c *crowd) heartbeat() {
	for i := range c.rows {
		c.rows[i].Version++
	}
	c.hear(c.rows...)
	for _, n := range c.agent.View().Nodes[1:] {
		n.Version++
		c.step(&Event{Kind: Arrived, Letter: &Letter{Kind: Gossip, From: 2, Incarnation: 1, Nodes: []NodeRow{n}}})
	}
}

// quiet lets it tell all that it has to tell.
func (c *crowd) quiet() {
	for r := &c.agent.rumor; r.nodes.len()+r.news.len()+r.beats.len() > 0; {
		c.round()
	}
}

func count(l *Letter, u UnitID) (n int) {
	for i := range l.Units {
		if l.Units[i].Unit == u {
			n++
		}
	}
	return n
}

func TestNewsDoNotWaitForHeartbeats(t *testing.T) {
	c := newCrowd(t, 199, 400)
	c.hear(c.rows...)
	c.quiet()
	c.heartbeat()
	moved := c.rows[399] // waits as a heartbeat, behind hundreds
	moved.Owner, moved.Epoch, moved.Version = 7, moved.Epoch+1, 1
	c.hear(moved)
	for round := range int(c.agent.turns()) {
		l := c.round()
		if got := count(l, moved.Unit); got != 1 {
			t.Fatalf("round %d tells a unit that has moved %d times, want once", round, got)
		}
		if len(l.Nodes) != MaxRows || len(l.Units) != MaxRows {
			t.Fatalf("round %d tells %d nodes and %d units, want %d each, as more wait", round, len(l.Nodes), len(l.Units), MaxRows)
		}
	}
	if l := c.round(); count(l, moved.Unit) != 0 {
		t.Fatal("the unit is told once more, want it told in as many rounds as any row")
	}
}

// Every row is told as often as any other, whatever comes meanwhile, and no line keeps any.
func TestRowsAreToldEquallyOften(t *testing.T) {
	c := newCrowd(t, 99, 200)
	c.hear(c.rows...)
	c.quiet()
	c.heartbeat()
	told := make(map[UnitID]int)
	for r := &c.agent.rumor; r.news.len()+r.beats.len() > 0; {
		l := c.round()
		for i := range l.Units {
			told[l.Units[i].Unit]++
		}
	}
	for _, row := range c.rows {
		if got, want := told[row.Unit], int(c.agent.turns()); got != want {
			t.Fatalf("unit %d was told %d times, want %d", row.Unit, got, want)
		}
	}
	for i, s := range c.agent.spread {
		if s.left != 0 || s.news {
			t.Fatalf("unit %d: got %+v, want nothing left", i, s)
		}
	}
}
