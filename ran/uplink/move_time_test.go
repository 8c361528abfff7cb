// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// lateSlots collects the slots of which something was late, skipped or dropped.
type lateSlots struct {
	mu  sync.Mutex
	all map[sfaas.Slot]bool
}

func (l *lateSlots) notice(n sfaas.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[n.Header.Slot] = true
}

// inTime pushes the frame in a loop at the pace of its slots into two linked runtimes,
// between which the cell moves unless mode is nil, and returns the share of slots of
// which something was late, skipped or dropped.
func inTime(t *testing.T, f *frame, slots int, mode *sfaas.MoveConfig) (share float64, moves int) {
	t.Helper()
	c := f.chain(t, uplink.Config{Receiver: "ls"})
	late := &lateSlots{all: map[sfaas.Slot]bool{}}
	length := f.cfg.Carrier.Numerology().SlotDuration()
	var all [2]*sfaas.Runtime
	timeline := sfaas.NewTimeline(length)
	timeline.Set(0, sfaas.Now().Add(20*time.Millisecond))
	for i := range all {
		rt, err := sfaas.NewRuntime(c.App, sfaas.WithNode(sfaas.NodeID(i+1)), sfaas.WithDefaultOwner(1), sfaas.WithMode(sfaas.RealTime),
			sfaas.WithTimeline(timeline), sfaas.WithBudget(2*length), sfaas.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
			sfaas.WithNotices(late.notice), sfaas.WithOutput(c.Out, func(sfaas.Header, *block.TransportBlock) {}))
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		all[i] = rt
	}
	if err := sfaas.Link(all[0], all[1]); err != nil {
		t.Fatal(err)
	}
	key := block.CellKey(f.cfg.Carrier.CellID)
	u, err := c.App.Unit("phy/extract", key)
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for at := 0; mode != nil; at = 1 - at {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			_, err := all[at].MoveUnit(ctx, u, all[1-at].Node(), *mode)
			cancel()
			if err != nil {
				return // the last one, of which no slot comes any more
			}
			moves++
		}
	}()
	errEnd := errors.New("all slots are pushed")
	err = sfaas.SlotClock{Timeline: timeline}.Run(context.Background(), func(n sfaas.Slot, _ time.Duration) error {
		if int(n) >= slots {
			return errEnd
		}
		period := sfaas.Slot(len(f.slots))
		slot, schedule := f.slots[n%period], f.schedules[n%period]
		slot.Slot = nr.Slot(n)
		schedule.Set(nr.Slot(n), schedule.Grants...)
		if err := errors.Join(c.Grants.PushValue(all[0], key, n, &schedule), c.Slots.PushValue(all[0], key, n, &slot)); err != nil {
			late.notice(sfaas.Notice{Header: sfaas.Header{Slot: n}})
		}
		return nil
	})
	if !errors.Is(err, errEnd) {
		t.Fatal(err)
	}
	close(stop)
	<-stopped
	late.mu.Lock()
	defer late.mu.Unlock()
	return float64(len(late.all)) / float64(slots), moves
}

// TestMovingInTime compares the share of late slots with and without moves, in real
// time on this machine; it is a measurement, and needs NEURORAN_LONG.
func TestMovingInTime(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") == "" {
		t.Skip("a measurement of seconds: set NEURORAN_LONG=1")
	}
	f := openFrame(t)
	f.cfg.HARQSlots = len(f.slots)
	const slots = 4000
	for range 2 { // in turns: the machine is shared
		share, _ := inTime(t, f, slots, nil)
		t.Logf("moves=0 slots=%d late=%.3f", slots, share)
		for _, mode := range []sfaas.MoveMode{sfaas.Fed, sfaas.Kept, sfaas.Soft} {
			share, moves := inTime(t, f, slots, &sfaas.MoveConfig{Mode: mode})
			t.Logf("mode=%v moves=%d slots=%d late=%.3f", mode, moves, slots, share)
			if moves == 0 {
				t.Errorf("mode %v: no move", mode)
			}
		}
	}
}
