// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// TestSharedForgets plays retransmissions that need the soft bits of earlier
// ones: within a minute they are there, later a UE counts as gone.
func TestSharedForgets(t *testing.T) {
	rec, err := sigmf.Open(filepath.Join(testvec.Shared(t), "iq", "harq-tdla.sigmf-meta"))
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	soon, late := passesWith(t, rec, 30*time.Second), passesWith(t, rec, 2*time.Minute)
	if soon != 12 || late >= soon-4 {
		t.Errorf("%d passes with 30 s between slots, want 12; %d with two minutes, want far fewer", soon, late)
	}
}

// passesWith counts the CRC passes of a recording if that much time goes by
// from slot to slot on the clock of the runtime.
func passesWith(t *testing.T, rec *sigmf.Recording, pause time.Duration) int {
	t.Helper()
	cfg := block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}
	chain, err := uplink.New(uplink.Config{Config: cfg, Receiver: "lmmse"})
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	var now, passed atomic.Int64
	rt, err := chain.Open(func(_ sfaas.Header, tb *block.TransportBlock) {
		if tb.CRC {
			passed.Add(1)
		}
	}, sfaas.WithMode(sfaas.Replay), sfaas.WithClock(func() sfaas.Time { return sfaas.Time(now.Load()) }))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	key := block.CellKey(rec.Carrier.CellID)
	for _, slot := range rec.Slots() {
		err := chain.Grants.Push(rt, key, sfaas.Slot(slot.Slot), func(s *nr.Schedule) error {
			s.Set(slot.Slot)
			for _, x := range slot.Transmissions {
				s.Set(slot.Slot, append(s.Grants, x.Grant)...)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := chain.Slots.Push(rt, key, sfaas.Slot(slot.Slot), func(b *nr.Baseband) error { return rec.ReadSlot(b, &slot) }); err != nil {
			t.Fatal(err)
		}
		if err := rt.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
		now.Add(int64(pause))
	}
	return int(passed.Load())
}
