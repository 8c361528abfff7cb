// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// TestGrantsAhead sends grants well before the samples of their slots, as a scheduler
// does: every block passes, and with a budget per slot nothing counts as late. The
// second half is B3.
func TestGrantsAhead(t *testing.T) {
	for name, budget := range map[string]time.Duration{"no budget": 0, "budget": 100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			f := openFrame(t)
			c := f.chain(t, uplink.Config{Receiver: "ls"})
			var passed, late atomic.Int32
			rt, err := c.Open(func(_ sfaas.Header, tb *block.TransportBlock) {
				if tb.CRC {
					passed.Add(1)
				}
			}, sfaas.WithWorkers(1), sfaas.WithBudget(budget), sfaas.WithMode(sfaas.Replay), sfaas.WithLogger(slog.New(slog.DiscardHandler)),
				sfaas.WithNotices(func(n sfaas.Notice) {
					if n.Kind == sfaas.NoticeLate {
						late.Add(1)
					}
				}))
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			key := block.CellKey(f.cfg.Carrier.CellID)
			for i := range f.schedules {
				if err := c.Grants.PushValue(rt, key, sfaas.Slot(i), &f.schedules[i]); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * budget) // the grants are early by more than the budget
			for i := range f.slots {
				if err := c.Slots.PushValue(rt, key, sfaas.Slot(i), &f.slots[i]); err != nil {
					t.Fatal(err)
				}
				if err := rt.Drain(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if want := int32(len(f.rec.Transmissions)); passed.Load() != want || late.Load() != 0 {
				t.Errorf("%d of %d passed with grants for the whole frame ahead, %d stages count as late", passed.Load(), want, late.Load())
			}
		})
	}
}
