// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// newScheduling returns a chain with a scheduler of its own, which the host or the receiver tells
// what becomes of grants.
func newScheduling(t *testing.T, host bool) *Chain {
	t.Helper()
	carrier := nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}
	c, err := New(Config{
		Config: block.Config{Carrier: carrier, NumRx: 2}, Receiver: "ls", FeedbackByHost: host,
		Scheduler: mac.Config{Carrier: carrier, Scheduler: mac.RoundRobin{}, MaxUEs: 4, K2: 2, FeedbackSlots: 4},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEdgesBack knows the edge of the ticks among those to the scheduler: a tick that is refused
// is pushed again, and feedback that is refused is not taken for a tick, nor for the fate of a
// grant.
func TestEdgesBack(t *testing.T) {
	for _, host := range []bool{false, true} {
		c := newScheduling(t, host)
		tick, back := c.edgesBack()
		for _, e := range c.App.Edges() {
			if ticks := e.From == "ticks"; ticks != (int(e.ID) == tick) {
				t.Errorf("the ticks come on edge %d, and not on %+v", tick, e)
			}
			want := e.To == "ran/schedule" || e.To == "ran/report" || e.To == "ran/collect"
			if back[e.ID] != want {
				t.Errorf("edge %+v: got %v", e, back[e.ID])
			}
		}
		missed, outcomes := 0, 0
		r := &Receiver{chain: c, tick: tick, back: back, cfg: ReceiverConfig{OnMissed: func(sfaas.Key, nr.Slot, *sfaas.Notice) { missed++ }}}
		r.ledger = newLedger(1, nil)
		for _, e := range c.App.Edges() {
			n := sfaas.Notice{Kind: sfaas.NoticeStale}
			n.Header.Edge = e.ID
			if r.notice(n); !back[e.ID] {
				outcomes++
			}
		}
		if missed != 1 || outcomes == 0 {
			t.Errorf("%d ticks missed", missed)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
