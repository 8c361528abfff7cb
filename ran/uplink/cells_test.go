// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// together pushes the slots of several cells, side by side, into one runtime, and
// returns what came out of each.
func together(t *testing.T, c *uplink.Chain, cells map[sfaas.Key]*frame) map[sfaas.Key]map[id]received {
	t.Helper()
	var mu sync.Mutex
	got := map[sfaas.Key]map[id]received{}
	for key := range cells {
		got[key] = map[id]received{}
	}
	rt, err := c.Open(func(h sfaas.Header, tb *block.TransportBlock) {
		mu.Lock()
		defer mu.Unlock()
		got[h.Key.Root()][id{tb.Slot, tb.RNTI, tb.HARQ}] = receivedOf(&tb.TransportBlock)
	}, sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(3), sfaas.WithSourceLimit(1<<20))
	check(t, err)
	defer rt.Close()
	for n := range sfaas.Slot(1 << 10) {
		for key, f := range cells {
			if int(n) < len(f.slots) {
				check(t, c.Grants.PushValue(rt, key, n, &f.schedules[n]))
				check(t, c.Slots.PushValue(rt, key, n, &f.slots[n]))
			}
		}
	}
	check(t, rt.Drain(context.Background()))
	return got
}

// TestTwoCellsOneApp serves two cells of other identities, with UEs and processes of
// the same numbers, with one app: each gets what it gets alone. The identities are in
// the grants: with those of the other cell nothing passes.
func TestTwoCellsOneApp(t *testing.T) {
	a, b := fadingFrame(t, 40, 5), fadingFrame(t, 40, 700)
	c := a.chain(t, uplink.Config{Tracking: track.DefaultConfig()})
	keyA, keyB := block.CellKey(a.cfg.Carrier.CellID), block.CellKey(b.cfg.Carrier.CellID)
	got := together(t, c, map[sfaas.Key]*frame{keyA: a, keyB: b})
	for key, f := range map[sfaas.Key]*frame{keyA: a, keyB: b} {
		want := f.flood(t, f.chain(t, uplink.Config{Tracking: track.DefaultConfig()}), 0)
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%v (-want +got):\n%s", key, diff)
		}
		if passed(want) < len(want)*3/4 {
			t.Errorf("%v: %d of %d pass", key, passed(want), len(want))
		}
	}
	a.schedules, b.schedules = b.schedules, a.schedules
	for key, x := range together(t, c, map[sfaas.Key]*frame{keyA: a, keyB: b}) {
		if n := passed(x); n > 0 {
			t.Errorf("%v: %d blocks pass with the grants of the other cell", key, n)
		}
	}
}

func passed(x map[id]received) (n int) {
	for _, r := range x {
		if r.CRC {
			n++
		}
	}
	return n
}

// TestChainOfAnyCell makes chains with other identities, or none: they are one app,
// whose runtimes may be linked, and each plays the recording of any cell.
func TestChainOfAnyCell(t *testing.T) {
	f := openFrame(t)
	want := f.play(t, f.chain(t)).Passed()
	other := *f
	other.cfg.Carrier.CellID = 1007
	c, d := other.chain(t), f.chain(t)
	report, err := c.Play(context.Background(), f.rec, uplink.PlayConfig{Logger: slog.New(slog.DiscardHandler)})
	if err != nil || report.Passed() != want || want == 0 {
		t.Errorf("%v, %v; want %d", report, err, want)
	}
	if c.App.Digest() != d.App.Digest() {
		t.Error("the digest of an app depends on the identity of a cell")
	}
	other.cfg.Carrier.NumPRB--
	if err := other.chain(t).Check(f.rec); err == nil {
		t.Error("a recording of a carrier of another form is accepted")
	}
}

// TestOneOfTwoCellsMoves moves one cell to another node while both are received:
// nothing of either is lost or differs.
func TestOneOfTwoCellsMoves(t *testing.T) {
	frames := []*frame{fadingFrame(t, 40, 5), fadingFrame(t, 40, 700)}
	c := frames[0].chain(t)
	type inCell struct {
		cell sfaas.Key
		id
	}
	run := func(move bool) (map[inCell]received, int) {
		got, moves := map[inCell]received{}, 0
		w, err := sim.New(c.App, sim.Config{Seed: 1, Nodes: 2, Cores: 2}, sfaas.WithMode(sfaas.Replay), sfaas.WithNotices(func(sfaas.Notice) {}),
			sfaas.WithOutput(c.Out, func(h sfaas.Header, tb *block.TransportBlock) {
				got[inCell{h.Key.Root(), id{tb.Slot, tb.RNTI, tb.HARQ}}] = receivedOf(&tb.TransportBlock)
			}))
		check(t, err)
		defer w.Close()
		for n := range nr.Slot(160) {
			w.At(sfaas.Time(time.Duration(n)*500*time.Microsecond), func() {
				for _, f := range frames {
					slot, schedule := f.slots[n%40], f.schedules[n%40]
					slot.Slot = n
					schedule.Set(n, schedule.Grants...)
					key := block.CellKey(f.cfg.Carrier.CellID)
					check(t, c.Grants.PushValue(w.Node(0), key, sfaas.Slot(n), &schedule))
					check(t, c.Slots.PushValue(w.Node(0), key, sfaas.Slot(n), &slot))
				}
			})
		}
		if move {
			u, err := c.App.Unit("phy/extract", block.CellKey(frames[1].cfg.Carrier.CellID))
			check(t, err)
			w.At(sfaas.Time(3*time.Millisecond), func() {
				w.MoveUnit(w.Node(0), w.Node(1), u, sfaas.MoveConfig{Mode: sfaas.Fed}, func(err error) { check(t, err); moves++ })
			})
		}
		w.Run()
		return got, moves
	}
	want, _ := run(false)
	got, moves := run(true)
	if diff := cmp.Diff(want, got); diff != "" || moves != 1 || len(want) == 0 {
		t.Errorf("%d moves (-want +got):\n%s", moves, diff)
	}
}
