// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// moving sends the frame in a loop through two nodes, between which the cell moves all
// the time, and returns what came out.
func moving(t *testing.T, f *frame, frames int, mode *sfaas.MoveConfig) (got outcome, moves int, w *sim.World) {
	t.Helper()
	return movingChain(t, f, f.chain(t, uplink.Config{Receiver: "ls"}), frames, mode, bitsOf)
}

// movingChain is moving with any chain, and with what is noted of a block.
func movingChain(t *testing.T, f *frame, c *uplink.Chain, frames int, mode *sfaas.MoveConfig, note func(*block.TransportBlock) [sha256.Size]byte) (got outcome, moves int, w *sim.World) {
	t.Helper()
	return movingEvery(t, f, c, frames, mode, time.Millisecond, note)
}

// movingEvery is movingChain with a time between the end of a move and the next one.
func movingEvery(t *testing.T, f *frame, c *uplink.Chain, frames int, mode *sfaas.MoveConfig, pause time.Duration, note func(*block.TransportBlock) [sha256.Size]byte) (got outcome, moves int, w *sim.World) {
	t.Helper()
	got = outcome{}
	w, err := sim.New(c.App, sim.Config{Seed: 1, Nodes: 2, Cores: 2}, sfaas.WithMode(sfaas.Replay), sfaas.WithNotices(func(sfaas.Notice) {}),
		sfaas.WithOutput(c.Out, func(_ sfaas.Header, tb *block.TransportBlock) {
			k := id{tb.Slot, tb.RNTI, tb.HARQ}
			if _, twice := got[k]; twice {
				t.Errorf("%+v came out twice", k)
			}
			got[k] = note(tb)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	key := block.CellKey(f.cfg.Carrier.CellID)
	period := len(f.slots)
	end := sfaas.Time(time.Duration(frames*period) * 500 * time.Microsecond)
	for n := range frames * period {
		w.At(sfaas.Time(time.Duration(n)*500*time.Microsecond), func() {
			slot, schedule := f.slots[n%period], f.schedules[n%period]
			slot.Slot = nr.Slot(n)
			schedule.Set(nr.Slot(n), schedule.Grants...)
			if err := c.Grants.PushValue(w.Node(0), key, sfaas.Slot(n), &schedule); err != nil {
				t.Error(err)
			}
			if err := c.Slots.PushValue(w.Node(0), key, sfaas.Slot(n), &slot); err != nil {
				t.Error(err)
			}
		})
	}
	if mode != nil {
		u, err := c.App.Unit("phy/extract", key)
		if err != nil {
			t.Fatal(err)
		}
		var next func(from, to int)
		next = func(from, to int) {
			if w.Now() > end {
				return
			}
			w.MoveUnit(w.Node(from), w.Node(to), u, *mode, func(err error) {
				if err != nil {
					t.Error(err)
					return
				}
				moves++
				w.At(w.Now().Add(pause), func() { next(to, from) })
			})
		}
		w.At(sfaas.Time(3*time.Millisecond), func() { next(0, 1) })
	}
	w.Run()
	return got, moves, w
}

// TestMovingCell moves a cell to and fro while its uplink is received; sources are
// pushed at one node, over edges without a promise. In mode Fed every block comes out
// once, with the bits that it has without moves. In the others what is pushed during a
// move may be lost, counted, and what comes out is never wrong. With NEURORAN_LONG there
// are some 200 moves in mode Fed.
func TestMovingCell(t *testing.T) {
	f := openFrame(t)
	f.cfg.HARQSlots = len(f.slots) // the transmissions of a block lie in one frame
	frames := 8
	if os.Getenv("NEURORAN_LONG") != "" {
		frames = 320
	}
	want, _, _ := moving(t, f, frames, nil)
	for _, x := range []struct {
		name string
		mode sfaas.MoveConfig
	}{
		{"fed", sfaas.MoveConfig{Mode: sfaas.Fed}},
		{"kept", sfaas.MoveConfig{Mode: sfaas.Kept}},
		{"soft", sfaas.MoveConfig{Mode: sfaas.Soft}},
	} {
		t.Run(x.name, func(t *testing.T) {
			got, moves, w := moving(t, f, frames, &x.mode)
			absent, failed := 0, 0
			for k, sum := range want {
				switch other, ok := got[k]; {
				case !ok:
					absent++
				case other == ([sha256.Size]byte{}) && sum != other:
					failed++
				case other != sum:
					t.Errorf("%+v has other bits", k)
				}
			}
			counted := w.Lost()
			for i := range 2 {
				for _, s := range w.Node(i).Stats() {
					counted += s.Dropped + s.Stale
				}
			}
			t.Logf("blocks=%d moves=%d absent=%d failed=%d counted=%d", len(want), moves, absent, failed, counted)
			if moves < 2 {
				t.Errorf("%d moves", moves)
			}
			if x.mode.Mode == sfaas.Fed && absent+failed > 0 {
				t.Errorf("%d blocks are lost, %d fail", absent, failed)
			}
			if absent > 0 && counted == 0 {
				t.Errorf("%d blocks are lost, and nothing is counted", absent)
			}
		})
	}
}

// bitsOf notes the bits of a block whose CRC holds.
func bitsOf(tb *block.TransportBlock) [sha256.Size]byte {
	if !tb.CRC {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(tb.TransportBlock.Data.Data())
}

// TestMovingHARQ moves a cell while blocks of four transmissions are received, each of
// which needs the soft bits of those before. In mode Fed every transmission has the
// outcome and the bits that it has without moves. In mode Soft a move costs at most the
// round that is under way: one block of one process. With NEURORAN_LONG there are some
// 200 moves in each mode.
func TestMovingHARQ(t *testing.T) {
	f := openSlots(t, filepath.Join(testvec.Shared(t), "iq", "harq-tdla.sigmf-meta"))
	const round = 4
	f.cfg.HARQSlots = round
	loops := 12
	if os.Getenv("NEURORAN_LONG") != "" {
		loops = 450
	}
	run := func(mode *sfaas.MoveConfig) (outcome, int) {
		got, moves, _ := movingEvery(t, f, f.chain(t, uplink.Config{Receiver: "ls"}), loops, mode, 9*time.Millisecond, bitsOf)
		return got, moves
	}
	want, _ := run(nil)
	passed := 0
	for _, sum := range want {
		if sum != ([sha256.Size]byte{}) {
			passed++
		}
	}
	for _, mode := range []sfaas.MoveMode{sfaas.Fed, sfaas.Soft} {
		got, moves := run(&sfaas.MoveConfig{Mode: mode})
		hurt := map[nr.Slot]bool{} // rounds, by their first slot
		for k, sum := range want {
			switch other, ok := got[k]; {
			case ok && other == sum:
			case ok && other != ([sha256.Size]byte{}) && sum != ([sha256.Size]byte{}):
				t.Errorf("mode %v: %+v has other bits", mode, k)
			default:
				hurt[k.Slot/round] = true
			}
		}
		t.Logf("mode=%v transmissions=%d passed=%d moves=%d rounds_hurt=%d", mode, len(want), passed, moves, len(hurt))
		switch {
		case moves < 3:
			t.Errorf("mode %v: %d moves", mode, moves)
		case mode == sfaas.Fed && len(hurt) > 0:
			t.Errorf("mode %v: %d rounds have another outcome", mode, len(hurt))
		case len(hurt) > moves:
			t.Errorf("mode %v: %d moves cost %d rounds", mode, moves, len(hurt))
		}
	}
}
