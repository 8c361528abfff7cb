// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// TestUnknownInitial schedules a retransmission with a reserved MCS of a block that
// the chain never saw, beside a UE on the same PRBs: its outcome is unsupported, and
// all others pass.
func TestUnknownInitial(t *testing.T) {
	f := openFrame(t)
	c := f.chain(t)
	const stranger = 29 // a HARQ process that the frame does not use
	changed := false
	for i := range f.schedules {
		if g := f.schedules[i].Grants; !changed && len(g) > 1 && g[1].SharesPRBs(&g[0]) {
			g[1].MCSIndex, g[1].NewData, g[1].HARQProcess = 30, false, stranger
			changed = true
		}
	}
	if !changed {
		t.Fatal("no two UEs share PRBs")
	}
	var unsupported, failed atomic.Int64
	done := make(chan struct{}, 64)
	rt, err := c.Open(func(_ sfaas.Header, tb *block.TransportBlock) {
		switch o := tb.Outcome(); {
		case tb.HARQ == stranger && o == nr.OutcomeUnsupported && tb.NumBits == 0:
			unsupported.Add(1)
		case o != nr.OutcomePassed:
			failed.Add(1)
		}
		done <- struct{}{}
	}, sfaas.WithMode(sfaas.Replay), sfaas.WithBudget(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	key := block.CellKey(f.cfg.Carrier.CellID)
	for i := range f.slots {
		n := sfaas.Slot(f.slots[i].Slot)
		err := c.Grants.Push(rt, key, n, func(s *nr.Schedule) error {
			s.Set(f.slots[i].Slot, f.schedules[i].Grants...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Slots.PushValue(rt, key, n, &f.slots[i]); err != nil {
			t.Fatal(err)
		}
		for range f.schedules[i].Grants {
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatalf("slot %d: an outcome is missing", n)
			}
		}
	}
	if unsupported.Load() != 1 || failed.Load() != 0 {
		t.Errorf("%d unsupported, %d others failed; want 1 and 0", unsupported.Load(), failed.Load())
	}
}
