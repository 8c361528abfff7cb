// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"
	"time"
)

// rows returns of how many units a node keeps something.
func (n *worldNode) rows() int {
	a := n.agent
	return max(len(a.units), len(a.spread), len(a.place))
}

// Units come and go, for ever: what agents keep of them is of those that are there, and of the last
// few leases' time, and then of nothing but the one that stays. Who wants one again gets it under
// a newer epoch.
func TestUnitsThatComeAndGo(t *testing.T) {
	const each, pause, last = 5, 100 * time.Millisecond, 35 * time.Second
	units := 100_000
	if testing.Short() {
		units = 4000
	}
	for nodes := range 3 {
		w := newWorld(t, uint64(nodes), nodes+1, 1000)
		w.loss = 0.05
		w.run(pause)
		standbys := min(nodes, 1)
		stays := UnitID(units + 1)
		w.wish(1, standbys, stays)
		for u := UnitID(1); int(u) <= units/3; u += each {
			for k := range UnitID(each) {
				w.wish(NodeID(int(u+k)%(nodes+1)+1), standbys, u+k)
			}
			w.run(pause)
			for k := range UnitID(each) {
				for try := 0; w.placed[u+k].Token == 0; try++ { // a call that still waits is not ended
					if w.run(pause); try == 100 {
						t.Fatalf("unit %d: no answer", u+k)
					}
				}
				w.end(NodeID(int(u)%(nodes+1)+1), u+k)
			}
			if u%500 == 1 {
				w.few(int(last/pause)*each + each)
			}
		}
		w.loss = 0
		w.run(last)
		w.few(1)
		w.settled(standbys, stays)
		w.nowhere(1, 2, 3)
		before := w.nodes[1].routes[2].Epoch
		w.wish(1, standbys, 2)
		w.run(time.Second)
		w.settled(standbys, stays, 2)
		if now := w.nodes[1].routes[2].Epoch; now <= before {
			t.Errorf("wanted again: got epoch %#x, want one after %#x", now, before)
		}
	}
}

// few checks that no agent keeps more than so many rows.
func (w *world) few(most int) {
	w.t.Helper()
	for _, n := range w.sorted() {
		if got := n.rows(); got > most {
			w.t.Fatalf("seed %d: node %d keeps something of %d units, want at most %d", w.seed, n.id, got, most)
		}
		if r := &n.agent.rumor; len(w.nodes) == 1 && r.news.len()+r.beats.len() > most {
			w.t.Fatalf("seed %d: node %d wants to tell of %d units, and there is nobody", w.seed, n.id, r.news.len()+r.beats.len())
		}
	}
}

// What comes late is refused for as long as anything may: so long a unit out of service has a row,
// which ends then. Who has none is not the one to pass it on.
func TestLateNewsOfAUnitOutOfService(t *testing.T) {
	c := newCrowd(t, 3, 1)
	c.quiet()
	row := c.rows[0]
	row.Owner = 2
	gone := UnitRow{Unit: row.Unit, Epoch: RetireEpoch(row.Epoch, false)}
	lease := int(c.agent.cfg.LeaseTTL / c.agent.cfg.Round)
	for again := range 2 {
		c.hear(gone)
		if l := c.agent.rumor.news.len() + c.agent.rumor.beats.len(); l > 0 {
			t.Fatalf("%d: passes on %d rows that end nothing", again, l)
		}
		for round := range 3 * lease {
			if round < lease {
				if c.hear(row); c.agent.units[c.agent.unit(row.Unit)] != gone {
					t.Fatalf("%d: round %d: what is old is believed: %+v", again, round, c.agent.units)
				}
			}
			c.step(&Event{Kind: Tick})
		}
		if len(c.agent.units)+len(c.agent.place) > 0 {
			t.Fatalf("%d: not forgotten: %+v", again, c.agent.units)
		}
	}
}
